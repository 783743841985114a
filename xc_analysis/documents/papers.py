"""What leaves the building: the report as HTML, Word, Excel and slides, from one reading of the data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .audience import withheld_words
from .illustrations import Illustration, illustrations
from .summary import AUDIENCES, Known, Summary, gather, plan_of, summary

FORMATS = {"html": "html", "word": "docx", "excel": "xlsx", "slides": "pptx"}
MOST_SLIDES = 14


def formats_of(text: str) -> tuple[str, ...]:
    """The formats that a comma-separated list asks for.

    Raises
    ------
    InputError
        For one that is not known.
    """
    asked = tuple(dict.fromkeys(w.strip() for w in text.replace("，", ",").split(",") if w.strip()))
    unknown = [word for word in asked if word not in FORMATS]
    if unknown or not asked:
        raise InputError(
            f"--report {', '.join(unknown) or repr(text)}: no such format; give some of"
            f" {','.join(FORMATS)}"
        )
    return asked


def formats_for(text: str | None, data: Path) -> tuple[tuple[str, ...], str]:
    """The formats to make, and why some are not.

    Parameters
    ----------
    text : str, optional
        What was asked for. None: all; HTML alone for tables that hold no plan yet.
    data : Path

    Returns
    -------
    tuple
        Formats, and what the others wait for ("" where nothing).
    """
    if text is not None:
        return formats_of(text), ""
    try:
        plan_of(data)
    except InputError as error:
        return ("html",), str(error)
    return tuple(FORMATS), ""


class Papers:
    """Makes the papers of a build; what several of them need is read and judged once.

    The tables are those of the audience already (`audience.restricted`); ``withheld`` and
    ``left_out`` are told in the papers.
    """

    def __init__(
        self, executed: Sequence[Path], *, figures: Path, data: Path, audience: str = "internal",
        withheld: Mapping[str, int] | None = None, left_out: int = 0, as_of: int | None = None,
    ) -> None:  # fmt: skip
        if audience not in AUDIENCES:
            raise InputError(f"audience {audience!r}: give public or internal")
        self.executed, self.figures, self.data = list(executed), figures, data
        self.audience = audience
        self.withheld, self.left_out, self.as_of = dict(withheld or {}), left_out, as_of
        self._known: Known | None = None
        self._drawn: dict[str, list[Illustration]] = {}

    def known(self, lang: str) -> Known:
        if self._known is None:
            self._known = gather(data=self.data, lang=lang, as_of=self.as_of)
        return replace(self._known, lang=lang)

    def drawn(self, lang: str) -> list[Illustration]:
        if lang not in self._drawn:
            self._drawn[lang] = illustrations(
                self.executed, figures=self.figures, data=self.data, lang=lang,
                audience=self.audience,
            )  # fmt: skip
        return self._drawn[lang]

    def told(self, lang: str) -> str:
        """Whom a paper is for and what was withheld from it, in a sentence or two."""
        zh = lang == "zh"
        if self.audience == "internal":
            return (
                "内部使用，含未经审核的草稿数据。"
                if zh
                else "For internal use; holds unaudited drafts."
            )
        rows = withheld_words(self.withheld, lang) or ("无" if zh else "none")
        if zh:
            more = f"；另有 {self.left_out} 章未列入" if self.left_out else ""
            return f"公开版。因公开级别略去的数据行：{rows}{more}。"
        more = f"; chapters left out: {self.left_out}" if self.left_out else ""
        return f"Public version. Rows withheld by their release: {rows}{more}."

    def make(self, kind: str, lang: str) -> bytes:
        """One paper.

        Parameters
        ----------
        kind : {"html", "word", "excel", "slides"}
        lang : {"zh", "en"}

        Returns
        -------
        bytes

        Raises
        ------
        InputError
            Where a value is missing or wrong, naming the place.
        """
        if kind == "html":
            from .. import report

            page = report.html(
                self.executed, figures=self.figures, data=self.data, lang=lang,
                summary=self._summary(lang), withheld=self.told(lang),
            )  # fmt: skip
            return page.encode("utf-8")
        if kind == "excel":
            from .workbook import report_workbook

            return report_workbook(
                self.known(lang), self.drawn(lang), data=self.data, audience=self.audience,
                withheld=self.withheld,
            )  # fmt: skip
        if kind == "slides":
            return self._slides(lang)
        from .document import report_markdown
        from .word import docx

        known = self.known(lang)
        text = report_markdown(known, self.drawn(lang), data=self.data, withheld=self.told(lang))
        return docx(text, lang=lang, title=_title(known), subtitle=_subtitle(known))

    def _summary(self, lang: str) -> Summary | None:
        """The summary; None for a pack whose plan is not filled in yet: it has a page too."""
        try:
            return summary(self.known(lang))
        except InputError:
            return None

    def _slides(self, lang: str) -> bytes:
        from .document import slides_markdown
        from .slides import pptx

        known = self.known(lang)
        shown = [item for item in self.drawn(lang) if not item.withheld]
        chapters: dict[str, Illustration] = {}
        for item in shown:  # the first figure of each chapter is its main one
            chapters.setdefault(item.chapter, item)
        text = slides_markdown(known, list(chapters.values())[:MOST_SLIDES], note=self.told(lang))
        return pptx(text, lang=lang, title=_title(known), subtitle=_subtitle(known))


def _title(known: Known) -> str:
    return known.tr(
        f"{known.scope}“{known.plan}”生态环境保护规划评估报告",
        f"{known.scope}: report on the environment plan {known.plan}",
    )


def _subtitle(known: Known) -> str:
    return known.tr(
        f"数据截至 {known.until}，目标年 {known.target_year} 年",
        f"Judged with data to {known.until}, targets for {known.target_year}",
    )


def write_file(path: Path, content: bytes) -> None:
    """Put a file in place whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
