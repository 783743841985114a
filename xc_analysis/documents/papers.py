"""What leaves the building: the report as HTML, Word, Excel and slides, from one reading of the data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .audience import restricted
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
    """Makes the papers of a build; what several of them need is read and judged once."""

    def __init__(
        self, executed: Sequence[Path], *, figures: Path, data: Path, audience: str = "internal"
    ) -> None:
        if audience not in AUDIENCES:
            raise InputError(f"audience {audience!r}: give public or internal")
        self.executed, self.figures, self.data = list(executed), figures, data
        self.audience = audience
        self._known: Known | None = None
        self._drawn: dict[str, list[Illustration]] = {}

    def known(self, lang: str) -> Known:
        if self._known is None:
            with restricted(self.data, self.audience) as (folder, _):
                self._known = gather(data=folder, lang=lang)
        return replace(self._known, lang=lang)

    def drawn(self, lang: str) -> list[Illustration]:
        if lang not in self._drawn:
            self._drawn[lang] = illustrations(
                self.executed, figures=self.figures, data=self.data, lang=lang,
                audience=self.audience,
            )  # fmt: skip
        return self._drawn[lang]

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
                summary=self._summary(lang),
            )  # fmt: skip
            return page.encode("utf-8")
        if kind == "excel":
            from .workbook import report_workbook

            return report_workbook(
                self.known(lang), self.drawn(lang), data=self.data, audience=self.audience
            )
        if kind == "slides":
            return self._slides(lang)
        from .document import report_markdown
        from .word import docx

        known = self.known(lang)
        with restricted(self.data, self.audience) as (folder, _):
            text = report_markdown(known, self.drawn(lang), data=folder)
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
        text = slides_markdown(known, list(chapters.values())[:MOST_SLIDES])
        return pptx(text, lang=lang, title=_title(known), subtitle=_subtitle(known))


def _title(known: Known) -> str:
    return known.tr(
        f"{known.scope}“{known.plan}”生态环境保护规划评估报告",
        f"{known.scope}: report on the environment plan {known.plan}",
    )


def _subtitle(known: Known) -> str:
    return known.tr(
        f"数据截至 {known.as_of} 年，目标年 {known.target_year} 年",
        f"Judged with data to {known.as_of}, targets for {known.target_year}",
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
