"""A slide deck from Markdown, through pandoc, with fonts that Chinese briefings use."""

from __future__ import annotations

import re
import tempfile
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import quoteattr

from ..errors import InputError
from .word_reference import pandoc_file, rewrite


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
        master = master.replace(head[0], re.sub(r'(sz=")\d+"', r'\g<1>2800"', head[0]))
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
        core = parts["docProps/core.xml"].decode()
        fixed = r"\g<1>2000-01-01T00:00:00Z\g<2>"
        core = re.sub(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</)", fixed, core)
        parts["docProps/core.xml"] = core.encode()

    return rewrite(made, change)
