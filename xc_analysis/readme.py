"""Fills the generated parts of the READMEs: gallery, figure map, comparisons.

``python -m xc_analysis.readme`` rewrites what stands between ``<!-- name:begin -->`` and
``<!-- name:end -->``; a test fails when a README is not in step.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from .report import one_language

ROOT = Path(__file__).resolve().parents[1]
HEADINGS = {
    "zh": ("规划图表", "笔记本", "图", "数据表"),
    "en": ("Plan", "Notebook", "Figures", "Tables"),
}
LOADED = r"""\bload\(\s*["']([\w/]+)["']"""
# the tables behind a call; xc.load names its table itself
READS = {
    "series": ("observations", "air/annual"),
    "coverage": ("observations", "air/annual"),
    "statements": ("statements", "observations", "air/annual"),
    "scorecard": ("targets", "observations", "air/annual", "assumptions"),
    "sensitivity": ("targets", "observations", "air/annual", "assumptions"),
    "hindcast": ("observations", "air/annual", "assumptions"),
    "panel": ("targets", "observations", "air/annual", "assumptions"),
    "sources_of": ("sources",),
}


def language(name: str) -> str:
    """Language of a README by its file name."""
    return "zh" if "zh" in name else "en"


def render(text: str, lang: str) -> str:
    """The same README with its generated parts made anew.

    Parameters
    ----------
    text : str
        A README with pairs of markers.
    lang : {"zh", "en"}
        Language of figures and headings.

    Returns
    -------
    str
    """
    parts = {"gallery": _gallery, "map": _map, "print": _print, "measured": _measured}
    for name, make in parts.items():
        pattern = rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)"
        made = make(lang)
        text = re.sub(pattern, lambda m, made=made: m[1] + made + m[2], text, flags=re.DOTALL)
    return text


def _notebooks() -> list[tuple[Path, str, str]]:
    """Path, title and code of each notebook."""
    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title = "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        found.append((path, title, code))
    return found


def _stems(code: str) -> list[str]:
    """Figures that a notebook saves, in the order of its pages."""
    place = {}
    for path in (ROOT / "figures" / "en").glob("*.png"):
        found = re.search(rf"""["']{re.escape(path.stem)}["']""", code)
        if found:
            place[path.stem] = found.start()
    return sorted(place, key=place.get)


def _tables(code: str) -> list[str]:
    read = re.findall(LOADED, code)
    for call, tables in READS.items():
        if re.search(rf"\b{call}\(", code):
            read += tables
    # what the modules load that the notebook calls by name; drawing and style load nothing
    for home, names in re.findall(
        r"^from (xc_analysis[\w.]*) import ([^(\n]+|\([^)]+\))", code, re.M
    ):
        folder = ROOT / home.replace(".", "/")
        inside = [folder / f"{name}.py" for name in re.findall(r"\w+", names)]
        for source in [folder.with_suffix(".py"), *inside]:
            if source.is_file():
                read += re.findall(LOADED, source.read_text(encoding="utf-8"))
    return sorted(dict.fromkeys(read))


def _gallery(lang: str) -> str:
    lines = []
    for _, title, code in _notebooks():
        for stem in _stems(code)[:1]:
            picture = f"figures/{lang}/{stem}.png"
            lines.append(f'<a href="{picture}"><img src="{picture}" width="49%" '
                         f'alt="{one_language(title, lang)}"></a>\n')  # fmt: skip
    return "".join(lines)


def _map(lang: str) -> str:
    lines = ["| " + " | ".join(HEADINGS[lang]) + " |", "|---|---|---|---|"]
    for path, title, code in _notebooks():
        figures = ", ".join(f"[{s}](figures/{lang}/{s}.png)" for s in _stems(code))
        tables = ", ".join(f"[{t}](data/{t}.csv)" for t in _tables(code))
        notebook = f"[{path.stem}](notebooks/{path.name})"
        lines.append(f"| {one_language(title, lang)} | {notebook} | {figures} | {tables} |")
    return "\n".join(lines) + "\n"


def _print(lang: str) -> str:
    """Whole-year values that the plan prints or implies, beside the computed ones."""
    path = ROOT / "figures" / lang / "fig01_computed_vs_printed.csv"
    heads = {
        "zh": ("", "公布", "计算", "差", "单位"),
        "en": ("", "printed", "computed", "difference", "unit"),
    }
    lines = ["| " + " | ".join(heads[lang]) + " |", "|---|---|---|---|---|"]
    if path.is_file():
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            if row["months"] == "12" and row["source_id"] == "plan":
                difference = float(row["difference"])
                cells = (
                    row["printed"],
                    f"{float(row['computed']):.1f}",
                    f"{difference:+.1f}".replace("-0.0", "0.0").replace("+0.0", "0.0"),
                )
                lines.append(f"| {row[f'label_{lang}']} | {' | '.join(cells)} | {row['unit']} |")
    return "\n".join(lines) + "\n"


def _measured(lang: str) -> str:
    """The table of speeds, and where each benchmark's own result is."""
    table, links = "", []
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        heading = re.search(r"^# (.+)$", text, re.MULTILINE)
        if path.stem == "speed":
            found = re.search(r"^\|.*?(?=\n[^|]|\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
            table = f"{found[0].strip()}\n\n" if found else ""
        elif heading:
            title = one_language(heading[1], lang)
            links.append(f"[{title}](benchmarks/results/{path.name})")
    return f"{table}{' · '.join(links)}\n" if links else table


def main() -> None:
    """Rewrite both READMEs."""
    for name in ("README.md", "README.zh-CN.md"):
        path = ROOT / name
        path.write_text(render(path.read_text(encoding="utf-8"), language(name)), encoding="utf-8")


if __name__ == "__main__":
    main()
