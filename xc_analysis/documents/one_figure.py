"""One figure as needed: the notebook that draws it is run up to it, and only it is written."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
from pathlib import Path

from ..errors import InputError

FORMATS = ("png", "svg", "pdf")
SAVERS = ("save_both", "save_figure")


class _Drawn(Exception):
    """The figure asked for is written; the rest of the notebook is not needed."""


def known_figures(notebooks: Path) -> dict[str, Path]:
    """Stem of each figure that the notebooks save under a literal name, and its notebook."""
    found: dict[str, Path] = {}
    for path in sorted(notebooks.glob("*.ipynb")):
        for source in _code(path):
            with contextlib.suppress(SyntaxError):
                for node in ast.walk(ast.parse(source)):
                    if isinstance(node, ast.Call) and _called(node) in SAVERS:
                        for value in node.args:
                            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                                found.setdefault(value.value, path)
    return found


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _code(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


def one_figure(
    name: str, *, width: str = "double", lang: str = "zh", formats: str = "png", dpi: int = 300,
    out: Path | str = ".", data: Path | str | None = None, notebooks: Path | None = None,
) -> list[Path]:  # fmt: skip
    """Draw one figure in the size, language and formats asked for.

    Parameters
    ----------
    name : str
        How its name begins; of several the first.
    width : {"single", "double"}
        84 or 174 mm. On a single column, panels that stand side by side go one under the other.
    lang : {"zh", "en"}
    formats : str
        Comma-separated, of png, svg, pdf.
    dpi : int
        Of the png, 50 to 1200.
    out, data, notebooks : path, optional

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        For an unknown figure or format, or where it cannot be drawn or written.
    """
    from ..tables import data_dir

    kinds = [k.strip().lower() for k in formats.replace("，", ",").split(",") if k.strip()]
    wrong = [k for k in kinds if k not in FORMATS]
    if wrong or not kinds:
        raise InputError(f"--format {', '.join(wrong) or repr(formats)}: give some of png,svg,pdf")
    if not 50 <= dpi <= 1200:
        raise InputError(f"--dpi {dpi}: give 50 to 1200")
    notebooks = notebooks or Path(__file__).resolve().parents[2] / "notebooks"
    stems = known_figures(notebooks)
    stem = name if name in stems else next((s for s in sorted(stems) if s.startswith(name)), None)
    if stem is None:
        raise InputError(f"{name}: no such figure; there are {', '.join(sorted(stems)) or 'none'}")
    before = os.environ.get("XC_DATA")
    os.environ["XC_DATA"] = str(data_dir(data).resolve())
    try:
        return _run(stems[stem], stem, width, lang, kinds, dpi, Path(out))
    finally:
        if before is None:
            del os.environ["XC_DATA"]
        else:
            os.environ["XC_DATA"] = before


def _run(path, stem, width, lang, kinds, dpi, out) -> list[Path]:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    import xc_analysis as xc

    from .. import style

    written: list[Path] = []

    def save_both(draw, name, *, data, sources):
        if name != stem:
            return None
        with style.use_style(lang):
            fig = draw()
            written.extend(_save(fig, stem, data() if callable(data) else data, sources,
                                 lang, width, kinds, dpi, out))  # fmt: skip
        raise _Drawn

    def save_figure(fig, name, *, data, sources, folder=None):
        if name == stem:
            written.extend(_save(fig, stem, data, sources, lang, width, kinds, dpi, out))
            raise _Drawn
        return []

    kept = (xc.save_both, xc.save_figure, style.save_both, style.save_figure,
            style.figsize, plt.subplots)  # fmt: skip
    try:
        xc.save_both = style.save_both = save_both
        xc.save_figure = style.save_figure = save_figure
        if width == "single":
            plt.subplots, style.figsize = _stacked(kept[5]), _narrow(kept[4])
        space = {"__name__": "__main__", "display": lambda *a, **k: None}
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(_Drawn):
            for at, source in enumerate(_code(path), 1):
                try:
                    exec(compile(source, f"{path.name}, cell {at}", "exec"), space)
                except (_Drawn, InputError):
                    raise
                except Exception as error:
                    raise InputError(
                        f"{path.name}: code cell {at}: {type(error).__name__}: {error}; run xc"
                        " build to see it whole"
                    ) from error
    finally:
        (xc.save_both, xc.save_figure, style.save_both, style.save_figure,
         style.figsize, plt.subplots) = kept  # fmt: skip
        plt.close("all")
    if not written:
        raise InputError(f"{stem}: {path.name} does not draw it with these tables; see xc build")
    return written


def _narrow(figsize):
    def sized(width="double", height=80.0):
        return figsize("single", height)

    return sized


def _stacked(subplots):
    """``plt.subplots`` whose columns stand under one another, for a single column of print."""
    import numpy as np

    def stacked(nrows=1, ncols=1, *, figsize=None, squeeze=True, **more):
        if ncols == 1:
            return subplots(nrows, ncols, figsize=figsize, squeeze=squeeze, **more)
        more.pop("width_ratios", None)
        more.pop("height_ratios", None)
        count = nrows * ncols
        wide, high = figsize or (3.3, 3.0)
        fig, axes = subplots(
            count, 1, figsize=(wide, max(high, 1.55 * count)), squeeze=False, **more
        )
        grid = axes.reshape(nrows, ncols)
        return fig, (np.squeeze(grid) if squeeze else grid)

    return stacked


def _save(fig, stem, data, sources, lang, width, kinds, dpi, out) -> list[Path]:
    import matplotlib as mpl

    from .. import style
    from .papers import write_file

    text = "\n".join(
        filter(None, (style.evidence_key(style.table_of(data)), style.source_line(sources)))
    )
    if text and not any(t.get_gid() == "xc-footer" for t in fig.texts):
        style.footer(fig, text)
    fig.draw_without_rendering()
    unsigned = {
        "png": {"Software": None},
        "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    paths = []
    with mpl.rc_context(
        {"svg.hashsalt": "xc_analysis", "svg.fonttype": "path", "pdf.fonttype": 42}
    ):
        for kind in kinds:
            buffer = io.BytesIO()
            fig.savefig(buffer, format=kind, dpi=dpi, metadata=unsigned[kind])
            path = out / f"{stem}_{width}_{lang}.{kind}"
            try:
                write_file(path, buffer.getvalue())
            except OSError as error:
                raise InputError(
                    f"{out}: cannot write here ({error.strerror}); choose another with --out"
                ) from None
            paths.append(path)
    return paths
