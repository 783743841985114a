"""What the explorer can be asked: names, series and verdicts of one folder of tables, kept."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ..errors import InputError
from ..evidence import series
from ..projection import METHODS, PHI
from ..tables import load
from ..verdicts import register
from ..verdicts.review import Setting, judge_setting
from ..verdicts.scorecard import judged_rows, scorecard
from .explorer_state import Choice, State

FIRST = "pm25"  # what a reader sees first where the plan has it
PLAN = "十四五"


class Book:
    """Names, series and verdicts of a folder of tables, each read or computed once.

    Parameters
    ----------
    data : path, optional
        Folder of the tables.
    """

    methods = METHODS

    def __init__(self, data=None):
        self.data = data
        self.names = load("indicators", data=data).set_index("indicator")
        self.observations = load("observations", data=data)
        self.annual = load("air/annual", data=data)
        self.targets = load("targets", data=data)
        self.source_names = load("sources", data=data).set_index("source_id")
        self.cited = self.source_names.to_dict("index")
        self.rows = self.observations.drop_duplicates("obs_id").set_index("obs_id").to_dict("index")
        self._kept: dict = {}

    def _keep(self, key, make):
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def scopes(self, view: str) -> list[str]:
        """Areas that a view can show, those with a plan first."""
        if view == "calendar":
            return [s for s in self.scopes("series") if self.days(s) is not None]
        if view != "series":
            return [s for s in self.scopes("series") if self._lined(s)]

        def make():
            planned = self.targets["scope"].dropna().value_counts().index
            published = self.observations[self.observations["use"]]["scope"]
            known = pd.concat([self.annual["scope"], published]).dropna().unique()
            district = [s for s in planned if s in set(self.annual["scope"])]
            return list(dict.fromkeys([*district, *(s for s in planned if s in known), *known]))

        return self._keep("scopes", make)

    def _lined(self, scope: str) -> list[str]:
        def make():
            lines = set(self.names.index[self.names["plan_row"].notna()])
            own = self.targets[
                (self.targets["scope"] == scope) & self.targets["indicator"].isin(lines)
            ]
            return list(own["plan"].value_counts().index)

        return self._keep(("plans", scope), make)

    def plans(self, scope: str) -> list[str]:
        """Plans with a line of the table of indicators in an area, the most lines first."""
        return self._lined(scope) or list(self.targets["plan"].value_counts().index[:1])

    def lines(self, scope: str, plan: str) -> dict:
        """The judged lines of a plan that have a target, by indicator."""

        def make():
            as_of = self.known(scope, plan)
            judged = judged_rows(scope=scope, plan=plan, as_of=as_of, data=self.data)
            return {j.line["indicator"]: j for j in judged if j.target is not None}

        return self._keep(("lines", scope, plan), make)

    def known(self, scope: str, plan: str) -> int:
        """Last year before the plan began: what its authors could know."""
        rows = self.targets[(self.targets["scope"] == scope) & (self.targets["plan"] == plan)]
        years = rows["base_year"].dropna()
        if years.empty:
            years = rows["target_year"].dropna() - 5
        return int(years.max()) if len(years) else int(self.annual["year"].max())

    def indicators(self, scope: str, view: str, plan: str) -> list[str]:
        """Indicators that a view can show, in the register's order."""
        if view in ("projection", "compare"):
            return list(self.lines(scope, plan))

        def make():
            use = self.observations
            use = use[(use["scope"] == scope) & use["use"]]
            own = use["indicator"].map(self.names["statistic"]) == use["statistic"]
            period = (use["period"] == "annual") | use["period"].str.fullmatch(r"\d{4}-\d{2}")
            seen = set(use["indicator"][own & period.fillna(False).astype(bool)])
            seen |= set(self.annual["indicator"][self.annual["scope"] == scope])
            return [i for i in self.names.index if i in seen]

        return self._keep(("indicators", scope), make)

    def sources(self, scope: str, indicator: str) -> list[str]:
        """Of "station" and "published", the annual series that exist."""

        def make():
            return [
                name
                for name in ("station", "published")
                if self.series(indicator, scope, name, "observed", "raw") is not None
            ]

        return self._keep(("sources", scope, indicator), make)

    def others(self, indicator: str, scope: str) -> list[str]:
        """Other areas with published or computed annual values of an indicator."""

        def make():
            rows = self.observations
            rows = rows[rows["use"] & (rows["period"] == "annual")]
            both = pd.concat([t[t["indicator"] == indicator]["scope"] for t in (rows, self.annual)])
            return [s for s in both.dropna().unique() if s != scope]

        return self._keep(("others", indicator, scope), make)

    def series(self, indicator, scope, source, partial, basis, freq="annual"):
        """One series, or None where there is none."""

        def make():
            try:
                return series(
                    indicator,
                    scope=scope,
                    source=source,
                    partial=partial,
                    basis="raw" if source == "published" else basis,
                    freq=freq,
                    data=self.data,
                )
            except InputError:
                return None

        return self._keep((indicator, scope, source, partial, basis, freq), make)

    def start(self, lang: str) -> State:
        """The page that an empty address shows."""

        def make():
            scope = self.scopes("projection")[0]
            plans = self.plans(scope)
            plan = PLAN if PLAN in plans else plans[0]
            there = self.indicators(scope, "projection", plan)
            indicator = FIRST if FIRST in there else there[0]
            blank = Choice("", "raw", "estimate", 2000, 2001, "blend", PHI, None, "wider", "")
            state = State(
                "projection", "zh", scope, plan, indicator, "both", "annual", "", 2000, 2001,
                self.known(scope, plan), blank, blank,
            )  # fmt: skip
            return self.settled(state)

        return replace(self._keep("start", make), lang=lang)

    def settled(self, state: State, *, keep: bool = False) -> State:
        """The state with an indicator that its view has, and the register's setting of it.

        ``keep`` leaves the setting of an indicator that stays.
        """
        scopes = self.scopes(state.view)
        if state.scope not in scopes:
            state, keep = replace(state, scope=scopes[0]), False
        if state.plan not in self.plans(state.scope):
            state, keep = replace(state, plan=self.plans(state.scope)[0]), False
        there = self.indicators(state.scope, state.view, state.plan)
        if state.indicator in there and keep:
            return state
        if state.indicator not in there:
            if not there:
                there = [FIRST]
            state = replace(state, indicator=FIRST if FIRST in there else there[0])
        known = self.known(state.scope, state.plan)
        a, b = self.registered(state.scope, state.plan, state.indicator, known)
        first, last = self.span(state.indicator, state.scope)
        return replace(
            state, known=known, a=a, b=b, first=first, last=last, other="", show="both",
            freq="annual",
        )  # fmt: skip

    def span(self, indicator: str, scope: str) -> tuple[int, int]:
        """First and last year with annual evidence."""
        years = [
            int(year)
            for source in ("station", "published")
            if (frame := self.series(indicator, scope, source, "observed", "raw")) is not None
            for year in (frame.index.min(), frame.index.max())
        ]
        return (min(years), max(years)) if years else (2000, 2025)

    def registered(self, scope, plan, indicator, known) -> tuple[Choice, Choice]:
        """The register's setting, and the same with an exceptional last year counted."""
        judged = self.lines(scope, plan).get(indicator)
        settings = judged.settings if judged is not None else {}
        there = self.sources(scope, indicator)
        wanted = settings.get("source")
        first, last = settings.get("window") or (None, None)
        span = self.span(indicator, scope)
        fit_to = min(known, last if last is not None else known)
        fit_from = first if first is not None else span[0]
        phi = settings.get("phi")
        choice = Choice(
            source=wanted if wanted in there else (there[0] if there else "published"),
            basis=settings.get("basis", "raw"),
            partial=settings.get("partial", "estimate"),
            fit_from=int(min(fit_from, fit_to - 1)),
            fit_to=int(fit_to),
            method=settings.get("method", "blend"),
            phi=PHI if phi is None else float(phi),
            prior=settings.get("prior_sd"),
            odd="wider",
            reading=str(judged.target["reading"] or "") if judged is not None else "",
        )
        return choice, replace(choice, odd="with")

    def setting(self, state: State, choice: Choice) -> Setting:
        """A choice in the form that reviews keep."""
        return Setting(
            indicator=state.indicator, scope=state.scope, plan=state.plan, source=choice.source,
            fit_from=choice.fit_from, fit_to=choice.fit_to, method=choice.method, phi=choice.phi,
            prior_sd=choice.prior, exceptional=choice.odd, reading=choice.reading,
        )  # fmt: skip

    def judge(self, state: State, choice: Choice):
        """(series, assessment) of a choice.

        Raises
        ------
        InputError
            A setting that cannot be fitted.
        """
        judged = self.lines(state.scope, state.plan)[state.indicator]
        frame = self.series(
            state.indicator, state.scope, choice.source, choice.partial, choice.basis
        )
        if frame is None:
            frame = judged.series
        setting = self.setting(state, choice)
        return frame, judge_setting(
            frame, judged.target, setting, judged.settings["exceptional"], as_of=state.known
        )

    def scorecard(self, state: State) -> pd.DataFrame:
        """The plan's table, judged with what was known by the state's year."""
        key = ("scorecard", state.scope, state.plan, state.known)
        return self._keep(
            key,
            lambda: scorecard(
                scope=state.scope, plan=state.plan, as_of=state.known, data=self.data
            ),
        )

    def readings(self, state: State) -> list[str]:
        """Readings that the register offers for the indicator's target."""
        offered = register.readings(
            state.indicator, plan=state.plan, scope=state.scope, data=self.data
        )
        return list(dict.fromkeys(r for r in offered["reading"] if isinstance(r, str)))

    def days(self, scope: str) -> pd.DataFrame | None:
        """Daily record of an area; None where there is none."""

        def make():
            table = load("air/daily", data=self.data)
            own = table[table["scope"] == scope]
            return own if len(own) else None

        return self._keep(("days", scope), make)
