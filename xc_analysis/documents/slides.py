"""A slide deck from Markdown, through pandoc, with fonts that Chinese briefings use."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import quoteattr

from ..errors import InputError
from .illustrations import Illustration, png_size
from .summary import Known, escaped, summary
from .word_reference import pandoc_file, rewrite

# in EMU, of a slide of 16:9
SLIDE = (9_144_000, 5_143_500)
MARGIN = 330_000
TITLE = (130_000, 560_000)  # top and height
PICTURE = (740_000, 4_250_000)  # top and height of what a picture may fill
ACCENT = "1B5FA6"
TOO_TALL = 0.8  # height to width: a taller figure would be too small to read on a slide
BAR = (
    '<p:sp><p:nvSpPr><p:cNvPr id="90" name="bar"/><p:cNvSpPr/><p:nvPr userDrawn="1"/></p:nvSpPr>'
    f'<p:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{SLIDE[0]}" cy="72000"/></a:xfrm>'
    '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill>'
    f'<a:srgbClr val="{ACCENT}"/></a:solidFill><a:ln><a:noFill/></a:ln></p:spPr></p:sp>'
)


@lru_cache(maxsize=1)
def reference() -> bytes:
    """Pandoc's reference deck with East Asian fonts in its theme."""

    def change(parts):
        for name in parts:
            if re.fullmatch(r"ppt/theme/theme\d+\.xml", name):
                text = parts[name].decode("utf-8")
                text = re.sub(r'<a:ea typeface="[^"]*"', '<a:ea typeface="微软雅黑"', text)
                parts[name] = text.encode("utf-8")
        # sentences, not slogans: text and titles smaller than pandoc's
        master = parts["ppt/slideMasters/slideMaster1.xml"].decode("utf-8")
        body = re.search(r"<p:bodyStyle>.*?</p:bodyStyle>", master, re.DOTALL)
        smaller = re.sub(r'(<a:defRPr[^>]*? sz=")\d+"', r'\g<1>1600"', body[0])
        master = master.replace(body[0], smaller)
        head = re.search(r"<p:titleStyle>.*?</p:titleStyle>", master, re.DOTALL)
        left = re.sub(r'(sz=")\d+"', r'\g<1>2200"', head[0]).replace('algn="ctr"', 'algn="l"')
        colour = f'<a:solidFill><a:srgbClr val="{ACCENT}"/></a:solidFill>'
        left = re.sub(r"<a:solidFill>.*?</a:solidFill>", colour, left, count=1, flags=re.DOTALL)
        master = master.replace(head[0], left)
        # a thin bar, the title below it, the text under the title
        master = master.replace("</p:grpSpPr>", "</p:grpSpPr>" + BAR, 1)
        for kind, top, height in (("title", *TITLE), ("body", 800_000, 4_000_000)):
            frame = f'<a:off x="{MARGIN}" y="{top}"/><a:ext cx="{SLIDE[0] - 2 * MARGIN}" cy="{height}"/>'
            found = re.search(
                rf'<p:ph type="{kind}".*?(<a:off [^>]*/><a:ext [^>]*/>)', master, re.DOTALL
            )
            master = master[: found.start(1)] + frame + master[found.end(1) :]
        parts["ppt/slideMasters/slideMaster1.xml"] = master.encode("utf-8")

    return rewrite(pandoc_file("reference.pptx"), change)


def _describe(parts: dict[str, bytes], told: list[str]) -> None:
    """Give each picture its description; pandoc writes the path of its file there."""
    slides = [n for n in parts if re.fullmatch(r"ppt/slides/slide\d+\.xml", n)]
    texts = iter(told)
    for name in sorted(slides, key=lambda n: int(re.search(r"\d+", n)[0])):
        text = parts[name].decode("utf-8")
        for picture in re.findall(r"<p:pic>.*?</p:pic>", text, re.DOTALL):
            described = quoteattr(next(texts, ""))
            bare = re.sub(r'(<p:cNvPr\b[^>]*?) descr="[^"]*"', r"\1", picture)
            new = bare.replace("<p:cNvPr", f"<p:cNvPr descr={described}", 1)
            text = text.replace(picture, new)
        parts[name] = text.encode("utf-8")


def _fill(parts: dict[str, bytes]) -> None:
    """Make each picture as large as the slide lets it be."""
    top, height = PICTURE
    for name in parts:
        if not re.fullmatch(r"ppt/slides/slide\d+\.xml", name):
            continue
        text = parts[name].decode("utf-8")
        for picture in re.findall(r"<p:pic>.*?</p:pic>", text, re.DOTALL):
            frame = re.search(r'<a:off [^>]*/>\s*<a:ext cx="(\d+)" cy="(\d+)"\s*/>', picture)
            wide, high = int(frame[1]), int(frame[2])
            factor = min((SLIDE[0] - 2 * MARGIN) / wide, height / high)
            wide, high = round(wide * factor), round(high * factor)
            left, above = (SLIDE[0] - wide) // 2, top + (height - high) // 2
            new = f'<a:off x="{left}" y="{above}"/><a:ext cx="{wide}" cy="{high}"/>'
            text = text.replace(picture, picture.replace(frame[0], new))
        parts[name] = text.encode("utf-8")


def chosen(figures: Sequence[Illustration], as_of: int, most: int) -> list[Illustration]:
    """One figure of each chapter for the deck.

    Parameters
    ----------
    figures : sequence of Illustration
    as_of : int
        Last year whose data are used: of figures that differ by their year alone, the latest that
        the data reach stands for all.
    most : int
        Slides with figures.

    Returns
    -------
    list of Illustration
        The first of each chapter that is not too tall for a slide, in order.
    """
    latest: dict[str, int] = {}
    for item in figures:
        if found := re.fullmatch(r"(.+)_(\d{4})", item.stem):
            if int(found[2]) <= as_of:
                latest[found[1]] = max(int(found[2]), latest.get(found[1], 0))
    of_chapter: dict[str, Illustration] = {}
    for item in figures:
        found = re.fullmatch(r"(.+)_(\d{4})", item.stem)
        if found and latest.get(found[1], int(found[2])) != int(found[2]):
            continue
        wide, high = png_size(item.png)
        if high <= TOO_TALL * wide:
            of_chapter.setdefault(item.chapter, item)
    return list(of_chapter.values())[:most]


def slides_markdown(known: Known, figures: Sequence[Illustration], *, note: str = "") -> str:
    """The deck: the summary on three slides, then one figure a slide with what it shows."""
    page = summary(known)
    heads = known.tr(
        ("已知", "可能", "无法判断"), ("What is known", "What is likely", "What cannot be judged")
    )
    parts = []
    for head, lines in zip(heads, (page.known, page.likely, page.cannot), strict=True):
        parts.append(f"## {head}\n\n" + "\n".join(f"- {escaped(line)}" for line in lines))
    if note:
        parts[-1] += f"\n- {escaped(note)}"
    for item in figures:
        alt = re.sub(r'["\n]', " ", item.alt)
        reading = escaped(item.reading or item.alt)
        parts.append(
            f"## {escaped(item.title)}\n\n"
            f'![]({item.png}){{alt="{alt}"}}\n\n::: notes\n{reading}\n:::'
        )
    return "\n\n".join(parts)


def pptx(markdown: str, *, lang: str, title: str, subtitle: str = "") -> bytes:
    """A deck from Markdown; each heading of level 2 is a slide.

    Parameters
    ----------
    markdown : str
    lang : {"zh", "en"}
    title, subtitle : str

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If pandoc cannot convert it.
    """
    import pypandoc

    with tempfile.TemporaryDirectory(prefix="xc-") as folder:
        styles, out = Path(folder) / "reference.pptx", Path(folder) / "out.pptx"
        styles.write_bytes(reference())
        extra = [f"--reference-doc={styles}", "--slide-level=2", "--fail-if-warnings",
                 f"--metadata=title:{title}", f"--metadata=author:{subtitle}"]  # fmt: skip
        extra += [] if lang == "zh" else ["--metadata=lang:en-GB"]
        try:
            pypandoc.convert_text(
                markdown, "pptx", format="markdown-tex_math_dollars-smart-implicit_figures",
                outputfile=str(out), extra_args=extra,
            )  # fmt: skip
        except RuntimeError as error:
            told = " ".join(str(error).split())
            raise InputError(f"{title}: the slides could not be made: {told}") from None
        made = out.read_bytes()

    told = re.findall(r'\{alt="([^"]*)"\}', markdown)

    def change(parts):
        _describe(parts, told)
        _fill(parts)
        core = parts["docProps/core.xml"].decode()
        fixed = r"\g<1>2000-01-01T00:00:00Z\g<2>"
        core = re.sub(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</)", fixed, core)
        parts["docProps/core.xml"] = core.encode()

    return rewrite(made, change)
