"""What leaves the building: the report as HTML, Word, Excel and slides, from one reading of the data."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..tables import load
from .audience import withheld_words
from .bilingual import CHINESE
from .citing import english_title
from .illustrations import Illustration, illustrations
from .summary import AUDIENCES, Known, Summary, gather, plan_of, summary
from .wording import NBSP

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
        return docx(
            text, lang=lang, title=_title(known), subtitle=_subtitle(known),
            author=_issued(known, self.data), date=_dated(self.data, lang), numbered=True,
        )  # fmt: skip

    def _summary(self, lang: str) -> Summary | None:
        """The summary; None for a pack whose plan is not filled in yet: it has a page too."""
        try:
            return summary(self.known(lang))
        except InputError:
            return None

    def _slides(self, lang: str) -> bytes:
        from .slides import chosen, pptx, slides_markdown

        known = self.known(lang)
        shown = [item for item in self.drawn(lang) if not item.withheld]
        picked = chosen(shown, known.as_of, MOST_SLIDES)
        text = slides_markdown(known, picked, note=self.told(lang))
        return pptx(text, lang=lang, title=_title(known), subtitle=_subtitle(known))


def _title(known: Known) -> str:
    return known.tr(
        f"{known.scope}{known.plan_name}生态环境保护规划评估报告",
        f"{known.scope}: report on the environment plan {known.plan_name}",
    )


def _subtitle(known: Known) -> str:
    text = known.tr(
        f"数据截至 {known.until}，目标年 {known.target_year}",
        f"Judged with data to {known.until}, targets for {known.target_year}",
    )
    return re.sub(r"(?<=[0-9]) (?=年)", NBSP, text)


def _issued(known: Known, data: Path) -> str:
    """Who issued the plan and when, where the record says so."""
    targets = load("targets", data=data)
    own = targets[(targets["plan"] == known.plan) & (targets["scope"] == known.home.scope)]
    source = own["source_id"].mode()
    rows = load("sources", data=data).set_index("source_id")
    if source.empty or source.iloc[0] not in rows.index:
        return ""
    row = rows.loc[source.iloc[0]]
    by = "" if pd.isna(row["publisher"]) else row["publisher"]
    by = known.tr(by, english_title(row))
    when = "" if pd.isna(row["published"]) else str(row["published"])
    if not by or CHINESE.search(by) and known.lang == "en":
        return ""
    head = known.tr("规划印发：", "The plan: ")
    return head + known.tr("，", ", ").join(filter(None, (by, when)))


def _dated(data: Path, lang: str) -> str:
    """The newest day on record in the sources: the clock would make each build another file."""
    rows = load("sources", data=data)
    days = pd.concat([rows[c].dropna().astype(str) for c in ("published", "accessed")])
    days = days[days.str.fullmatch(r"\d{4}-\d\d-\d\d")]
    if days.empty:
        return ""
    return f"资料截至 {days.max()}" if lang == "zh" else f"Sources to {days.max()}"


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
