"""Every notebook runs alone, without the archive, and draws what is committed."""

import asyncio
import os
from pathlib import Path

import pandas as pd
import pytest

from xc_analysis import running

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, tuple[object, Path]]:
    """All notebooks, two at a time, each in a kernel of its own; an error stands for a result."""
    turn = asyncio.Semaphore(min(2, os.cpu_count() or 1))

    async def one(path: Path) -> tuple[object, Path]:
        figures = tmp_path_factory.mktemp(path.stem)
        async with turn:
            try:
                return await running.execute(path, figures=figures, data=ROOT / "data"), figures
            except RuntimeError as error:
                return error, figures

    async def every() -> list:
        return await asyncio.gather(*(one(path) for path in NOTEBOOKS))

    results = asyncio.run(every())
    return {path.stem: result for path, result in zip(NOTEBOOKS, results, strict=True)}


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("name", [p.stem for p in NOTEBOOKS])
def test_runs_without_error_or_warning(runs, name):
    result, _ = runs[name]
    if isinstance(result, RuntimeError):
        pytest.fail(f"{name}: {result}", pytrace=False)
    assert running.warnings_of(result.cells) == ()
    shown = [o for c in result.cells if "figures" not in c.metadata for o in c.get("outputs", [])]
    assert not any("<Figure" in str(o.get("data")) for o in shown), "a figure that is not saved"


@pytest.mark.parametrize("name", [p.stem for p in NOTEBOOKS])
def test_committed_figures_show_what_the_notebook_computes(runs, name):
    _, drawn = runs[name]
    for path in sorted(drawn.rglob("*.csv")):
        committed = ROOT / "figures" / path.relative_to(drawn)
        assert committed.is_file(), f"figures/{path.relative_to(drawn)}: run make report"
        told = f"figures/{path.relative_to(drawn)} is of another run: make report"
        pd.testing.assert_frame_equal(
            pd.read_csv(committed), pd.read_csv(path), rtol=1e-6, obj=told
        )


def test_every_committed_figure_is_drawn_by_a_notebook(runs):
    drawn = {p.relative_to(folder) for _, folder in runs.values() for p in folder.rglob("*.*")}
    committed = {p.relative_to(ROOT / "figures") for p in (ROOT / "figures").rglob("*.*")}
    assert committed - drawn == set()
