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

from .errors import InputError

# notebook Markdown as JupyterLab reads it; raw attributes carry the blocks made here
MARKDOWN = "commonmark_x-smart-emoji-subscript-superscript-fancy_lists-yaml_metadata_block"
CHINESE = re.compile(r"[\u3400-\u9fff]")
SHOWN_SOURCES = 4  # in a caption; a longer list folds
WORDS = {
    "zh": ("zh-CN", "{}生态环境规划：证据与核算", "目录", "代码", "数据", "来源", "放大", "图"),
    "en": (
        "en",
        "{}: the evidence behind the environment plan",
        "Contents",
        "Code",
        "data",
        "Source",
        "enlarge",
        "figure",
    ),
}
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
        Language of figures and frame. The notebooks' prose is in both.
    summary : Summary, optional
        As `summary.summary` gives it, for the head of the page.
    withheld : str
        Whom the page is for and what it leaves out.

    Returns
    -------
    str
        A page that loads nothing: pictures, data and style are in it, and no outside address.
    """
    locale, title, contents, *_ = WORDS[lang]
    title = title.format(_district(data, lang)).lstrip(": ")
    titles = _source_titles(data, lang)
    names = _indicators(data)
    chapters = [_chapter(path, figures, titles, names, lang) for path in executed]
    chapters.append(_cited(chapters, data, lang))
    variables = {"lang": locale, "contents": contents, "pagetitle": title}
    told = f'<p class="subtitle">{escape(withheld)}</p>' if withheld else ""
    front = told + _front(data, lang) + _summary(summary, lang)
    page = _pandoc("\n\n".join(chapters), front, variables)
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
    head = "".join(f"<th>{h}</th>" for h in heads[1:])
    lines = []
    for row in shown:
        cells = [row["source_id"], *("" if row[c] != row[c] else str(row[c]) for c in columns)]
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        lines.append(f'<tr id="source-{escape(row["source_id"])}">{cells}</tr>')
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f"# {heads[0]}\n\n" + _raw(f'<div class="table" tabindex="0">{table}</div>')


def _chapter(path: Path, figures: Path, titles: dict[str, str], register, lang: str) -> str:
    """One notebook as Markdown: prose, folded code, figures with captions, tables."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts: list[str] = []
    headings: list[str] = []
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            headings += re.findall(r"^#+ +(.+?) *#*$", source, re.MULTILINE)
            parts.append(source)
        elif cell["cell_type"] == "code":
            summary = f"<details><summary>{WORDS[lang][3]}</summary>"
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


def one_language(title: str, lang: str) -> str:
    """The part of a bilingual title that is in one language."""
    parts = [part.strip() for part in re.split(r"\s+[·/]\s+", title)]
    ours = [part for part in parts if bool(CHINESE.search(part)) == (lang == "zh")]
    return " · ".join(ours or parts)


def _figure(stem, folder: Path, headings, titles: dict[str, str], register, lang: str) -> str:
    """A figure that enlarges on a tap, its caption, sources and data."""
    *_, data_word, source_word, enlarge, figure_word = WORDS[lang]
    told = headings or [stem]
    title, place = (one_language(_plain(heading), lang) for heading in (told[0], told[-1]))
    heading = escape(title if title.startswith(place) else f"{title} — {place}")
    table = (folder / f"{stem}.csv").read_bytes()
    rows = csv.DictReader(table.decode("utf-8").splitlines())
    ids = {i for row in rows for i in (row.get("source_id") or "").split(";") if i}
    joint, stop, colon = ("；", "。", "：") if lang == "zh" else ("; ", ". ", ": ")
    names = [
        f'<a href="#source-{escape(i)}">{escape(titles[i])}</a>' if i in titles else escape(i)
        for i in sorted(i.strip() for i in ids)
    ]
    shows = _alt(folder / f"{stem}.csv", register, lang)
    origin = f"{source_word}{colon}{joint.join(names)}{stop}" if names else ""
    if len(names) > SHOWN_SOURCES:
        summary = f"{source_word} ({len(names)})"
        origin = f"<details><summary>{summary}</summary>{joint.join(names)}</details>"
    encoded = base64.b64encode(table).decode("ascii")
    link = f'<a download="{stem}.csv" href="data:text/csv;base64,{encoded}">{data_word} (csv)</a>'
    picture = base64.b64encode((folder / f"{stem}.png").read_bytes()).decode("ascii")
    return (
        f'<figure id="{stem}"><label><input type="checkbox" aria-label="{enlarge}: {heading}">'
        f'<img alt="{figure_word}: {heading}{stop}{shows}" src="data:image/png;base64,{picture}"></label>'
        f"<figcaption>{heading}{stop}{link} {origin}</figcaption></figure>"
    )


def _alt(path: Path, register, lang: str) -> str:
    """What the figure shows, in words written from its table."""
    from .documents.illustrations import described, read_table

    return "" if register is None else escape(described(read_table(path), register, lang))


def _plain(markdown: str) -> str:
    return re.sub(r"[*_`]|\[([^]]*)\]\([^)]*\)", r"\1", markdown)


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
    kept = re.sub(r"<td>\s*(?:NaN|NaT|None|&lt;NA&gt;)\s*</td>", '<td class="missing">—</td>', kept)
    kept = re.sub(r"<td>(?=[^<]{24})", '<td class="text">', kept)
    return re.sub(r"<td>(?=\s*[-−+]?[\d.,]+ ?%?\s*</td>)", '<td class="number">', kept)


def _source_titles(data: Path, lang: str) -> dict[str, str]:
    from . import tables

    sources = tables.load("sources", data=data)
    title = sources["title"]
    if lang == "en" and "title_en" in sources:
        title = sources["title_en"].fillna(title)
    return dict(zip(sources["source_id"], title, strict=True))


def _district(data: Path, lang: str) -> str:
    from .packs.places import home

    try:
        place = home(data)
    except InputError:  # a folder that is still being filled has a report too
        return ""
    return place.scope if lang == "zh" else place.scope_en


def _front(data: Path, lang: str) -> str:
    """What is known of the district, in a few lines, from the tables."""
    try:
        facts = [*_known(data, lang), *_judged(data, lang)]
    except InputError as error:
        facts = [str(error)]
    heading = {"zh": "已知什么", "en": "What is known"}[lang]
    items = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    return f'<h2 id="known">{heading}</h2><ul>{items}</ul>'


def _known(data: Path, lang: str) -> list[str]:
    from . import evidence, tables
    from .packs import places

    place = places.home(data)
    cells = evidence.coverage(scope=place.scope, data=data)
    register = tables.load("indicators", data=data).set_index("indicator")
    listed = register[register["plan_row"].notna()].sort_values("plan_row")
    names = listed["name_zh" if lang == "zh" else "name_en"]
    yearly = cells.isin(["printed", "derived", "computed", "estimated", "bound"]).sum(axis=1)
    counts = yearly.reindex(listed.index, fill_value=0)
    without, once = names[counts == 0], names[counts == 1]
    kinds = cells.stack().value_counts()
    told = {
        "zh": {"printed": "公布", "derived": "由公布值推算", "computed": "按逐时记录计算",
               "computed (partial)": "按不完整年份计算", "estimated": "估计", "bound": "仅知范围",
               "several years": "多年合计", "part-year": "仅部分月份"},
        "en": {"computed": "computed from hourly records"},
    }[lang]  # fmt: skip
    sums = [f"{told.get(kind, kind)} {n}" for kind, n in kinds.items() if kind]
    span = f"{cells.columns.min()}–{cells.columns.max()}"
    if lang == "zh":
        facts = [
            f"{place.scope}，{span} 年，共 {len(cells)} 项指标；指标—年份格：{'，'.join(sums)}。其余为空，不作插补。",
            f"规划表 2 的 {len(names)} 项指标中，{len(names) - len(without)} 项至少有一个年度数值或范围。",
        ]
        ends = ("只有一个年度数值：", "没有任何年度数值：", "、", "。")
    else:
        facts = [
            f"{place.scope_en}, {span}: {len(cells)} indicators; indicator-years: {', '.join(sums)}."
            " The rest is empty and nothing is interpolated.",
            f"Of the {len(names)} indicators of the plan's Table 2, {len(names) - len(without)}"
            " have a value or a bound for at least one whole year.",
        ]
        ends = ("A single year only: ", "No year at all: ", "; ", ".")
    for title, which in zip(ends[:2], (once, without), strict=True):
        if len(which):
            facts.append(title + ends[2].join(which) + ends[3])
    return facts


def _judged(data: Path, lang: str) -> list[str]:
    from .statements import statements

    found = statements(data)
    if found.empty:
        return []
    counts = found["verdict_zh" if lang == "zh" else "verdict"].value_counts()
    if lang == "zh":
        parts = "，".join(f"{verdict} {n}" for verdict, n in counts.items())
        return [f"规划正文与图表中的 {len(found)} 个数字逐一复核：{parts}。"]
    parts = ", ".join(f"{verdict} {n}" for verdict, n in counts.items())
    return [f"{len(found)} numbers that the plan prints, each checked: {parts}."]


def _languages(blocks: list) -> None:
    """Set each line of a paragraph in a span of its language, one under the other."""
    for block in blocks:
        if block["t"] == "Para":
            lines: list[list] = [[]]
            for inline in block["c"]:
                if inline["t"] in ("SoftBreak", "LineBreak"):
                    lines.append([])
                else:
                    lines[-1].append(inline)
            block["c"] = [_span(line) for line in lines]
        elif block["t"] in ("Div", "BlockQuote"):
            _languages(block["c"][1] if block["t"] == "Div" else block["c"])


def _span(line: list) -> dict:
    text = _words(line)
    # a name in the other language does not make the line one of it
    chinese = 3 * len(CHINESE.findall(text)) >= len(re.findall(r"[A-Za-z]", text))
    lang = "zh" if chinese else "en"
    return {"t": "Span", "c": [["", [lang], [["lang", lang]]], line]}


def _words(node: object) -> str:
    if isinstance(node, dict):
        return node["c"] if node.get("t") == "Str" else _words(node.get("c"))
    return " ".join(map(_words, node)) if isinstance(node, list) else ""


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


def _pandoc(markdown: str, front: str, variables: dict[str, str]) -> str:
    import pypandoc

    blocks: list[str] = []  # megabytes of pictures that pandoc need not carry

    def aside(found: re.Match) -> str:
        blocks.append(found[2])
        return _raw(f"<!--block {len(blocks) - 1}-->")

    markdown = RAW_BLOCK.sub(aside, markdown)
    document = json.loads(pypandoc.convert_text(markdown, "json", format=MARKDOWN))
    _languages(document["blocks"])
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
