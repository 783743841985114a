"""A reviewer's panel: move one assumption, see the fan and the verdict move, keep the setting."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from xc_analysis.assessment import assess
from xc_analysis.errors import InputError
from xc_analysis.projection import METHODS, PHI
from xc_analysis.tables import load
from xc_analysis.verdicts import register
from xc_analysis.verdicts.scorecard import judged_rows, known_series
from xc_analysis.verdicts.targets import read_by, read_target

FILE = "settings.csv"
_MODES = ("wider", "with", "without")


@dataclass(frozen=True)
class Setting:
    """What a reviewer may move for one indicator; ``exceptional`` is wider, with or without."""

    indicator: str
    scope: str
    plan: str
    source: str
    fit_from: int
    fit_to: int
    method: str
    phi: float
    prior_sd: float | None
    exceptional: str
    reading: str


def registered(judged, *, scope, plan, as_of) -> Setting:
    """The setting that the register holds for one line of the scorecard."""
    settings, frame = judged.settings, judged.series
    years = frame.index[frame["value"].notna()] if len(frame) else ()
    first, last = settings["window"] or (None, None)
    return Setting(
        indicator=judged.line["indicator"],
        scope=scope,
        plan=plan,
        source=frame.attrs.get("source") or "published",
        fit_from=int(first if first is not None else min(years, default=as_of)),
        fit_to=int(min(as_of, last if last is not None else as_of)),
        method=settings["method"],
        phi=PHI if settings["phi"] is None else settings["phi"],
        prior_sd=settings["prior_sd"],
        exceptional=_MODES[0],
        reading=str(judged.target["reading"]) if judged.target is not None else "",
    )


def judge_setting(frame, target, setting, exceptional_years, *, as_of):
    """The assessment of a series under a setting.

    Parameters
    ----------
    frame : pandas.DataFrame
        As :func:`xc_analysis.series` returns it.
    target : mapping or Series
    setting : Setting
    exceptional_years : sequence of int
        Years that the register calls exceptional.
    as_of : int

    Returns
    -------
    Assessment
    """
    aim = replace(read_target(target), reading=setting.reading)
    if setting.reading and read_by(aim, setting.reading) is None:
        raise InputError(
            f"{setting.indicator}: reading {setting.reading!r} holds no comparator and number; "
            "write it as `<= 35`"
        )
    odd = tuple(exceptional_years)
    return assess(
        frame,
        aim,
        method=setting.method,
        window=(setting.fit_from, setting.fit_to),
        exclude=odd if setting.exceptional == "without" else (),
        exceptional=odd if setting.exceptional == "wider" else (),
        phi=setting.phi,
        prior_sd=setting.prior_sd,
        as_of=as_of,
    )


def review_dir(folder=None) -> Path:
    """Folder of a review: the argument, else ``$XC_REVIEW``, else ``review`` where one works."""
    return Path(folder or os.environ.get("XC_REVIEW") or "review")


def write_setting(setting, assessment, *, folder=None, reviewer="", comment="") -> Path:
    """Add a setting and the verdict it gave to the review's ``settings.csv``.

    Parameters
    ----------
    setting : Setting
    assessment : Assessment
    folder : path, optional
        See :func:`review_dir`; made if it is not there.
    reviewer, comment : str

    Returns
    -------
    pathlib.Path
        The file, one row longer.
    """
    path = review_dir(folder) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = assessment.under_reading or assessment
    p = "" if shown.p_meet != shown.p_meet else f"{shown.p_meet:.4f}"
    row = asdict(setting) | {
        "verdict": assessment.verdict,
        "verdict_under_reading": assessment.verdict_under_reading,
        "p": p,
        "formula": shown.formula,
        "reviewer": reviewer,
        "reviewed_on": date.today().isoformat(),
        "comment": comment,
    }
    row = {k: "" if v is None else v for k, v in row.items()}
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)
    return path


class _Bench:
    """What the panel holds between two moves: the lines, and series already read."""

    def __init__(self, scope, plan, as_of, data):
        self.scope, self.plan, self.as_of, self.data = scope, plan, as_of, data
        judged = judged_rows(scope=scope, plan=plan, as_of=as_of, data=data)
        self.lines = {j.line["indicator"]: j for j in judged if j.target is not None}
        self.tables = {
            "assumptions": load("assumptions", data=data),
            "observations": load("observations", data=data),
            "air": load("air/annual", data=data),
        }
        self._series = {(i, j.series.attrs.get("source")): j.series for i, j in self.lines.items()}

    def series(self, indicator, source):
        key = indicator, source
        if key not in self._series:
            settings = self.lines[indicator].settings | {"source": source}
            self._series[key] = known_series(
                indicator, self.scope, settings, self.tables, self.data
            )
        return self._series[key]

    def sources(self, indicator):
        return [
            s
            for s in ("station", "published")
            if self.series(indicator, s).attrs.get("source") == s and len(self.series(indicator, s))
        ] or ["published"]

    def readings(self, indicator):
        offered = register.readings(indicator, plan=self.plan, scope=self.scope, data=self.data)
        return list(dict.fromkeys(r for r in offered["reading"] if isinstance(r, str)))

    def judge(self, setting):
        judged = self.lines[setting.indicator]
        frame = self.series(setting.indicator, setting.source)
        return frame, judge_setting(
            frame, judged.target, setting, judged.settings["exceptional"], as_of=self.as_of
        )


def picture(frame, judged, assessment, setting, *, as_of, dpi=110) -> bytes:
    """PNG of one setting: what was fitted, the fan, the target and what came after."""
    import matplotlib.pyplot as plt

    from xc_analysis import plots, style
    from xc_analysis.drawing import palette

    shown = assessment.under_reading or assessment
    known = frame[frame.index <= as_of]
    later = frame[frame.index > as_of]
    known.attrs = later.attrs = frame.attrs
    read = assessment.under_reading is not None
    empty = not len(known) or not known["value"].notna().any()
    fig, ax = plt.subplots(figsize=style.figsize(130, 66))
    try:
        plots.plot_target(
            None if empty else known,
            target=None if read else judged.target,
            projection=shown.projection if shown.projection is not None else None,
            outturn=later if len(later) else None,
            missing=style.tr(assessment.why_zh, assessment.why),
            name=judged.line[style.tr("name_zh", "name_en")],
            ax=ax,
            label="none",
        )
        if read and not empty:
            ax.axhline(shown.aim.value, color=palette.CITY, lw=1, ls="--", zorder=3)
            name = ax.annotate(
                style.tr("读法 ", "reading ") + shown.aim.text,
                (0, shown.aim.value),
                xycoords=("axes fraction", "data"),
                xytext=(2, 2),
                textcoords="offset points",
                size=6.4,
                color=palette.CITY,
                annotation_clip=True,
            )
            name.set_in_layout(False)
        if shown.projection is not None:
            ax.axvspan(
                setting.fit_from - 0.4, setting.fit_to + 0.4, color=palette.SHADE, lw=0, zorder=0.4
            )
        buffer = io.BytesIO()
        fig.savefig(buffer, format="png", dpi=dpi)
    finally:
        plt.close(fig)
    return buffer.getvalue()


def words(assessment, setting) -> str:
    """Verdict and components of a setting as a small HTML table in both languages."""
    from html import escape

    shown = assessment.under_reading or assessment
    parts = shown.components
    rows = [("判断 verdict", f"{assessment.verdict_zh} / {assessment.verdict}")]
    if assessment.under_reading:
        rows.append((f"按读法 under {assessment.reading}", f"{shown.verdict_zh} / {shown.verdict}"))
    if shown.p_meet == shown.p_meet:
        rows.append(("P(meet)", f"{shown.p_meet:.3f}"))
    if "median" in parts:
        rows.append(
            (
                "中位数与80%区间 median, 80 %",
                f"{parts['median']:.4g} ({parts['lower_80']:.4g} – {parts['upper_80']:.4g})",
            )
        )
    if shown.margin == shown.margin:
        rows.append(("余量 margin", f"{shown.margin:.4g}"))
    if "required_rate" in parts and parts["required_rate"] == parts["required_rate"]:
        rows.append(
            (
                "所需与以往变率 needed and past rate",
                f"{parts['required_rate']:+.1f} / {parts.get('past_rate', float('nan')):+.1f} %/a",
            )
        )
    rows += [
        ("n, 等级 grade", f"{shown.n}, {shown.grade}"),
        ("标记 flags", "；".join(shown.flags_zh) + " / " + "; ".join(shown.flags_en)),
        ("算式 formula", shown.formula),
        ("说明 why", f"{assessment.why_zh} / {assessment.why}"),
    ]
    cells = "".join(
        f"<tr><td style='padding-right:1em;color:#6B6B6B'>{escape(k)}</td><td>{escape(v)}</td></tr>"
        for k, v in rows
        if v.strip(" /")
    )
    return f"<table style='font-size:90%'>{cells}</table>"


def panel(*, scope, plan, as_of, data=None, folder=None):
    """Widgets that move the setting of one indicator and redraw fan, verdict and components.

    Parameters
    ----------
    scope, plan : str
    as_of : int
        Last year used; what came later is drawn over the fan and never fitted.
    data : path, optional
    folder : path, optional
        Where the button writes, see :func:`review_dir`.

    Returns
    -------
    ipywidgets.VBox
        Its attribute ``controls`` names the widgets. Without a live kernel behind it the
        first, registered setting is what one sees.
    """
    import ipywidgets as w

    bench = _Bench(scope, plan, as_of, data)
    wide = {"style": {"description_width": "8em"}, "layout": w.Layout(width="26em")}
    drag = {"continuous_update": False} | wide
    first = next(iter(bench.lines))
    for indicator, judged in bench.lines.items():
        if (judged.assessment.under_reading or judged.assessment).projection is not None:
            first = indicator
            break
    names = [
        (f"{j.line['plan_row']} {j.line['name_zh']} / {j.line['name_en']}", i)
        for i, j in bench.lines.items()
    ]
    c = {
        "indicator": w.Dropdown(options=names, value=first, description="指标 indicator", **wide),
        "source": w.Dropdown(options=["station"], description="来源 source", **wide),
        "window": w.IntRangeSlider(
            value=(as_of - 5, as_of), min=as_of - 8, max=as_of, description="时段 window", **drag
        ),
        "method": w.Dropdown(options=METHODS, value="blend", description="模型 model", **wide),
        "phi": w.FloatSlider(
            value=PHI, min=0.5, max=1.0, step=0.05, description="阻尼 phi", **drag
        ),
        "prior": w.BoundedFloatText(
            value=0.08, min=0.001, max=5, step=0.01, description="先验 prior sd", **wide
        ),
        "exceptional": w.Dropdown(
            options=[
                ("取较宽 the wider of both", "wider"),
                ("含 with it", "with"),
                ("不含 without it", "without"),
            ],
            description="特殊末年 odd year",
            **wide,
        ),
        "reading": w.Combobox(value="", options=[], description="读法 reading", **wide),
        "reviewer": w.Text(description="评审人 reviewer", **wide),
        "comment": w.Text(description="意见 comment", **wide),
        "keep": w.Button(description="记下此设定 keep this setting", layout=w.Layout(width="20em")),
        "reset": w.Button(description="恢复登记 as registered", layout=w.Layout(width="14em")),
    }
    image, text, note = w.Image(format="png"), w.HTML(), w.HTML()
    state = {"quiet": False, "setting": None, "assessment": None}

    def load_registered(*_):
        indicator = c["indicator"].value
        judged = bench.lines[indicator]
        setting = registered(judged, scope=scope, plan=plan, as_of=as_of)
        state["quiet"] = True
        c["source"].options = bench.sources(indicator)
        c["source"].value = setting.source if setting.source in c["source"].options else None
        c["window"].min = min(setting.fit_from, as_of - 8)
        c["window"].value = (setting.fit_from, setting.fit_to)
        c["method"].value, c["phi"].value = setting.method, setting.phi
        c["prior"].value = setting.prior_sd or 0.08
        c["prior"].disabled = setting.prior_sd is None
        c["exceptional"].value = setting.exceptional
        c["reading"].options = bench.readings(indicator)
        c["reading"].value = setting.reading
        c["reading"].disabled = judged.target["kind"] not in ("delegated", "qualitative")
        state["quiet"] = False
        redraw()

    def redraw(*_):
        if state["quiet"]:
            return
        setting = Setting(
            indicator=c["indicator"].value,
            scope=scope,
            plan=plan,
            source=c["source"].value or "published",
            fit_from=c["window"].value[0],
            fit_to=c["window"].value[1],
            method=c["method"].value,
            phi=c["phi"].value,
            prior_sd=None if c["prior"].disabled else c["prior"].value,
            exceptional=c["exceptional"].value,
            reading="" if c["reading"].disabled else c["reading"].value,
        )
        try:
            frame, assessment = bench.judge(setting)
        except InputError as error:
            text.value, state["assessment"] = f"<b>{error}</b>", None
            return
        state["setting"], state["assessment"] = setting, assessment
        judged = bench.lines[setting.indicator]
        image.value = picture(frame, judged, assessment, setting, as_of=as_of)
        text.value, note.value = words(assessment, setting), ""

    def keep(*_):
        if state["assessment"] is None:
            note.value = "此设定没有结果 / this setting has no result"
            return
        path = write_setting(
            state["setting"],
            state["assessment"],
            folder=folder,
            reviewer=c["reviewer"].value,
            comment=c["comment"].value,
        )
        note.value = f"已写入 written: {path}"

    c["indicator"].observe(load_registered, "value")
    for name in ("source", "window", "method", "phi", "prior", "exceptional", "reading"):
        c[name].observe(redraw, "value")
    c["keep"].on_click(keep)
    c["reset"].on_click(load_registered)
    load_registered()
    left = w.VBox([v for k, v in c.items() if k not in ("keep", "reset")])
    box = w.VBox([w.HBox([left, w.VBox([image, text])]), w.HBox([c["keep"], c["reset"]]), note])
    box.controls = c | {"image": image, "text": text, "note": note}
    return box
