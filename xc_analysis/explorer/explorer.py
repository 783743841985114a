"""The explorer behind its page: takes messages, answers with what to show; keeps no one's state.

A message names an address and perhaps one entry that a reader moved; the answer is the page of
the state that follows. Text from outside is only ever compared with lists, read as a number by a
fixed form, or escaped.
"""

from __future__ import annotations

import base64
import io
import os
import re
import tempfile
import time
from html import escape

from .. import style
from ..errors import InputError
from ..style import tr
from . import explorer_views as views
from .explorer_book import Book
from .explorer_controls import controls, tabs
from .explorer_sensitivity import alternative
from .explorer_shown import HALF, NARROW, WIDE
from .explorer_state import LANGUAGES, Refused, State, address, read_address, with_entry
from .explorer_words import half

LONGEST_COMMENT = 200
MOST_PICTURES = 40  # drawn ones kept, about 0.2 MB each


class Explorer:
    """Answers the page's messages.

    Parameters
    ----------
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.
    lang : {"zh", "en"}, optional
        Language where an address names none; default ``$XC_EXPLORE_LANG`` or Chinese.
    folder : path, optional
        Where settings are kept; default as `review.review_dir`.
    """

    def __init__(self, data=None, *, lang=None, folder=None):
        lang = lang or os.environ.get("XC_EXPLORE_LANG", "zh")
        self.lang = lang if lang in LANGUAGES else "zh"
        self.folder = folder
        self.book = Book(data)
        self._drawn: dict = {}

    def answer(self, message) -> dict:
        """The answer to one message, never an exception.

        Parameters
        ----------
        message : dict
            ``do``: "show" (with ``query`` and perhaps ``set``: [name, value]), "more" (``at``), "download"
            (``kind``: png, svg, csv), "cite" or "keep" (``reviewer``, ``comment``); ``narrow``;
            ``seq``, which comes back.

        Returns
        -------
        dict
        """
        if not isinstance(message, dict):
            return {"do": "error", "text": "not a message"}
        back = {"do": str(message.get("do", ""))[:20], "seq": message.get("seq")}
        does = _DOES.get(message.get("do"))
        if does is None:
            return back | {"do": "error", "text": "not a message"}
        query = message.get("query")
        state, problems = read_address(
            query if isinstance(query, str) else "", self.book, lang=self.lang
        )
        moved = message.get("set")
        if isinstance(moved, list) and len(moved) == 2:
            try:
                state = with_entry(state, *map(str, moved), self.book)
            except Refused as error:
                problems.append(error.problem)
        with style.use_style(state.lang):
            try:
                return back | does(self, state, problems, message)
            except InputError as error:
                return back | {"do": "error", "text": half(str(error))}

    def _show(self, state: State, problems, message) -> dict:
        began = time.perf_counter()
        told = [getattr(p, state.lang) for p in problems]
        page = {
            "query": address(state, self.book),
            "lang": state.lang,
            "view": state.view,
            "tabs": tabs(),
            "controls": controls(state, self.book),
            "problems": told,
            "words": _page_words(),
        }
        try:
            shown = views.show(state, self.book)
        except InputError as error:
            return page | {
                "title": "", "answer": f"<strong role='alert'>{escape(half(str(error)))}</strong>",
                "pictures": [], "key": "", "tables": [], "sources": "", "more": False,
                "keep": False, "seconds": time.perf_counter() - began,
            }  # fmt: skip
        narrow = bool(message.get("narrow"))
        # the table is the scorecard's picture; its drawing is made when it is asked for
        drawn = [] if state.view == "scorecard" else shown.pictures
        names = self.book.source_names.reindex(shown.sources).dropna(how="all")
        return page | {
            "title": shown.title,
            "answer": shown.answer,
            "pictures": [self._picture(p, narrow, len(drawn)) for p in drawn],
            "key": "" if state.view in ("scorecard", "calendar") else _key(shown),
            "tables": shown.tables,
            "sources": _sources_html(names),
            "more": state.view == "projection",
            "keep": bool(shown.judged),
            "seconds": time.perf_counter() - began,
        }

    def _picture(self, picture, narrow: bool, beside: int) -> dict:
        """A picture as it was drawn before, or drawn; its title may have changed."""
        key = (style.lang(), narrow, beside, picture.key)
        if key not in self._drawn:
            if len(self._drawn) >= MOST_PICTURES:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[key] = _drawn(picture, narrow, beside)
        return self._drawn[key] | {"title": picture.title}

    def _more(self, state, problems, message) -> dict:
        at = message.get("at")
        return alternative(state, self.book, at if isinstance(at, int) else 0)

    def _download(self, state, problems, message) -> dict:
        kind = message.get("kind")
        if kind not in ("png", "svg", "csv"):
            raise InputError(f"download: no such kind {str(kind)[:10]!r}; png, svg or csv")
        shown = views.show(state, self.book)
        name = f"{shown.stem}_{state.lang}.{kind}"
        if kind == "csv":
            table = style.table_of(shown.data)
            if "source_id" not in table:
                table["source_id"] = ";".join(shown.sources)
            text = table.to_csv(index=False, lineterminator="\n", float_format="%.10g")
            return _file(name, text.encode("utf-8"))
        import matplotlib.pyplot as plt

        fig = _whole(shown)
        try:
            with tempfile.TemporaryDirectory() as folder:
                paths = style.save_figure(
                    fig, shown.stem, data=shown.data, folder=folder,
                    sources=self.book.source_names.reindex(shown.sources).dropna(how="all"),
                )  # fmt: skip
                content = next(p for p in paths if p.suffix == f".{kind}").read_bytes()
        finally:
            plt.close(fig)
        return _file(name, content)

    def _cite(self, state, problems, message) -> dict:
        from .. import __version__

        shown = views.show(state, self.book)
        names = self.book.source_names.reindex(shown.sources).dropna(how="all")
        setting = ""
        if shown.judged:
            from .explorer_words import setting_words

            parts = [
                tr("，", ", ").join(f"{k} {v}" for k, v in setting_words(choice))
                for _, _, choice in shown.judged
            ]
            setting = tr("；设定：", "; setting: ") + " | ".join(parts)
        text = tr(
            f"xc-analysis {__version__}，{shown.title}{setting}。",
            f"xc-analysis {__version__}, {shown.title}{setting}. ",
        )
        return {"text": text + style.source_line(names) + " " + address(state, self.book)}

    def _keep(self, state, problems, message) -> dict:
        from ..verdicts.review import write_setting

        shown = views.show(state, self.book)
        if not shown.judged:
            raise InputError("nothing to keep in this view / 此视图没有可保存的设定")
        for _, assessment, choice in shown.judged:
            path = write_setting(
                self.book.setting(state, choice),
                assessment,
                folder=self.folder,
                reviewer=_plain(message.get("reviewer")),
                comment=_plain(message.get("comment")),
            )
        count = len(shown.judged)
        return {"text": tr(f"已保存 {count} 个设定：{path}", f"{count} setting(s) saved: {path}")}


_DOES = {
    "show": Explorer._show,
    "more": Explorer._more,
    "download": Explorer._download,
    "cite": Explorer._cite,
    "keep": Explorer._keep,
}


_TYPES = {"png": "image/png", "svg": "image/svg+xml", "csv": "text/csv;charset=utf-8"}


def _file(name: str, content: bytes) -> dict:
    coded = base64.b64encode(content).decode("ascii")
    return {"name": name, "type": _TYPES[name.rpartition(".")[2]], "base64": coded}


def _plain(text) -> str:
    """Free text on one line; a sheet must not take it for a formula."""
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", str(text or "")).strip()[:LONGEST_COMMENT]
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _key(shown) -> str:
    """What the markers of a view mean, as its downloaded figure tells it."""
    frames = shown.judged and [frame for frame, _, _ in shown.judged] or shown.data
    return style.evidence_key(frames)


def _drawn(picture, narrow: bool, beside: int) -> dict:
    """A picture as svg, with its points as shares of its width and height."""
    import matplotlib.pyplot as plt

    width = WIDE if beside == 1 else HALF
    if narrow and not picture.fixed:
        width = NARROW
    fig = picture.draw(width)
    try:
        buffer = io.BytesIO()
        fig.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator")))
        places, ax = [], fig.axes[0]
        found = picture.points()
        if found:
            spots = ax.transData.transform([(x, y) for x, y, _ in found])
            spots = spots / [fig.bbox.width, fig.bbox.height]
            places = [
                [round(float(x), 4), round(1 - float(y), 4), pairs]
                for (x, y), (_, _, pairs) in zip(spots, found, strict=True)
            ]
    finally:
        plt.close(fig)
    return {
        "svg": base64.b64encode(buffer.getvalue()).decode("ascii"),
        "points": places,
        "title": picture.title,
        "alt": picture.alt,
        "fixed": picture.fixed,
        "ratio": float(fig.get_figheight() / fig.get_figwidth()),
    }


def _whole(shown):
    """One figure to take away: two settings one above the other."""
    if len(shown.pictures) == 1:
        fig = shown.pictures[0].draw(WIDE)
        style.title(fig, shown.title)
        return fig
    import matplotlib.image as image
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(len(shown.pictures), 1, figsize=style.figsize(WIDE, 170))
    for ax, picture in zip(axes, shown.pictures, strict=True):
        part = picture.draw(WIDE)
        buffer = io.BytesIO()
        part.savefig(buffer, format="png", dpi=200)
        plt.close(part)
        buffer.seek(0)
        ax.imshow(image.imread(buffer))
        ax.set_axis_off()
        ax.set_title(picture.title)
    style.title(fig, shown.title)
    return fig


def _sources_html(names) -> str:
    """Sources as a list; linked only where the table holds an address of the publisher's."""
    items = []
    for key, row in names.iterrows():
        text = escape(f"{row['publisher']}：{row['title']} [{key}]")
        url = row["url"]
        if isinstance(url, str) and re.match(r"https?://", url):
            text = (
                f"<a href='{escape(url, quote=True)}' rel='noreferrer' target='_blank'>{text}</a>"
            )
        items.append(f"<li>{text}</li>")
    return f"<h2>{tr('来源', 'sources')}</h2><ol>{''.join(items)}</ol>" if items else ""


def _page_words() -> dict:
    return {
        "lang": tr("English", "中文"),
        "views": tr("视图", "views"),
        "controls": tr("设定", "settings"),
        "reset": tr("恢复登记的设定", "as registered"),
        "keep": tr("保存此设定", "save this setting"),
        "reviewer": tr("评审人", "reviewer"),
        "comment": tr("意见", "comment"),
        "png": tr("下载 png", "download png"),
        "svg": tr("下载 svg", "download svg"),
        "csv": tr("下载 csv", "download csv"),
        "cite": tr("复制引用", "copy citation"),
        "link": tr("复制地址", "copy address"),
        "copied": tr("已复制", "copied"),
        "saved": tr("已下载", "downloaded"),
        "busy": tr("计算中…", "computing…"),
        "lost": tr(
            "与计算进程的连接断开，请重新载入本页；设定在地址中，不会丢失",
            "the connection to the kernel is lost: reload; the setting is in the address",
        ),
        "points": tr(
            "移动鼠标、点按，或用左右方向键查看每个点的数据行与来源",
            "hover, tap, or use the left and right arrow keys to see a point's row and source",
        ),
        "problems": tr("地址或输入有误：", "the address or entry is wrong: "),
        "spent": [
            tr("启动", "start"),
            tr("程序库", "libraries"),
            tr("数据表", "tables"),
            tr("绘图", "figure"),
        ],
        "began": tr("本页就绪用时", "this page was ready after"),
    }
