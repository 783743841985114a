"""Word and HTML from one Markdown text: the template filled, then pandoc, then fields and links."""

import io
import json
import re
import subprocess
import zipfile
from html import escape
from pathlib import Path
from xml.etree import ElementTree as ET

from markupsafe import Markup

from .style import bracket, percent, subscripts
from .tables import data_dir, near, read_text
from .words import error, joined, tr, word

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = Path(__file__).parent
MARKDOWN = "markdown-smart-tex_math_dollars-citations-yaml_metadata_block"
DPI, MM, TWIPS = 300, 25.4, 1440
WIDTH, LANDSCAPE = 155, 247  # mm
SMALL = 8  # columns or rows from which a table is set small
MARGINS = {"left": 1418, "right": 1418, "top": 1077, "bottom": 907, "header": 567, "footer": 397}


def plain(value) -> Markup:
    """Escape a value so that Markdown shows it as it is, whatever it holds."""
    if isinstance(value, Markup):  # is Markdown
        return value
    return Markup(re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", str(value)))


class Text:
    """The report's Markdown, with what it numbers in the order in which it stands."""

    def __init__(self, told, folder: Path) -> None:
        import jinja2

        self.told, self.folder = told, folder
        self.tables: dict[str, dict] = {}
        self.figures: list[str] = []
        environment = jinja2.Environment(
            autoescape=True, finalize=plain, undefined=jinja2.StrictUndefined, trim_blocks=True
        )
        template = (PACKAGE / f"report_{told.lang}.md.j2").read_text(encoding="utf-8")
        written = read_notes(told.lang, re.findall(r'notes\("([^"]+)"\)', template))
        tools = {"table": self._table, "figure": self._figure, "cite": self._cite}
        tools |= {"notes": lambda section: Markup("\n\n".join(map(plain, written[section])))}
        tools["percent"] = percent
        text = environment.from_string(template).render(t=told, **tools)
        self.markdown = re.sub(r"@@(\w+)-(\w+)@@", lambda m: self._number(*m.groups()), text)

    def _table(self, name: str, caption: str, head: str, widths: str, rows) -> Markup:
        """Set a table with its caption; `head` and `widths` are set apart by bars."""
        heads, shares = head.split("|"), [int(w) for w in widths.split()]
        rows = [[str(cell) for cell in row] for row in rows]
        self.tables[name] = {"head": heads, "widths": shares, "rows": rows}
        lines = ["| " + " | ".join(map(plain, row)) + " |" for row in (heads, *rows)]
        lines.insert(1, "|" + "|".join("-" * w for w in shares) + "|")
        label = f": {self._number('tbl', name)}{tr('　', '. ')}{plain(caption)}"
        opening = f'::: {{#tbl-{name} .table tabindex="0"}}'
        return Markup("\n".join([opening, *lines, "", label, ":::", ""]))

    def _figure(self, name: str) -> Markup:
        """Place a figure at the width it was drawn at; its title is cut off and set as caption."""
        picture = self.told.picture(name)
        if picture is None:
            return Markup("")
        self.figures.append(name)
        path, told = self.folder / f"{name}.png", picture.text
        cut = picture.crop((0, int(told["TitleDepth"]), picture.width, picture.height))
        cut.save(path, dpi=(DPI, DPI))
        caption = f"{self._number('fig', name)}{tr('　', '. ')}{plain(told['Title'])}"
        alt = f"{told['Title']} {told.get('Note', '')}".strip()
        alt = alt.replace('"', "”").replace("\\", "")
        size = f"width={cut.width / DPI * MM:.1f}mm"
        return Markup(f'![{caption}]({path}){{#fig-{name} {size} alt="{alt}"}}\n')

    def _cite(self, *names: str) -> Markup:
        """Refer to tables and figures in brackets, but to none that is not there."""
        there = (n for n in names if n[:4] == "tbl-" or self.told.picture(n[4:]))
        links = joined(f"[@@{n}@@](#{n})" for n in there)
        return Markup(bracket("", links) if links else "")

    def _number(self, kind: str, name: str) -> str:
        if kind == "tbl":
            return word("report.table_number", n=list(self.tables).index(name) + 1)
        return word("report.figure_number", n=self.figures.index(name) + 1)


def read_notes(lang: str, sections: list[str]) -> dict[str, list[str]]:
    """Read the analyst's paragraphs by section; a section that is not there is refused."""
    path, section = data_dir() / f"report-notes-{lang}.md", ""
    notes: dict[str, list[str]] = {name: [] for name in sections}
    text = read_text(path)[0] if path.is_file() else ""
    for block in re.split(r"\n\s*\n", re.sub(r"(?m)^(#+ .*)$", r"\n\1\n", text)):
        told = " ".join(block.split())
        if told.startswith("#"):
            section = re.sub(r"^#+ *(?:（.{1,2}）|[一二三四五六七八九十\d.]+[、. ] *)?", "", told)
        if told and section not in sections:
            named = {"name": section or told[:30], "near": near(section, sections)}
            raise error("error.note_section", path=path.name, known=joined(sections), **named)
        if told and not told.startswith("#"):
            notes[section].append(told)
    return notes


def _pandoc(text: str, *options: str) -> str:
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "--columns=10", "-f", MARKDOWN, *options]
    made = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True)
    return made.stdout.decode()


def write_html(text: Text, path: Path) -> Path:
    """Write the report as one page that needs nothing else."""
    links = []
    for notebook in sorted((PACKAGE.resolve().parent / "notebooks").glob("[0-9]*.ipynb")):
        cell = json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"]
        both = "".join(cell).lstrip("# ").partition("\n")[0].split(" / ")  # Chinese / English
        title = tr(both[0], both[-1] if len(both) > 1 else notebook.stem).replace("\u3000", " ")
        link = f'<a href="notebooks/{notebook.stem}.html">{escape(subscripts(title))}</a>'
        links.append(f"<li>{link}</li>")
    told = {"language": tr("zh-CN", "en"), "contents": word("report.contents")}
    told |= {"more": word("report.notebooks"), "notebooks": "\n".join(links)}
    options = ["-t", "html5", "--wrap=none", "--shift-heading-level-by=1"]
    options += ["--toc", "--embed-resources", f"--template={PACKAGE / 'report_page.html'}"]
    options += ["-M", f"pagetitle={word('report.title')}"]
    options += [f"--variable={name}={value}" for name, value in told.items()]
    page = _pandoc(text.markdown, *options)
    page = re.sub(r'<div data-custom-style="Title">\s*<p>(.*?)</p>\s*</div>', r"<h1>\1</h1>", page)
    path.write_text(re.sub(r"<th(?=[ >])", '<th scope="col"', page), encoding="utf-8")
    return path


def write_word(text: Text, path: Path) -> Path:
    """Write the report as a Word file whose numbers and references are fields."""
    made = text.folder / "made.docx"
    reference = PACKAGE / f"report_{text.told.lang}.docx"
    _pandoc(text.markdown, "-t", "docx", f"--reference-doc={reference}", "-o", str(made))
    old, changed = zipfile.ZipFile(made), {}
    title, author = escape(word("report.title")), escape(word("report.author"))
    header = title + (f"　{word('report.internal')}" if text.told.internal else "")
    changed["word/header1.xml"] = old.read("word/header1.xml").replace(b"HEADER", header.encode())
    changed["word/document.xml"] = _finish(old.read("word/document.xml"), text)
    core = old.read("docProps/core.xml").decode()
    core = re.sub(r"<(dc:title|dc:creator)( ?/|>.*?</\1)>", "", core)
    day = rf"\g<1>{text.told.last_day}T00:00:00Z\g<2>"
    core = re.sub(r"(<dcterms:\w+[^>]*>)[^<]*(</)", day, core)
    told = f"<dc:title>{title}</dc:title><dc:creator>{author}</dc:creator>"
    told += f"<dc:language>{tr('zh-CN', 'en-GB')}</dc:language></cp:coreProperties>"
    changed["docProps/core.xml"] = core.replace("</cp:coreProperties>", told).encode()
    return repack(old, path, changed)


def repack(old: zipfile.ZipFile, path: Path, changed: dict[str, bytes]) -> Path:
    """Write an archive again with some parts changed; the same parts give the same bytes."""
    with old, zipfile.ZipFile(path, "w") as new:
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            part = changed.get(name) or old.read(name)
            stamp = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            new.writestr(stamp, part, zipfile.ZIP_DEFLATED)
    return path


def _w(name: str) -> str:
    return f"{{{W}}}{name}"


def _new(tag: str, *inner, **attributes) -> ET.Element:
    """Make an element of WordprocessingML from its children, or from a text."""
    element = ET.Element(_w(tag), {_w(k): str(v) for k, v in attributes.items()})
    if inner and isinstance(inner[0], str):
        element.text = inner[0]
        element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    else:
        element.extend(inner)
    return element


def _field(code: str, shown: str) -> list[ET.Element]:
    """Return a field as runs: begin, code, separator, the result until it is updated, end."""
    begin, separate, end = (_new("fldChar", fldCharType=t) for t in ("begin", "separate", "end"))
    inner = (begin, _new("instrText", f" {code} "), separate, _new("t", shown), end)
    return [_new("r", part) for part in inner]


def _style(paragraph: ET.Element) -> str:
    found = paragraph.find(f"{_w('pPr')}/{_w('pStyle')}")
    return "" if found is None else found.get(_w("val"))


def _words(element: ET.Element) -> str:
    return "".join(t.text or "" for t in element.iter(_w("t")))


def _finish(part: bytes, text: Text) -> bytes:
    """Put in what pandoc does not write: fields, widths of tables, sections, contents."""
    for _, (prefix, uri) in ET.iterparse(io.BytesIO(part), events=("start-ns",)):
        ET.register_namespace(prefix, uri)
    root = ET.fromstring(part)
    body, marks = root.find(_w("body")), iter(range(50000, 60000))
    names = {"fig": iter(text.figures), "tbl": iter(text.tables)}
    kinds = {"ImageCaption": ("fig", "Figure"), "TableCaption": ("tbl", "Table")}
    for p in list(body.iter(_w("p"))):
        if (style := _style(p)) in kinds:  # a caption: its number becomes a field under a bookmark
            kind, sequence = kinds[style]
            label, number, rest = re.fullmatch(r"(\D+)(\d+)(.*)", _words(p), re.DOTALL).groups()
            mark, field = next(marks), _field(f"SEQ {sequence} \\* ARABIC", number)
            start = _new("bookmarkStart", id=mark, name=f"_Ref_{kind}_{next(names[kind])}")
            p[1:] = [start, _new("r", _new("t", label)), *field, _new("bookmarkEnd", id=mark)]
            p.append(_new("r", _new("t", rest)))
        for link in p.findall(_w("hyperlink")):
            at, target = list(p).index(link), link.get(_w("anchor"), "").replace("-", "_", 1)
            p[at : at + 1] = _field(f"REF _Ref_{target} \\h", _words(link))
    for table, told in zip(list(body.iter(_w("tbl"))), text.tables.values(), strict=True):
        _set_table(table, told)
    for inline in root.iter():
        if inline.tag.endswith("}inline"):  # pandoc leaves the file's path with the picture
            named = [e for e in inline.iter() if e.tag.endswith(("}docPr", "}cNvPr"))]
            for element in named:
                element.set("descr", named[0].get("descr", ""))
    _set_sections(body)
    _set_contents(body, marks)
    return ET.tostring(root, encoding="UTF-8", xml_declaration=True)


def _set_table(table: ET.Element, told: dict) -> None:
    """Set the widths and the size of a table; rows stay whole."""
    wide = LANDSCAPE if len(told["head"]) > 12 else WIDTH
    unit = wide / sum(told["widths"]) / MM * TWIPS
    widths = [round(w * unit) for w in told["widths"]]
    table.find(f".//{_w('tblW')}").attrib |= {_w("type"): "dxa", _w("w"): str(sum(widths))}
    for column, width in zip(table.iter(_w("gridCol")), widths, strict=True):
        column.set(_w("w"), str(width))
    for row in table.iter(_w("tr")):
        if row.find(_w("trPr")) is None:
            row.insert(0, _new("trPr"))
        row.find(_w("trPr")).insert(0, _new("cantSplit"))
        for cell, width in zip(row.iter(_w("tcPr")), widths, strict=True):
            cell.insert(0, _new("tcW", w=width, type="dxa"))
    if max(len(told["head"]), len(told["rows"])) >= SMALL:
        for style in table.iter(_w("pStyle")):
            style.set(_w("val"), "TableSmall")


def _set_sections(body: ET.Element) -> None:
    """Put the wide table on a page on its side, with the same header and footer."""
    last = body.find(_w("sectPr"))
    for kind in ("portrait", "landscape"):
        p = next(p for p in body.findall(_w("p")) if _words(p) == f"@@{kind}@@")
        section = ET.fromstring(ET.tostring(last))
        if kind == "landscape":
            size = {"w": 16838, "h": 11906, "orient": "landscape"}
            for name, values in (("pgSz", size), ("pgMar", MARGINS)):
                section.find(_w(name)).attrib |= {_w(k): str(v) for k, v in values.items()}
            section.remove(section.find(_w("titlePg")))
        thin = _new("spacing", before=0, after=0, line=20, lineRule="exact")
        p[:] = [_new("pPr", thin, section)]
    last.remove(last.find(_w("titlePg")))


def _set_contents(body: ET.Element, marks) -> None:
    """Write the contents, a field of links; a page number depends on the machine's fonts."""
    holder = next(p for p in body.findall(_w("p")) if _words(p) == "@@contents@@")
    lines = []
    for p in body.iter(_w("p")):
        if _style(p) in ("Heading1", "Heading2"):
            mark = next(marks)
            p.insert(1, _new("bookmarkStart", id=mark, name=f"_Toc{mark}"))
            p.append(_new("bookmarkEnd", id=mark))
            run = _new("r", _new("t", _words(p)))
            style = _new("pPr", _new("pStyle", val=f"TOC{_style(p)[-1]}"))
            lines.append(_new("p", style, _new("hyperlink", run, anchor=f"_Toc{mark}", history=1)))
    opening = _field('TOC \\o "1-2" \\n \\h \\z \\u', "")
    lines[0][1:1] = opening[:3]
    lines[-1].append(opening[-1])
    at = list(body).index(holder)
    body[at : at + 1] = lines
