"""One evaluation of the plan, told in Word, HTML and a workbook."""

import tempfile
from collections.abc import Iterator
from functools import cache, cached_property
from math import isnan, nan
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from .air import causes
from .assessment import assumption_effects, next_plan, registered_assessment, scorecard
from .comparability import reference_state
from .errors import InputError
from .evidence import series, sources_of
from .fits import projection
from .observations import HOME
from .plan_statements import commitments, statements
from .plots.tables import short_verdict
from .style import bracket, number, odds, percent, shortest, subscripts
from .tables import load
from .targets import shown_level, text_of
from .words import amount, clauses, difference_unit, named, tr, unit_name, use_language, word

GROUPS = {
    "met": ("met", "met_provisional"),
    "not_met": ("not_met", "not_met_provisional"),
    "open": ("open", "open_provisional"),
    "no_value": ("no_value_for_target_year",),
}
COUNTED = "all level delegated qualitative judged met not_met open no_value not_judged".split()
TABLE_2 = "no category name unit attribute first base target latest outturn change verdict"
TABLE_2 = [*TABLE_2.split(), "in_charge", "grounds"]
# the report looks among these for what improved, and for a standard exceeded
WATCHED = "pm25 heavy_days good_day_ratio no2 park_500m_coverage green_cover".split()
LIMITS = {"o3_8h_p90": 160, "pm25": 35, "no2": 40, "pm10": 70}


def build(lang: str, out: Path | str, *, figures: Path | str | None = None) -> list[Path]:
    """Write the report of a language, ``xc-report-{lang}`` as docx, html and xlsx; return paths."""
    from .documents import Text, write_html, write_word
    from .workbook import write_workbook

    drawn = Path(__file__).resolve().parents[1] / "figures" / lang  # the project's
    stem, before = Path(out) / f"xc-report-{lang}", use_language(lang)
    try:
        with tempfile.TemporaryDirectory(prefix="xc-") as folder:
            text = Text(Evaluation(Path(figures or drawn)), Path(folder))
            stem.parent.mkdir(parents=True, exist_ok=True)
            return [
                write_word(text, stem.with_suffix(".docx")),
                write_html(text, stem.with_suffix(".html")),
                write_workbook(text, stem.with_suffix(".xlsx")),
            ]
    finally:
        use_language(before)


def _known(name: str, scope: str = HOME, source: str | None = None) -> pd.DataFrame | None:
    try:
        return series(name, scope=scope, source=source)
    except InputError:
        return None


class Fact(SimpleNamespace):
    """A value with its year and status, and as the report tells it: number, unit, range, dated."""

    def __str__(self) -> str:
        return amount(self.number, self.unit)


class Evaluation:
    """Everything that the report says, in the language in force."""

    def __init__(self, figures: Path) -> None:
        self.lang, self.figures = tr("zh", "en"), figures
        self.card = scorecard()
        self.as_of = self.card.attrs["as_of"]
        self.target_year = int(self.card["target_year"].iloc[0])
        self.judged = {name: registered_assessment(name) for name in self.card["indicator"]}
        self.before = scorecard(as_of=2020).set_index("indicator")
        seen = projection("pm25", as_of=2020).frame.at[self.target_year, "median"]
        self.seen_2020 = f"{seen:.0f}"
        self.register = load("indicators").set_index("indicator")
        self.promises, self.checked = commitments(), statements()
        self.states, self.exceedances, self.heavy = reference_state(), causes(), causes(200)
        self.last_day = str(load("air/daily")["date"].max())[:10]
        self.drafts = bool(self.card["latest_status"].eq("draft").any())
        own = load("observations").query("use")["release"], load("projects")["release"]
        self.internal = any(release.eq("internal").any() for release in own)
        self.frame = cache(_known)

    def fact(self, name: str, year: int | None = None, scope: str = HOME, source=None):
        """Return the value of a year, by default the last one on record; None if unknown."""
        frame = self.frame(name, scope, source)
        if frame is None or (year is not None and year not in frame.index):
            return None
        year = int(frame.index[-1] if year is None else year)
        row, attrs = frame.loc[year], frame.attrs
        computed = attrs["source"] == "station" and attrs["unit"] != "d"
        decimals = max(int(attrs["decimals"]), int(computed))
        sign, known = "", row["value"]
        if isnan(known):
            sign, known = ("≤", row["upper"]) if isnan(row["lower"]) else ("≥", row["lower"])
        told = {"number": sign + number(known, decimals), "unit": unit_name(attrs["unit"])}
        if not isnan(row["lower"] - row["upper"]):
            ends = {"low": number(row["lower"], 1), "high": number(row["upper"], 1)}
            told["range"] = word("range", **ends)
        status = "draft" if row["release"] == "draft" else row["status"]
        told |= {"status": status, "status_word": word(f"status_short.{status}")}
        told["dated"] = bracket(told["number"], f"{year}{tr('，', ', ')}{told['status_word']}")
        return Fact(indicator=name, year=year, value=row["value"], decimals=decimals, **told)

    def stated(self, name: str, period) -> str:
        """Return the value published for a month, or for a year of the whole district."""
        rows = load("observations").query("use and scope == @HOME and indicator == @name")
        told = rows["period"].where(rows["period"] != "annual", rows["year"].astype(str))
        for row in rows[told == str(period)].tail(1).to_dict("records"):
            text = number(row["value"], self.register.at[name, "decimals"])
            return amount(text, unit_name(row["unit"]))
        return "—"

    def name(self, indicator: str, *, plan: bool = True) -> str:
        """Return an indicator's name: the plan's where Table 2 has it, else the register's."""
        row = self.register.loc[indicator]
        planned = text_of(row, f"plan_name_{self.lang}") if plan else ""
        return subscripts(planned or row[f"name_{self.lang}"])

    def short(self, indicator: str) -> str:
        """Return a name as it stands within a sentence."""
        name = self.name(indicator, plan=self.lang == "zh")
        return name[0].lower() + name[1:] if name[1:2].islower() else name

    def change(self, first: Fact, last: Fact) -> str:
        """Tell a change between two values of a series: points, days or per cent."""
        gap = last.value - first.value
        if last.indicator.endswith("days"):
            told = amount(f"{abs(gap):.0f}", last.unit)
            return word("report.fewer" if gap < 0 else "report.more", amount=told)
        told = percent(abs(100 * gap / first.value))
        if last.unit == "%":
            points = round(last.value, 1) - round(first.value, 1)
            told = amount(f"{abs(points):.1f}", word("unit.pp"))
        up = "improved" if self.frame(last.indicator).attrs["better"] == "higher" else "rose"
        return word(f"report.{up if gap > 0 else 'fell'}", amount=told)

    def since_base(self, name: str) -> str:
        """Tell the change since 2020 on one series; a dash where there is no later value."""
        last, base = self.fact(name), self.fact(name, 2020)
        known = last and base and last.year > 2020 and not isnan(last.value - base.value)
        return self.change(base, last) if known else "—"

    def margin(self, name: str) -> str:
        """Tell the distance of the latest value to the target."""
        text = shortest(abs(self.judged[name].margin))
        return amount(text, unit_name(difference_unit(self.frame(name).attrs["unit"], text)))

    @cached_property
    def rows(self) -> list[dict]:
        """One row per line of Table 2, as every form of the report tells it."""
        printed = load("targets").dropna(subset=["plan_row"])
        printed = printed[printed["plan"] == "十四五"].set_index("indicator")
        cards = self.card.to_dict("records")
        return [self._row(card, printed.loc[card["indicator"]]) for card in cards]

    def _row(self, card: dict, printed: pd.Series) -> dict:
        name, unit, target = card["indicator"], card["unit"], printed["target_printed"]
        one, first, last = self.judged[name], self.fact(name, 2015), self.fact(name)
        if card["kind"] != "level":
            target = word(f"report.asked_{card['kind']}")
        elif target == "达到市级要求":  # handed down since, and entered by its holder
            target = shown_level(card["comparator"], shortest(card["target"]))
        outturn = word("report.no_value")
        if not isnan(card["outturn"]):
            fact = self.fact(name, self.target_year)
            provisional = word("report.provisional", status=fact.status_word)
            firm = fact.status == "printed"
            outturn = fact.number if firm else bracket(fact.number, provisional)
        why = str(one.why)
        if one.key == "no_value_for_target_year":
            key = "report.why_margin" if one.margin >= 0 else "report.why_gap"
            why = word(key, year=one.latest_year, amount=self.margin(name))
        return {
            "no": card["plan_row"],
            "category": self.register.at[name, f"plan_category_{self.lang}"],
            "name": subscripts(card[f"name_{self.lang}"]),
            "unit": named("plan_unit", unit),
            "attribute": word(f"attribute.{card['attribute']}"),
            "first": bracket(first.number, first.status_word) if first else "—",
            "base": str(printed["base_printed"]).replace("/", "—"),
            "target": target,
            "latest": last.dated if last else "—",
            "outturn": outturn,
            "change": self.since_base(name),
            "verdict": one.label(),
            "in_charge": "",
            "grounds": tr("。", "; ").join(filter(None, (why, self.reading(one)))),
            "short": self.short(name),
            "year": one.latest_year,
            "indicator": name,
            "key": one.key,
            "one": one,
        }

    def reading(self, one) -> str:
        """Tell what the city's number or a registered reading would imply; never a verdict."""
        read = one.under_reading
        if read is None:
            return ""
        key = "report.under_city" if "_city" in one.target.reading_id else "report.under_reading"
        return word(key, asked=read.target.text, verdict=read.label())

    def count(self, attribute: str | None = None) -> dict[str, int]:
        """Count the targets; told everywhere from here."""
        card = self.card if attribute is None else self.card[self.card["attribute"] == attribute]
        keys = card["indicator"].map(lambda name: self.judged[name].key)
        told = {name: int(keys.isin(group).sum()) for name, group in GROUPS.items()}
        told |= {k: int((card["kind"] == k).sum()) for k in ("delegated", "qualitative")}
        told["all"] = len(card)
        told["level"] = told["all"] - told["delegated"] - told["qualitative"]
        told["judged"] = told["met"] + told["not_met"] + told["open"]
        return told | {"not_judged": told["all"] - told["judged"] - told["no_value"]}

    @property
    def already_better(self) -> list[dict]:
        """Rows without a value of the target year whose latest value is better than the target."""
        return [r for r in self.rows if r["key"] in GROUPS["no_value"] and r["one"].margin > 0]

    @property
    def improved(self) -> list[dict]:
        """Three that came closer to their ideal since 2015, at most two of one theme."""
        found = []
        for name in WATCHED:
            first, base, last = (self.fact(name, year) for year in (2015, 2020, None))
            if not (first and base):
                continue
            attrs, later = self.frame(name).attrs, last.year > 2020
            up = attrs["better"] == "higher"
            ideal = 100 if up else 0
            row = {"first": first, "base": base, "last": last if later else None, "up": up}
            # the plan's text gives park coverage for the whole district, unlike its Table 2
            row |= {"name": self.name(name, plan=False), "theme": attrs["theme"], "state": ""}
            row["change"] = self.since_base(name) if later else self.change(first, base)
            row["left"] = abs(last.value - ideal) / abs(first.value - ideal)
            if name in self.states.index:  # from before September 2018
                row["state"] = percent(-self.states.at[name, "new_percent"])
            found.append(row)
        found = sorted((r for r in found if r["left"] < 1), key=lambda r: r["left"])
        themes = [row["theme"] for row in found]
        return [r for i, r in enumerate(found) if themes[:i].count(r["theme"]) < 2][:3]

    def _risk(self, kind: str, name: str) -> dict:
        told = {"kind": kind, "indicator": name, "name": self.name(name), "fact": self.fact(name)}
        if kind == "limit":
            return told | {"limit": LIMITS[name]}
        share = abs(self.judged[name].margin / self.judged[name].target.value)
        return told | {"margin": self.margin(name), "share": share}

    @property
    def risks(self) -> list[dict]:
        """Targets missed, a standard exceeded, the thinnest margin and the widest gap."""
        missed = [r["indicator"] for r in self.rows if r["key"] in GROUPS["not_met"]]
        open_ = [r for r in self.rows if r["key"] in GROUPS["no_value"]]
        short = [r["indicator"] for r in open_ if not r["one"].margin > 0]
        over = [n for n, limit in LIMITS.items() if (f := self.fact(n)) and f.value > limit]
        missed = [self._risk("missed", name) for name in missed]
        over = [self._risk("limit", name) for name in over]
        thin = [self._risk("thin", row["indicator"]) for row in self.already_better]
        gaps = [self._risk("gap", name) for name in short]
        thin.sort(key=lambda risk: risk["share"])
        gaps.sort(key=lambda risk: -risk["share"])
        return [*missed, *over[:1], *thin[:1], *gaps[:1], *over[1:], *gaps[1:], *thin[1:]][:3]

    @property
    def asked(self) -> list[dict]:
        """Who holds the values of the target year that are missing, and which these are."""
        places = load("publications").sort_values("access", kind="stable")
        places = places.drop_duplicates("indicator").set_index("indicator")[f"keeper_{self.lang}"]
        found: dict[str, list] = {}
        for row in self.rows:
            last = self.fact(row["indicator"], self.target_year)
            if row["indicator"] in places and (last is None or last.status != "printed"):
                found.setdefault(places[row["indicator"]], []).append(row["short"])
        return [{"keeper": keeper, "names": names} for keeper, names in found.items()]

    def counts_rows(self) -> list[list]:
        """Count by attribute and in all."""
        kinds = {word(f"attribute.{a}"): a for a in ("约束性", "预期性")}
        kinds[word("report.total")] = None
        return [[name, *(self.count(a)[c] for c in COUNTED)] for name, a in kinds.items()]

    def table2_rows(self) -> list[list]:
        """Tell the 14 rows of Table 2."""
        return [[row[column] for column in TABLE_2] for row in self.rows]

    def known_rows(self, theme: str) -> Iterator[list]:
        """List what has been published of a theme."""
        rows = load("observations").query("use and scope == @HOME")
        of_theme = rows["indicator"].map(self.register["theme"]) == theme
        rows = rows[of_theme & ~rows["unit"].isin(["count", "m³", "pp"])]
        for row in rows.drop_duplicates(["indicator", "year", "period"]).to_dict("records"):
            unit = "" if row["unit"] == "rank" else unit_name(row["unit"])
            period = str(row["year"] if row["period"] == "annual" else row["period"])
            line = [self.name(row["indicator"]), amount(shortest(row["value"]), unit)]
            line += [period.replace("..", tr("—", "–")), word(f"status_short.{row['status']}")]
            yield [*line, sources_of(row["source_id"]).iloc[0][f"short_{self.lang}"]]

    def tasks_rows(self) -> Iterator[list]:
        """List the tasks with an outturn on record, then those past due."""
        rows = self.promises[self.promises["known"] | self.promises["past_due"]]
        for row in rows.sort_values("known", ascending=False, kind="stable").to_dict("records"):
            told = word("report.no_outturn")
            if row["known"]:
                told = amount(shortest(row["outturn"]), unit_name(row[f"unit_{self.lang}"]))
                told = bracket(told, f"{row['outturn_year']:.0f}")
                told += "" if row["comparable"] else word("report.not_comparable")
            unit = text_of(row, "responsible_unit") or text_of(row, f"lead_{self.lang}")
            told = text_of(row, "completion") or told
            yield [row[f"title_{self.lang}"], f"{row['due_year']:.0f}", told, unit]

    def next_rows(self) -> Iterator[list]:
        """Compare candidate targets with the pace on record and the projection."""
        for row in next_plan().to_dict("records"):
            last, span, chance = self.fact(row["indicator"]), "—", "—"
            if not isnan(row["median"]):
                ends = {"low": number(row["lower_80"], 1), "high": number(row["upper_80"], 1)}
                span = bracket(number(row["median"], 1), word("range", **ends))
            if not isnan(row["p_meet"]):
                chance = odds(row["p_meet"])
            paces = (nan if row["already_met"] else row["pace_needed"], row["pace_past"])
            paces = ("—" if isnan(p) else f"{p:+.2g}".replace("-", "−") for p in paces)
            target = shown_level(row["comparator"], shortest(row["target"]))
            line = [bracket(self.name(row["indicator"]), last.unit), target, last.dated, *paces]
            yield [*line, span, chance, short_verdict(row["verdict"], self.target_year)]

    def assumptions_rows(self) -> Iterator[list]:
        """List the assumptions that move a verdict, as of the base year."""
        effects = assumption_effects(as_of=2020)
        for row in effects[effects["moves"]].drop_duplicates("id").head(7).to_dict("records"):
            moved: dict[str, str] = {}
            for _, _, what, verdict, p in row["alternatives"]:
                if verdict and verdict != row["verdict"]:
                    told = short_verdict(verdict, self.target_year, p)
                    moved.setdefault(verdict, word("review.alternative", choice=what, verdict=told))
            seen = short_verdict(row["verdict"], self.target_year)
            name = self.name(row["indicator"])
            yield [row[f"why_{self.lang}"], name, seen, clauses(moved.values())]

    def sources_rows(self) -> Iterator[list]:
        """List the sources behind the indicators judged, the plan first."""
        frames = [one.data for one in self.judged.values() if len(one.data)]
        published = (self.frame(name, source="published") for name in self.judged)
        frames += [frame for frame in published if frame is not None]
        for row in sources_of("plan", *frames).to_dict("records"):
            title = "，".join(filter(None, (row["title"], text_of(row, "document_no"))))
            name = text_of(row, tr("publisher", "short_en"))
            yield [name, title, text_of(row, "published"), row["reliability"]]

    def picture(self, name: str):
        """Return a figure whose text tells title and note; None where it has not been drawn."""
        from PIL import Image

        path = self.figures / f"{name}.png"
        if not path.is_file():
            return None
        with Image.open(path) as image:
            image.load()
        return image if image.text.get("Title") else None
