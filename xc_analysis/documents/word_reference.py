"""The reference documents of Word files, made from pandoc's own.

The styles follow the habit of Chinese official papers (GB/T 9704): title in 小标宋, headings in
黑体, 楷体 and 仿宋 numbered 一、（一）1., text in 仿宋. A machine without these fonts finds others by
the names and families in the font table.
"""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from functools import lru_cache
from xml.etree import ElementTree as ET

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPACES = {
    "w": W,
    "r": R,
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "o": "urn:schemas-microsoft-com:office:office",
    "v": "urn:schemas-microsoft-com:vml",
    "w10": "urn:schemas-microsoft-com:office:word",
    "sl": "http://schemas.openxmlformats.org/schemaLibrary/2006/main",
}
STAMP = (2000, 1, 1, 0, 0, 0)  # in the archive, so that the same text gives the same bytes
TEXT_WIDTH = 15.6  # cm
# east Asian font, latin font, size (pt), bold, align, first-line indent (characters), line (pt or
# None), before, after (pt)
ZH = {
    "Normal": ("仿宋", "Times New Roman", 14, False, "both", 0, 26, 0, 0),
    "BodyText": ("仿宋", "Times New Roman", 14, False, "both", 2, 26, 0, 4),
    "FirstParagraph": ("仿宋", "Times New Roman", 14, False, "both", 2, 26, 0, 4),
    "Compact": ("仿宋", "Times New Roman", 10.5, False, "left", 0, None, 1, 1),
    "Title": ("方正小标宋简体", "Times New Roman", 22, False, "center", 0, None, 120, 18),
    "Subtitle": ("楷体", "Times New Roman", 14, False, "center", 0, None, 0, 24),
    "Author": ("楷体", "Times New Roman", 13, False, "center", 0, None, 0, 6),
    "Date": ("楷体", "Times New Roman", 13, False, "center", 0, None, 0, 0),
    "Heading1": ("黑体", "Arial", 16, False, "left", 0, None, 18, 8),
    "Heading2": ("楷体", "Times New Roman", 15, True, "left", 0, None, 12, 6),
    "Heading3": ("仿宋", "Times New Roman", 14, True, "left", 0, None, 8, 4),
    "HeadingPlain": ("黑体", "Arial", 16, False, "center", 0, None, 12, 8),
    "TOCHeading": ("黑体", "Arial", 16, False, "center", 0, None, 12, 12),
    "SummaryText": ("仿宋", "Times New Roman", 12, False, "both", 0, 20, 0, 2),
    "ImageCaption": ("黑体", "Arial", 10.5, False, "center", 0, None, 3, 3),
    "TableCaption": ("黑体", "Arial", 10.5, False, "center", 0, None, 6, 3),
    "CaptionedFigure": ("仿宋", "Times New Roman", 10.5, False, "center", 0, None, 10, 0),
    "FigureReading": ("楷体", "Times New Roman", 9, False, "left", 0, None, 0, 2),
    "SourceLine": ("楷体", "Times New Roman", 9, False, "left", 0, None, 0, 8),
    "FootnoteText": ("仿宋", "Times New Roman", 9, False, "left", 0, None, 0, 0),
    "Footer": ("宋体", "Times New Roman", 14, False, "center", 0, None, 0, 0),
    "TOC1": ("仿宋", "Times New Roman", 13, False, "left", 0, None, 3, 1),
    "TOC2": ("仿宋", "Times New Roman", 11, False, "left", 2, None, 0, 0),
}
EN = {
    name: ("仿宋" if ea in ("仿宋", "楷体") else ea, latin, max(9, size - 3), bold, align, 0,
           None, before, after + (3 if name in ("BodyText", "FirstParagraph") else 0))
    for name, (ea, latin, size, bold, align, _, _, before, after) in ZH.items()
}  # fmt: skip
NEW = {  # styles of our own: name shown, based on
    "HeadingPlain": ("Heading Plain", "Normal"),
    "SummaryText": ("Summary Text", "Normal"),
    "FigureReading": ("Figure Reading", "Normal"),
    "SourceLine": ("Source Line", "Normal"),
    "Footer": ("footer", "Normal"),
    "TOC1": ("toc 1", "Normal"),
    "TOC2": ("toc 2", "Normal"),
}
# font -> other names it goes by, then family and shape, by which another is found
FONTS = {
    "仿宋": ("FangSong", "roman"),
    "楷体": ("KaiTi", "roman"),
    "黑体": ("SimHei", "swiss"),
    "宋体": ("SimSun", "roman"),
    "方正小标宋简体": ("宋体", "roman"),
}
LEVELS = {
    "zh": (
        ("chineseCountingThousand", "%1、"),
        ("chineseCountingThousand", "（%2）"),
        ("decimal", "%3."),
    ),
    "en": (("decimal", "%1"), ("decimal", "%1.%2"), ("decimal", "%1.%2.%3")),
}
NUM_ID = "77"
# on the page of what follows: a figure's block goes from the picture to the line of its sources
KEPT = ("CaptionedFigure", "ImageCaption", "FigureReading", "TableCaption", "TOCHeading")
WHOLE = ("ImageCaption", "FigureReading", "SourceLine", "FootnoteText")


def qname(name: str) -> str:
    prefix, local = name.split(":")
    return f"{{{SPACES[prefix]}}}{local}"


def element(name: str, **attributes) -> ET.Element:
    return ET.Element(
        qname(name), {qname(k.replace("_", ":", 1)): str(v) for k, v in attributes.items()}
    )


def pandoc_file(name: str) -> bytes:
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "--print-default-data-file", name]
    return subprocess.run(command, capture_output=True, check=True).stdout


def rewrite(archive: bytes, change) -> bytes:
    """The same archive with parts changed by ``change(parts)``; no time stamp enters it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(parts, key=lambda n: (n != "[Content_Types].xml", n)):
            target.writestr(zipfile.ZipInfo(name, STAMP), parts[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def parse_part(part: bytes) -> ET.Element:
    for _, (prefix, uri) in ET.iterparse(io.BytesIO(part), events=("start-ns",)):
        if prefix and not re.fullmatch(r"ns\d+", prefix):
            ET.register_namespace(prefix, uri)
    for prefix, uri in SPACES.items():
        ET.register_namespace(prefix, uri)
    return ET.fromstring(part)


def part_bytes(root: ET.Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + ET.tostring(
        root, encoding="utf-8"
    )


@lru_cache(maxsize=2)
def reference(lang: str) -> bytes:
    """The reference document of a language.

    Parameters
    ----------
    lang : {"zh", "en"}

    Returns
    -------
    bytes
        A docx: pandoc's own with our styles, numbering, page, footer and font table.
    """

    def change(parts):
        parts["word/styles.xml"] = _styles(parts["word/styles.xml"], lang)
        parts["word/numbering.xml"] = _numbering(parts["word/numbering.xml"], lang)
        parts["word/fontTable.xml"] = _font_table()
        parts["word/footer1.xml"] = _footer()
        parts["word/document.xml"] = _page(parts["word/document.xml"])
        relation = f'<Relationship Type="{R}/footer" Id="rIdFooter" Target="footer1.xml"/>'
        rels = parts["word/_rels/document.xml.rels"].decode()
        parts["word/_rels/document.xml.rels"] = rels.replace(
            "</Relationships>", f"{relation}</Relationships>"
        ).encode()
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"
        types = parts["[Content_Types].xml"].decode()
        parts["[Content_Types].xml"] = types.replace(
            "</Types>", f'<Override PartName="/word/footer1.xml" ContentType="{kind}"/></Types>'
        ).encode()

    return rewrite(pandoc_file("reference.docx"), change)


def _styles(part: bytes, lang: str) -> bytes:
    root = parse_part(part)
    specs = ZH if lang == "zh" else EN
    found = {s.get(qname("w:styleId")): s for s in root.findall("w:style", SPACES)}
    for style_id, (name, based) in NEW.items():
        if style_id not in found:
            style = element("w:style", w_type="paragraph", w_customStyle="1", w_styleId=style_id)
            if name.startswith(("toc", "footer")):
                del style.attrib[qname("w:customStyle")]
            style.append(element("w:name", w_val=name))
            style.append(element("w:basedOn", w_val=based))
            style.append(element("w:next", w_val="BodyText" if "Heading" in name else style_id))
            style.append(element("w:qFormat"))
            root.append(style)
            found[style_id] = style
    fallback = specs["Normal"]
    for style_id, style in found.items():
        if style.get(qname("w:type")) == "table":
            _table_style(style)
            continue
        spec = specs.get(style_id.removesuffix("Char"))
        if spec:
            _apply(style, spec, style_id, lang)
        elif style.get(qname("w:type")) == "paragraph":
            _fonts(style, fallback)
    defaults = root.find("w:docDefaults/w:rPrDefault/w:rPr", SPACES)
    old = defaults.find("w:rFonts", SPACES)
    defaults.remove(old)
    defaults.insert(0, _run_fonts(*fallback[:2]))
    return part_bytes(root)


def whole_fonts(part: bytes, lang: str) -> bytes:
    """The styles that pandoc has added get fonts too."""
    root = parse_part(part)
    for style in root.findall("w:style", SPACES):
        of_text = style.get(qname("w:type")) == "paragraph"
        if of_text and style.find("w:rPr/w:rFonts", SPACES) is None:
            _fonts(style, (ZH if lang == "zh" else EN)["Normal"])
    return part_bytes(root)


def _run_fonts(east: str, latin: str) -> ET.Element:
    return element("w:rFonts", w_ascii=latin, w_hAnsi=latin, w_eastAsia=east, w_cs=latin)


def _fonts(style: ET.Element, spec) -> ET.Element:
    run = style.find("w:rPr", SPACES)
    if run is None:
        run = element("w:rPr")
        style.append(run)
    for old in run.findall("w:rFonts", SPACES):
        run.remove(old)
    run.insert(0, _run_fonts(*spec[:2]))
    return run


def _apply(style: ET.Element, spec, style_id: str, lang: str) -> None:
    east, latin, size, bold, align, indent, line, before, after = spec
    for old in style.findall("w:rPr", SPACES):
        style.remove(old)
    paragraph = style.find("w:pPr", SPACES)
    if paragraph is not None:
        style.remove(paragraph)
    if style.get(qname("w:type")) == "paragraph":
        style.append(_paragraph(style_id, align, indent, line, before, after))
    run = element("w:rPr")
    run.append(_run_fonts(east, latin))
    if bold:
        run.append(element("w:b"))
    run.append(element("w:i", w_val="0"))
    run.append(element("w:color", w_val="000000"))
    run.append(element("w:sz", w_val=int(size * 2)))
    run.append(element("w:szCs", w_val=int(size * 2)))
    style.append(run)


def _paragraph(style_id, align, indent, line, before, after) -> ET.Element:
    p = element("w:pPr")
    level = {"Heading1": 0, "Heading2": 1, "Heading3": 2}.get(style_id)
    heading = level is not None or style_id == "HeadingPlain"
    if heading or style_id in KEPT:
        p.append(element("w:keepNext"))
    if heading or style_id in WHOLE:
        p.append(element("w:keepLines"))
    if style_id in ("Heading1", "HeadingPlain", "TOCHeading"):
        p.append(element("w:pageBreakBefore"))
    if level is not None or style_id == "TOCHeading":  # the latter takes its base's number off
        number = element("w:numPr")
        number.append(element("w:ilvl", w_val=level or 0))
        number.append(element("w:numId", w_val="0" if level is None else NUM_ID))
        p.append(number)
    if style_id.startswith("TOC") and style_id != "TOCHeading":
        tabs = element("w:tabs")
        right = int(TEXT_WIDTH / 2.54 * 1440)
        tabs.append(element("w:tab", w_val="right", w_leader="dot", w_pos=right))
        p.append(tabs)
    spacing = {"w_before": int(before * 20), "w_after": int(after * 20)}
    if line:
        spacing |= {"w_line": int(line * 20), "w_lineRule": "exact"}
    else:
        spacing |= {"w_line": 264, "w_lineRule": "auto"}
    p.append(element("w:spacing", **spacing))
    if style_id == "TOC2":
        p.append(element("w:ind", w_left=420))
    else:
        p.append(element("w:ind", w_firstLineChars=indent * 100, w_firstLine=indent * 280))
    p.append(element("w:jc", w_val=align))
    if heading:
        p.append(element("w:outlineLvl", w_val=level or 0))
    elif style_id == "TOCHeading":
        p.append(element("w:outlineLvl", w_val="9"))
    return p


def _table_style(style: ET.Element) -> None:
    """Thin rules above, below and under the head; shaded head; cells with some air."""
    for old in style.findall("w:tblPr", SPACES) + style.findall("w:tblStylePr", SPACES):
        style.remove(old)
    table = element("w:tblPr")
    borders = element("w:tblBorders")
    for side, width in (("top", 12), ("bottom", 12), ("insideH", 4)):
        colour = "000000" if width > 4 else "BFBFBF"
        borders.append(
            element(f"w:{side}", w_val="single", w_sz=width, w_space="0", w_color=colour)
        )
    table.append(borders)
    cells = element("w:tblCellMar")
    for side, width in (("top", 30), ("left", 70), ("bottom", 30), ("right", 70)):
        cells.append(element(f"w:{side}", w_w=width, w_type="dxa"))
    table.append(cells)
    style.append(table)
    head = element("w:tblStylePr", w_type="firstRow")
    run = element("w:rPr")
    run.append(_run_fonts("黑体", "Arial"))
    head.append(run)
    cell = element("w:tcPr")
    edge = element("w:tcBorders")
    edge.append(element("w:bottom", w_val="single", w_sz="8", w_space="0", w_color="000000"))
    cell.append(edge)
    cell.append(element("w:shd", w_val="clear", w_color="auto", w_fill="F2F2F2"))
    head.append(cell)
    style.append(head)


def _numbering(part: bytes, lang: str) -> bytes:
    root = parse_part(part)
    outline = element("w:abstractNum", w_abstractNumId=NUM_ID)
    outline.append(element("w:multiLevelType", w_val="multilevel"))
    for level, (form, text) in enumerate(LEVELS[lang]):
        item = element("w:lvl", w_ilvl=level)
        item.append(element("w:start", w_val="1"))
        item.append(element("w:numFmt", w_val=form))
        item.append(element("w:pStyle", w_val=f"Heading{level + 1}"))
        item.append(element("w:suff", w_val="nothing" if lang == "zh" else "space"))
        item.append(element("w:lvlText", w_val=text))
        item.append(element("w:lvlJc", w_val="left"))
        inner = element("w:pPr")
        inner.append(element("w:ind", w_left="0", w_firstLine="0"))
        item.append(inner)
        outline.append(item)
    number = element("w:num", w_numId=NUM_ID)
    number.append(element("w:abstractNumId", w_val=NUM_ID))
    # all abstractNum must come before the first num
    first = next((i for i, e in enumerate(root) if e.tag == qname("w:num")), len(root))
    root.insert(first, outline)
    root.append(number)
    return part_bytes(root)


def _font_table() -> bytes:
    root = element("w:fonts")
    for name, (other, family) in FONTS.items():
        font = element("w:font", w_name=name)
        font.append(element("w:altName", w_val=other))
        font.append(element("w:charset", w_val="86"))
        font.append(element("w:family", w_val=family))
        font.append(element("w:pitch", w_val="variable"))
        root.append(font)
    for name, family in (("Times New Roman", "roman"), ("Arial", "swiss")):
        font = element("w:font", w_name=name)
        font.append(element("w:charset", w_val="00"))
        font.append(element("w:family", w_val=family))
        font.append(element("w:pitch", w_val="variable"))
        root.append(font)
    return part_bytes(root)


def field_runs(code: str, shown: str = "") -> list[ET.Element]:
    """A field as its runs: begin, code, separator, the text shown until it is updated, end."""
    out = []
    for kind in ("begin", "code", "separate", "text", "end"):
        run = element("w:r")
        if kind == "code":
            told = element("w:instrText")
            told.text = f" {code} "
            told.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            run.append(told)
        elif kind == "text":
            told = element("w:t")
            told.text = shown
            run.append(told)
        else:
            run.append(element("w:fldChar", w_fldCharType=kind))
        out.append(run)
    return out


def text_run(text: str) -> ET.Element:
    run, told = element("w:r"), element("w:t")
    told.text = text
    told.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.append(told)
    return run


def _footer() -> bytes:
    root, p, properties = element("w:ftr"), element("w:p"), element("w:pPr")
    properties.append(element("w:pStyle", w_val="Footer"))
    p.append(properties)
    p.append(text_run("— "))
    for run in field_runs("PAGE", "1"):
        p.append(run)
    p.append(text_run(" —"))
    root.append(p)
    return part_bytes(root)


def _page(part: bytes) -> bytes:
    root = parse_part(part)
    section = root.find("w:body/w:sectPr", SPACES)
    section.clear()
    section.append(element("w:footerReference", w_type="default", r_id="rIdFooter"))
    section.append(element("w:pgSz", w_w="11906", w_h="16838"))
    section.append(
        element("w:pgMar", w_top="1701", w_right="1474", w_bottom="1588", w_left="1588",
            w_header="851", w_footer="992", w_gutter="0")
    )  # fmt: skip
    section.append(element("w:titlePg"))
    return part_bytes(root)
