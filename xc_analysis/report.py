"""One self-contained HTML page from what the notebooks produced."""

from __future__ import annotations

import base64
import csv
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from .documents.bilingual import CHINESE as CHINESE
from .documents.bilingual import one_language as one_language
from .documents.bilingual import set_languages
from .errors import InputError

# notebook Markdown as JupyterLab reads it; raw attributes carry the blocks made here
MARKDOWN = "commonmark_x-smart-emoji-subscript-superscript-fancy_lists-yaml_metadata_block"
SHOWN_SOURCES = 4  # in a caption; a longer list folds
WORDS = {
    "zh": {
        "locale": "zh-CN", "title": "{}生态环境规划：证据与核算", "contents": "目录", "code": "代码",
        "data": "数据", "source": "来源", "enlarge": "放大", "close": "关闭", "figure": "图",
        "both": "同时显示英文 Show English too",
    },
    "en": {
        "locale": "en", "title": "{}: the evidence behind the environment plan",
        "contents": "Contents", "code": "Code", "data": "data", "source": "Source",
        "enlarge": "enlarge", "close": "close", "figure": "figure",
        "both": "Show Chinese too 同时显示中文",
    },
}  # fmt: skip
TEMPLATE = """<!doctype html>
<html lang="$lang$">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$pagetitle$</title>
<style>
$css$
</style>
</head>
<body>
<input type="checkbox" id="both"><label for="both">$both$</label>
<main>
<header>
<h1>$pagetitle$</h1>
$front$
</header>
<nav aria-label="$contents$">
<strong>$contents$</strong>
$table-of-contents$
</nav>
$body$
</main>
</body>
</html>
"""


def html(
    executed: Sequence[Path], *, figures: Path, data: Path, lang: str = "zh", summary=None,
    withheld: str = "",
) -> str:  # fmt: skip
    """Assemble the report.

    Parameters
    ----------
    executed : sequence of Path
        Executed notebooks, in the order of their chapters.
    figures : Path
        Folder with ``zh/`` and ``en/``; the report shows those of ``lang``.
    data : Path
        Folder of tables: the names of sources and what is known come from it.
    lang : {"zh", "en"}
        Language of figures, frame and prose. The other half of bilingual prose is hidden until
        the box at the top is ticked.
    summary : Summary, optional
        As `summary.summary` gives it, for the head of the page.
    withheld : str
        Whom the page is for and what it leaves out.

    Returns
    -------
    str
        A page that loads nothing: pictures, data and style are in it, and no outside address.
    """
    from .documents.front import front
    from .documents.illustrations import places

    word = WORDS[lang]
    title = word["title"].format(_district(data, lang)).lstrip(": ")
    titles = _source_titles(data, lang)
    names = _indicators(data)
    names = None if names is None else (names, places(data, lang))
    chapters = [_chapter(path, figures, titles, names, lang) for path in executed]
    chapters.append(_cited(chapters, data, lang))
    variables = {"lang": word["locale"], "contents": word["contents"], "pagetitle": title}
    variables["both"] = word["both"]
    told = f'<p class="subtitle">{escape(withheld)}</p>' if withheld else ""
    head = told + front(data, lang) + _summary(summary, lang)
    page = _pandoc("\n\n".join(chapters), head, variables, lang)
    return re.sub(r"\bhttps?://", "", page)  # an address is told, never linked or loaded


def _summary(page, lang: str) -> str:
    """The generated summary: what is known, likely, cannot be judged."""
    if page is None:
        return ""
    heads = {
        "zh": ("摘要", "已知", "可能", "无法判断"),
        "en": ("Summary", "What is known", "What is likely", "What cannot be judged"),
    }[lang]
    parts = [f'<h2 id="summary">{heads[0]}</h2>']
    for head, lines in zip(heads[1:], (page.known, page.likely, page.cannot), strict=True):
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        parts.append(f"<h3>{head}</h3><ul>{items}</ul>")
    return "".join(parts)


def _indicators(data: Path):
    """The register of indicators by id; None where a folder has none yet."""
    from . import tables

    try:
        return tables.load("indicators", data=data).set_index("indicator")
    except InputError:
        return None


def _cited(chapters: list[str], data: Path, lang: str) -> str:
    """The rows of the sources that figures cite, where their captions lead."""
    from . import tables
    from .documents.citing import english_title

    ids = set(re.findall(r'href="#source-([^"]+)"', "\n".join(chapters)))
    rows = tables.load("sources", data=data)
    shown = [r for r in rows.to_dict("records") if r["source_id"] in ids]
    if not shown:
        return ""
    columns = ("title", "publisher", "document_no", "published", "reliability")
    heads = {
        "zh": ("所引来源", "编号", "题名", "发布者", "文号", "日期", "等级"),
        "en": ("Sources cited", "Id", "Title", "Publisher", "Number", "Date", "Grade"),
    }[lang]
    head = "".join(f'<th scope="col">{h}</th>' for h in heads[1:])
    lines = []
    for row in shown:
        if lang == "en":
            row = row | {"title": english_title(row)}
        cells = [row["source_id"], *("" if row[c] != row[c] else str(row[c]) for c in columns)]
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        lines.append(f'<tr id="source-{escape(row["source_id"])}">{cells}</tr>')
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f"# {heads[0]}\n\n" + _raw(f'<div class="table" tabindex="0">{table}</div>')


def _chapter(path: Path, figures: Path, titles: dict[str, str], register, lang: str) -> str:
    """One notebook as Markdown: prose, folded code, figures with captions, tables."""
    from .documents.illustrations import headings_of

    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts: list[str] = []
    headings: list[str] = []
    for cell in cells:
        source = "".join(cell["source"])
        headings += headings_of(cell)
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code":
            summary = f"<details><summary>{WORDS[lang]['code']}</summary>"
            parts.append(_raw(f"{summary}<pre><code>{escape(source)}</code></pre></details>"))
            stems = cell["metadata"].get("figures", [])
            for stem in stems:
                parts.append(_raw(_figure(stem, figures / lang, headings, titles, register, lang)))
            parts += [p for o in cell["outputs"] for p in _output(o, bool(stems))]
    return "\n\n".join(parts)


def _output(output: dict, drawn: bool) -> Iterator[str]:
    """What a cell showed; pictures and echoes of a cell whose figures were saved are left out."""
    if output["output_type"] == "stream":
        if output["name"] == "stdout" and not drawn:
            yield _raw(f"<pre>{escape(''.join(output['text']))}</pre>")
        return
    shown = {k: "".join(v) for k, v in output.get("data", {}).items() if isinstance(v, (str, list))}
    if "text/markdown" in shown:
        yield shown["text/markdown"]
    elif "text/html" in shown:
        yield _raw(f'<div class="table" tabindex="0">{plain_html(shown["text/html"])}</div>')
    elif drawn or any("widget" in kind for kind in output.get("data", {})):
        return
    elif "image/png" in shown:
        picture = re.sub(r"\s", "", shown["image/png"])
        yield _raw(f'<figure><img alt="" src="data:image/png;base64,{picture}"></figure>')
    elif "text/plain" in shown:
        yield _raw(f"<pre>{escape(shown['text/plain'])}</pre>")


def _figure(stem, folder: Path, headings, titles: dict[str, str], register, lang: str) -> str:
    """A figure that a button enlarges, its caption, sources and data.

    The frame is a popover: Escape, a click beside it and its own button close it, without a script.
    """
    from .documents.illustrations import title_of

    word = WORDS[lang]
    heading = escape(title_of(folder / f"{stem}.svg", headings or [stem], lang))
    table = (folder / f"{stem}.csv").read_bytes()
    rows = csv.DictReader(table.decode("utf-8").splitlines())
    ids = {i.strip() for row in rows for i in (row.get("source_id") or "").split(";")}
    joint, stop, colon = ("；", "。", "：") if lang == "zh" else ("; ", ". ", ": ")
    names = [
        f'<a href="#source-{escape(i)}">{escape(titles[i])}</a>' if i in titles else escape(i)
        for i in sorted(filter(None, ids))
    ]
    shows = _alt(folder / f"{stem}.csv", register, lang)
    origin = f"{word['source']}{colon}{joint.join(names)}{stop}" if names else ""
    if len(names) > SHOWN_SOURCES:
        summary = f"{word['source']} ({len(names)})"
        origin = f"<details><summary>{summary}</summary>{joint.join(names)}</details>"
    encoded = base64.b64encode(table).decode("ascii")
    link = (
        f'<a download="{stem}.csv" href="data:text/csv;base64,{encoded}">{word["data"]} (csv)</a>'
    )
    picture = base64.b64encode((folder / f"{stem}.png").read_bytes()).decode("ascii")
    ends = "" if re.search(r"[。？！.?!]$", heading) else stop
    alt = (
        heading if re.match(r"图|表|Figure|Table", heading) else f"{word['figure']}{colon}{heading}"
    )
    to = f'popovertarget="zoom-{stem}"'
    return (
        f'<figure id="{stem}"><div class="zoom" id="zoom-{stem}" popover>'
        f'<img alt="{alt}{ends}{shows}" src="data:image/png;base64,{picture}">'
        f'<button class="enlarge" {to} aria-label="{word["enlarge"]}{colon}{heading}"></button>'
        f'<button class="close" {to} popovertargetaction="hide">{word["close"]} ×</button></div>'
        f"<figcaption>{heading}{ends}{link} {origin}</figcaption></figure>"
    )


def _alt(path: Path, register, lang: str) -> str:
    """What the figure shows, in words written from its table."""
    from .documents.illustrations import read_table
    from .documents.readings import described

    if register is None:
        return ""
    names, place = register
    return escape(described(read_table(path), names, lang, place))


RAW_BLOCK = re.compile(r"^(`{3,})\{=html\}\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)


def _raw(block: str) -> str:
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", block) or ["``"]))
    return f"{fence}{{=html}}\n{block}\n{fence}"


class _Plain(HTMLParser):
    """Keeps the structure of tables and text, drops styles, scripts, links and attributes."""

    KEPT = frozenset("table thead tbody tr th td caption b strong i em sub sup br ul ol li".split())
    MUTE = frozenset(("style", "script"))

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.muted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.muted += tag in self.MUTE
        if tag in self.KEPT:
            spans = [f' {k}="{int(v)}"' for k, v in attrs if k.endswith("span") and v.isdigit()]
            self.parts.append(f"<{tag}{''.join(spans)}>")

    def handle_endtag(self, tag: str) -> None:
        self.muted -= tag in self.MUTE
        if tag in self.KEPT and tag != "br":
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.muted:
            self.parts.append(escape(data))


def plain_html(fragment: str) -> str:
    """A table as pandas shows it, without its style; numbers, gaps and long texts are marked so."""
    parser = _Plain()
    parser.feed(fragment)
    parser.close()
    kept = "".join(parser.parts).strip()
    head, mark, body = kept.partition("</thead>")
    if mark:  # what a head names stands below it, elsewhere beside it
        kept = re.sub(r"<th(?=[ >])", '<th scope="col"', head) + mark + re.sub(
            r"<th(?=[ >])", '<th scope="row"', body)  # fmt: skip
    else:
        kept = re.sub(r"<th(?=[ >])", '<th scope="col"', kept)
    kept = re.sub(r"<td>\s*(?:NaN|NaT|None|&lt;NA&gt;)\s*</td>", '<td class="missing">—</td>', kept)
    kept = re.sub(r"<td>(?=[^<]{24})", '<td class="text">', kept)
    return re.sub(r"<td>(?=\s*[-−+]?[\d.,]+ ?%?\s*</td>)", '<td class="number">', kept)


def _source_titles(data: Path, lang: str) -> dict[str, str]:
    from . import tables
    from .documents.citing import english_title

    sources = tables.load("sources", data=data)
    if lang == "zh":
        return dict(zip(sources["source_id"], sources["title"], strict=True))
    return {row["source_id"]: english_title(row) for row in sources.to_dict("records")}


def _district(data: Path, lang: str) -> str:
    from .packs.places import home

    try:
        place = home(data)
    except InputError:  # a folder that is still being filled has a report too
        return ""
    return place.scope if lang == "zh" else place.scope_en


def _unlink(node: object) -> None:
    """Turn links that lead outside into their text, followed by the address as plain words."""
    for child in (
        node if isinstance(node, list) else node.values() if isinstance(node, dict) else ()
    ):
        if isinstance(child, dict) and child.get("t") == "Link":
            attributes, text, (url, _) = child["c"]
            if not url.startswith("#"):
                shown = json.dumps(text, ensure_ascii=False)
                bare = re.sub(r"^\w+://", "", url)
                extra = [] if bare in shown else [{"t": "Str", "c": f" ({bare})"}]
                child["t"], child["c"] = "Span", [attributes, [*text, *extra]]
        _unlink(child)


def _pandoc(markdown: str, front: str, variables: dict[str, str], lang: str) -> str:
    import pypandoc

    blocks: list[str] = []  # megabytes of pictures that pandoc need not carry

    def aside(found: re.Match) -> str:
        blocks.append(found[2])
        return _raw(f"<!--block {len(blocks) - 1}-->")

    markdown = RAW_BLOCK.sub(aside, markdown)
    document = json.loads(pypandoc.convert_text(markdown, "json", format=MARKDOWN))
    set_languages(document["blocks"], lang)
    _unlink(document["blocks"])
    css = (Path(__file__).parent / "documents" / "report.css").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="xc-") as folder:
        template = Path(folder) / "page.html"
        template.write_text(TEMPLATE, encoding="utf-8")
        values = {**variables, "css": css, "front": front}
        settings = Path(folder) / "values.json"
        settings.write_text(json.dumps({"variables": values}), encoding="utf-8")
        page = pypandoc.convert_text(
            json.dumps(document),
            "html5",
            format="json",
            extra_args=[
                "--standalone",
                "--embed-resources",
                "--mathml",
                "--toc",
                "--toc-depth=1",
                "--syntax-highlighting=none",
                f"--template={template}",
                f"--defaults={settings}",
            ],
        )
    return re.sub(r"<!--block (\d+)-->", lambda found: blocks[int(found[1])], page)
