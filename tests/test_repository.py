"""What may be committed, and what may not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
IGNORED = {".git", ".venv", "report", "scratch", "build", "dist", ".cache", "__pycache__"}
IGNORED |= {".ruff_cache", ".pytest_cache", ".hypothesis", ".ipynb_checkpoints"}
BINARY = {".png", ".xlsx", ".docx", ".gz", ".zip"}
NOTEBOOK_METADATA = {"kernelspec", "language_info", "xc"}


def listed() -> list[Path]:
    """What is or would be committed; without git, everything that is not a by-product."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if told.returncode == 0 and (ROOT / ".git").exists():
        names = (ROOT / name for name in told.stdout.split("\0") if name)
        return sorted({path for path in names if path.is_file()})
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and not IGNORED & set(path.relative_to(ROOT).parts)
        and not any(part.endswith(".egg-info") for part in path.parts)
    )


FILES = listed()
NOTEBOOKS = [path for path in FILES if path.suffix == ".ipynb"]
TEXTS = [path for path in FILES if path.suffix not in BINARY]


def named(paths) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def lines_with(pattern: str) -> list[str]:
    search = re.compile(pattern).search
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in TEXTS
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if search(line)
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_a_notebook_is_committed_without_outputs_or_traces_of_a_run(path):
    notebook = json.loads(path.read_text("utf-8"))
    assert notebook["metadata"].keys() <= NOTEBOOK_METADATA
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            assert cell["metadata"].keys() <= {"tags"}, "metadata that a run left behind"


def test_no_file_names_a_folder_of_someones_machine():
    places = "|".join(("work", "root", "farm", "home/[a-z]+", "Users/[A-Za-z]+"))
    assert lines_with(rf"(?:^|[^A-Za-z0-9.])/(?:{places})/") == []


def test_no_file_that_must_stay_out():
    unwanted = re.compile(
        r"(^|/)(uv\.lock|pylock\.toml|\.env|\.DS_Store)$|PRSA_Data_|beijing_(all|extra)_\d"
        r"|\.(zip|gz|parquet|duckdb|pyc|svg|pdf)$|(^|/)(report|scratch)/|\.ipynb_checkpoints"
    )
    assert [name for name in named(FILES) if unwanted.search(name)] == []
    assert named(path for path in FILES if path.stat().st_size > 8_000_000) == []


def test_text_is_utf8_with_unix_line_ends():
    def broken(path: Path) -> bool:
        content = path.read_bytes()
        return b"\r" in content or content.startswith(b"\xef\xbb\xbf")

    assert named(path for path in TEXTS if broken(path)) == []


def test_each_figure_has_a_picture_and_its_data_in_both_languages():
    figures = [path for path in FILES if path.is_relative_to(ROOT / "figures")]
    found = {(path.parent.name, path.stem, path.suffix) for path in figures}
    stems = {stem for _, stem, _ in found}
    kinds = (".png", ".csv")
    assert found == {(lang, stem, k) for lang in ("zh", "en") for stem in stems for k in kinds}


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "CHANGELOG.md"])
def test_links_of_a_text_lead_somewhere(name):
    text = (ROOT / name).read_text("utf-8")
    leads = re.findall(r"\]\((?!https?:|#)([^)]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    assert [lead for lead in leads if not (ROOT / lead.split("#")[0]).exists()] == []
    assert not re.search(r"\b(TODO|TBD|FIXME|XXX)\b|待补|lorem", text)


def test_citation_changelog_and_package_are_of_one_version():
    import xc_analysis

    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == project["version"] == xc_analysis.__version__
    assert cited["license"] == project["license"]
    assert cited["title"] and cited["message"] and cited["authors"]
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## {project['version']}" in log and "### Data corrections" in log


def test_hooks_run_the_locked_tools():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    lock = (ROOT / "requirements-test.lock.txt").read_text("utf-8")
    for repository in hooks:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            tool = hook["entry"].split()[2]
            assert f"\n{tool}==" in lock


def test_what_the_package_reads_beside_its_code_is_installed_with_it():
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    patterns = table["package-data"]["*"]
    beside = [
        path for path in FILES if path.is_relative_to(ROOT / "xc_analysis") and path.suffix != ".py"
    ]
    assert beside
    assert [p.name for p in beside if not any(p.match(pattern) for pattern in patterns)] == []


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("report", ["-m xc_analysis build"]),
        ("test", ["ruff check", "ruff format -q --check", "pytest -q -n 2"]),
        ("lab", ["jupyterlab notebooks/00_start_here.ipynb"]),
        ("data ARCHIVE=x", ['tools/air_tables.py "x"', "tools/deletions.py"]),
        ("docs", ["tools/docs.py"]),
    ],
)
def test_make_runs_what_it_says(target, wanted):
    if shutil.which("make") is None:
        pytest.skip("make is not here")
    command = ["make", "-n", *target.split()]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert [step for step in wanted if step not in told.stdout] == []
    for script in re.findall(r"\b(?:tools|notebooks)/[\w./]+", told.stdout):
        assert (ROOT / script).exists(), script
