"""Write the reference documents from which pandoc takes the report's styles, one per language.

The styles follow the habit of Chinese official papers (GB/T 9704): headings in 黑体 and 楷体, text
in 仿宋, with names and families in the font table by which a machine without these fonts finds
others. Pandoc's own reference is the start, so that every style it writes is there.
"""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

PACKAGE = Path(__file__).resolve().parents[1] / "xc_analysis"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml"
STAMP = (2000, 1, 1, 0, 0, 0)  # the same text gives the same bytes
# style: east Asian font, latin font, size in pt (zh, en), align, before and after in pt
STYLES = {
    "Normal": ("仿宋", "Times New Roman", (12, 10.5), "both", 0, 0),
    "BodyText": ("仿宋", "Times New Roman", (12, 10.5), "both", 3, 2),
    "FirstParagraph": ("仿宋", "Times New Roman", (12, 10.5), "both", 3, 2),
    "Compact": ("仿宋", "Times New Roman", (9, 8.5), "left", 0, 0),
    "TableSmall": ("仿宋", "Times New Roman", (7.5, 7), "left", 0, 0),
    "Title": ("黑体", "Arial", (22, 20), "center", 110, 16),
    "Subtitle": ("楷体", "Times New Roman", (14, 12), "center", 0, 10),
    "CoverLine": ("楷体", "Times New Roman", (12, 11), "center", 2, 2),
    "Heading1": ("黑体", "Arial", (15, 14), "left", 14, 6),
    "Heading2": ("楷体", "Arial", (13, 12), "left", 8, 4),
    "TOCHeading": ("黑体", "Arial", (13, 12), "center", 50, 8),
    "TOC1": ("仿宋", "Times New Roman", (12, 11), "left", 2, 2),
    "TOC2": ("仿宋", "Times New Roman", (11, 10), "left", 0, 0),
    "ImageCaption": ("黑体", "Arial", (10, 9), "center", 2, 8),
    "TableCaption": ("黑体", "Arial", (10, 9), "center", 6, 3),
    "CaptionedFigure": ("仿宋", "Times New Roman", (10, 9), "center", 4, 0),
    "SourceCode": ("仿宋", "Times New Roman", (10, 9), "left", 0, 0),
    "Note": ("楷体", "Times New Roman", (9, 8.5), "both", 2, 4),
    "Header": ("楷体", "Times New Roman", (9, 8.5), "center", 0, 0),
    "Footer": ("宋体", "Times New Roman", (10.5, 10), "center", 0, 0),
}
NAMES = {"TOC1": "toc 1", "TOC2": "toc 2", "Header": "header", "Footer": "footer"}
NAMES |= {"SourceCode": "Source Code", "TableSmall": "Table Small", "CoverLine": "Cover Line"}
KEPT = ("CaptionedFigure", "TableCaption", "TOCHeading", "Heading1", "Heading2")
LEVELS = {"Heading1": "0", "Heading2": "1"}
FONTS = {"仿宋": "FangSong", "楷体": "KaiTi", "黑体": "SimHei", "宋体": "SimSun"}


def tag(name: str) -> str:
    """Return the full name of an element or attribute of WordprocessingML."""
    return f"{{{W}}}{name}"


def add(parent: ET.Element, name: str, /, **attributes) -> ET.Element:
    """Append an element with attributes of its own namespace."""
    return ET.SubElement(parent, tag(name), {tag(k): str(v) for k, v in attributes.items()})


def fonts(run: ET.Element, east: str, latin: str) -> None:
    """Name the fonts of a run for every script."""
    add(run, "rFonts", ascii=latin, hAnsi=latin, eastAsia=east, cs=latin)


def set_style(style: ET.Element, name: str, lang: str) -> None:
    """Give a paragraph style its font, size and spacing."""
    east, latin, sizes, align, before, after = STYLES[name]
    for old in [*style.findall(tag("rPr")), *style.findall(tag("pPr"))]:
        style.remove(old)
    if style.get(tag("type")) == "paragraph":
        p = add(style, "pPr")
        if name in KEPT:
            add(p, "keepNext")
        running = name in ("BodyText", "FirstParagraph")
        line = {"line": 240 if sizes[0] <= 9 else 264, "lineRule": "auto"}
        if running and lang == "zh":
            line = {"line": 390, "lineRule": "exact"}
        add(p, "spacing", before=before * 20, after=after * 20, **line)
        if running and lang == "zh":
            add(p, "ind", firstLineChars=200, firstLine=480)
        else:
            add(p, "ind", left=360 if name == "TOC2" else 0, firstLineChars=0, firstLine=0)
        add(p, "jc", val=align)
        if name in LEVELS:
            add(p, "outlineLvl", val=LEVELS[name])
    run = add(style, "rPr")
    fonts(run, east, latin)
    add(run, "i", val="0")
    add(run, "color", val="000000")
    size = int(sizes[lang == "en"] * 2)
    add(run, "sz", val=size)
    add(run, "szCs", val=size)


def set_table_style(style: ET.Element) -> None:
    """Rule a table above, below and under its shaded head."""
    for old in [*style.findall(tag("tblPr")), *style.findall(tag("tblStylePr"))]:
        style.remove(old)
    table = add(style, "tblPr")
    borders = add(table, "tblBorders")
    for side, width in (("top", 12), ("bottom", 12), ("insideH", 4)):
        colour = "000000" if width > 4 else "BFBFBF"
        add(borders, side, val="single", sz=width, space="0", color=colour)
    cells = add(table, "tblCellMar")
    for side, width in (("top", 8), ("left", 45), ("bottom", 8), ("right", 45)):
        add(cells, side, w=width, type="dxa")
    head = add(style, "tblStylePr", type="firstRow")
    fonts(add(head, "rPr"), "黑体", "Arial")
    cell = add(head, "tcPr")
    add(add(cell, "tcBorders"), "bottom", val="single", sz="8", space="0", color="000000")
    add(cell, "shd", val="clear", color="auto", fill="F2F2F2")


def styles(part: bytes, lang: str) -> ET.Element:
    """Return pandoc's styles with ours in their place; every one names an east Asian font."""
    root = ET.fromstring(part)
    found = {s.get(tag("styleId")): s for s in root.findall(tag("style"))}
    for name in sorted(STYLES.keys() - found.keys()):
        found[name] = add(root, "style", type="paragraph", styleId=name)
        if name not in ("TOC1", "TOC2", "Header", "Footer"):
            found[name].set(tag("customStyle"), "1")
        add(found[name], "name", val=NAMES.get(name, name))
        add(found[name], "basedOn", val="Normal")
    for name, style in found.items():
        if style.get(tag("type")) == "table":
            set_table_style(style)
        elif name in STYLES:
            set_style(style, name, lang)
        elif style.get(tag("type")) == "paragraph":
            run = style.find(tag("rPr"))
            run = add(style, "rPr") if run is None else run
            for old in run.findall(tag("rFonts")):
                run.remove(old)
            fonts(run, *STYLES["Normal"][:2])
    run = root.find(f"{tag('docDefaults')}/{tag('rPrDefault')}/{tag('rPr')}")
    for old in [*run.findall(tag("rFonts")), *run.findall(tag("lang"))]:
        run.remove(old)
    fonts(run, *STYLES["Normal"][:2])
    add(run, "lang", val="en-US" if lang == "zh" else "en-GB", eastAsia="zh-CN", bidi="ar-SA")
    return root


def font_table() -> ET.Element:
    """Return the fonts with the names under which other systems know them."""
    root = ET.Element(tag("fonts"))
    for name, other in FONTS.items():
        font = add(root, "font", name=name)
        add(font, "altName", val=other)
        add(font, "charset", val="86")
        add(font, "family", val="swiss" if name == "黑体" else "roman")
        add(font, "pitch", val="variable")
    return root


def margin_text(kind: str) -> ET.Element:
    """Return a header with room for its text, or a footer with the page's number."""
    root = ET.Element(tag("hdr" if kind == "header" else "ftr"))
    p = add(root, "p")
    add(add(p, "pPr"), "pStyle", val=kind.title())
    if kind == "header":
        add(add(p, "r"), "t").text = "HEADER"
        return root
    for step in ("begin", " PAGE ", "separate", "1", "end"):
        run = add(p, "r")
        if step in ("begin", "separate", "end"):
            add(run, "fldChar", fldCharType=step)
        else:
            add(run, "instrText" if "PAGE" in step else "t").text = step
    return root


def page(part: bytes) -> ET.Element:
    """Return pandoc's document on A4, with header and footer but on the first page."""
    root = ET.fromstring(part)
    section = root.find(f"{tag('body')}/{tag('sectPr')}")
    section.clear()
    for kind in ("header", "footer"):
        reference = add(section, f"{kind}Reference", type="default")
        reference.set(f"{{{R}}}id", f"rIdXc{kind}")
    add(section, "pgSz", w="11906", h="16838")
    margins = {"top": 1474, "right": 1559, "bottom": 1361, "left": 1559}
    add(section, "pgMar", **margins, header=794, footer=737, gutter=0)
    add(section, "titlePg")
    return root


def write(lang: str) -> bytes:
    """Return the reference document of a language."""
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "--print-default-data-file", "reference.docx"]
    start = subprocess.run(command, capture_output=True, check=True).stdout
    with zipfile.ZipFile(io.BytesIO(start)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for part in parts.values():
        if part.startswith(b"<?xml"):
            for _, (prefix, uri) in ET.iterparse(io.BytesIO(part), events=("start-ns",)):
                if prefix and not re.fullmatch(r"ns\d+", prefix):
                    ET.register_namespace(prefix, uri)
    made = {
        "word/styles.xml": styles(parts["word/styles.xml"], lang),
        "word/fontTable.xml": font_table(),
        "word/header1.xml": margin_text("header"),
        "word/footer1.xml": margin_text("footer"),
        "word/document.xml": page(parts["word/document.xml"]),
    }
    parts |= {n: ET.tostring(e, encoding="UTF-8", xml_declaration=True) for n, e in made.items()}
    relations, types = "", ""
    for kind in ("header", "footer"):
        relations += f'<Relationship Type="{R}/{kind}" Id="rIdXc{kind}" Target="{kind}1.xml"/>'
        types += f'<Override PartName="/word/{kind}1.xml" ContentType="{KIND}.{kind}+xml"/>'
    for name, end, more in (
        ("word/_rels/document.xml.rels", "</Relationships>", relations),
        ("[Content_Types].xml", "</Types>", types),
    ):
        parts[name] = parts[name].decode().replace(end, more + end).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts, key=lambda n: (n != "[Content_Types].xml", n)):
            archive.writestr(zipfile.ZipInfo(name, STAMP), parts[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


if __name__ == "__main__":
    for language in ("zh", "en"):
        (PACKAGE / f"report_{language}.docx").write_bytes(write(language))
