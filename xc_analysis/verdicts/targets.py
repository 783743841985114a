"""What a target says: its kind, how a value is compared with it, the bands of probability."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from xc_analysis.errors import InputError

KINDS = ("level", "change", "qualitative", "delegated")
COMPARATORS = ("<", "<=", ">", ">=", "=")
CANNOT = "cannot be judged"
CANNOT_ZH = "无法判断"

# Lower end of each band of P(meet), in the order of METHODS: the end belongs to the band.
BANDS = (
    (0.90, "very likely", "很可能"),
    (0.66, "likely", "较可能"),
    (0.33, "open", "难以断定"),
    (0.10, "unlikely", "不太可能"),
    (0.0, "very unlikely", "很不可能"),
)

_SIGNS = {"≤": "<=", "≥": ">=", "＜": "<", "＞": ">", "＝": "=", "==": "="}
_READING = re.compile(r"(<=|>=|==|<|>|=|≤|≥|＜|＞|＝)\s*([-−]?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Target:
    """One target; ``value`` is None for a delegated or qualitative one."""

    kind: str
    comparator: str | None
    value: float | None
    decimals: int
    target_year: int
    base_year: int | None = None
    unit: str = ""
    reading: str = ""
    indicator: str = ""
    scope: str = ""
    plan: str = ""
    said: str = ""

    @property
    def text(self) -> str:
        """Comparator and number as printed, or the kind where there is none."""
        if self.said:
            return self.said
        if self.value is None:
            return {"delegated": "达到市级要求 / as the city requires"}.get(self.kind, self.kind)
        return f"{self.comparator} {self.value:.{self.decimals}f}"


def band(p):
    """Word for a probability of meeting a target.

    Parameters
    ----------
    p : float
        Between 0 and 1.

    Returns
    -------
    tuple of str
        English and Chinese word; each band holds its lower end (0.90 is "very likely").
    """
    if not 0.0 <= p <= 1.0:
        raise InputError(f"a probability must lie between 0 and 1, not {p}")
    return next((en, zh) for cut, en, zh in BANDS if p >= cut)


def written_decimals(value) -> int:
    """Decimals in the shortest writing of a number; 0 for whole numbers."""
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return max(0, -exponent)


def meets(value, comparator, target, *, decimals=None) -> bool:
    """Does a value meet a target?

    Parameters
    ----------
    value : float
        Value in the unit of the target.
    comparator : {"<", "<=", ">", ">=", "="}
    target : float
    decimals : int, optional
        Precision at which the value counts. Default: as it is written.

    Returns
    -------
    bool

    Notes
    -----
    Strict comparators take the value unrounded (69.6 and 69.96 meet ``< 70``). The others
    compare at the finer of the two printed precisions, half to even: 34.6 meets ``<= 35``,
    35.4 does not, because a value known to a tenth is not rounded away to meet a target
    printed in units.
    """
    if comparator not in COMPARATORS:
        raise InputError(
            f"comparator {comparator!r} is unknown; use one of {', '.join(COMPARATORS)}"
        )
    if comparator == "<":
        return bool(value < target)
    if comparator == ">":
        return bool(value > target)
    seen, aim = (Decimal(repr(x)) for x in (as_compared(value, target, decimals), float(target)))
    return bool({"<=": seen <= aim, ">=": seen >= aim, "=": seen == aim}[comparator])


def as_compared(value, target, decimals=None) -> float:
    """A value at the precision at which `meets` compares it with a target; half to even."""
    places = written_decimals(value) if decimals is None else decimals
    step = Decimal(1).scaleb(-max(places, written_decimals(target)))
    return float(Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_EVEN))


def _filled(row, key):
    """Cell of a row, or None where it is absent or missing."""
    value = row.get(key)
    if isinstance(value, str):
        return value.strip() or None
    try:
        return value if value == value else None
    except TypeError:  # pandas.NA has no truth value
        return None


def _number(row, key, name):
    value = _filled(row, key)
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"target of {name}: {key} {value!r} is not a number") from None


def _year(row, key, name):
    value = _number(row, key, name)
    if value is not None and value != int(value):
        raise InputError(f"target of {name}: {key} {value!r} is not a whole year")
    return None if value is None else int(value)


def read_target(target) -> Target:
    """A target from a row of the table ``targets``: mapping, Series or ``Target``.

    Raises
    ------
    InputError
        Unknown kind or comparator, a level without value, no target year, a base year that
        is not before it.
    """
    if isinstance(target, Target):
        return target
    if getattr(target, "ndim", 1) == 2 and len(target) == 1:
        target = target.iloc[0]
    if not hasattr(target, "get") or getattr(target, "ndim", 1) == 2:
        raise InputError("a target must be one row of the table targets: a mapping or a Series")
    name = str(_filled(target, "indicator") or "series")
    value = _number(target, "value", name)
    kind = _filled(target, "kind") or ("level" if value is not None else None)
    if kind not in KINDS:
        raise InputError(f"target of {name}: kind {kind!r} is unknown; use {', '.join(KINDS)}")
    year = _year(target, "target_year", name)
    if year is None:
        raise InputError(f"target of {name}: no target_year; give the year it is set for")
    base_year = _year(target, "base_year", name)
    if base_year is not None and base_year >= year:
        raise InputError(
            f"target of {name}: base year {base_year} is not before target year {year}"
        )
    comparator = _filled(target, "comparator")
    comparator = _SIGNS.get(comparator, comparator)
    if kind in ("level", "change"):
        if value is None or comparator is None:
            raise InputError(
                f"target of {name}: kind {kind!r} needs a comparator and a value; "
                "set kind to qualitative or delegated where there is none"
            )
        if comparator not in COMPARATORS:
            raise InputError(
                f"target of {name}: comparator {comparator!r} is unknown; "
                f"use one of {', '.join(COMPARATORS)}"
            )
    else:
        comparator = value = None
    return Target(
        kind=kind,
        comparator=comparator,
        value=value,
        decimals=0 if value is None else written_decimals(value),
        target_year=year,
        base_year=base_year,
        unit=str(_filled(target, "unit") or ""),
        reading=str(_filled(target, "reading") or ""),
        indicator=str(_filled(target, "indicator") or ""),
        scope=str(_filled(target, "scope") or ""),
        plan=str(_filled(target, "plan") or ""),
    )


def read_by(target, reading) -> Target | None:
    """The level target that a reading makes of `target`; None if the text holds no number.

    Parameters
    ----------
    target : Target
    reading : str
        Text with one comparator and one number, such as ``<= 35``.
    """
    found = _READING.search(str(reading or ""))
    if not found:
        return None
    value = float(found[2].replace("−", "-"))
    return replace(
        target,
        kind="level",
        comparator=_SIGNS.get(found[1], found[1]),
        value=value,
        decimals=written_decimals(value),
        reading=str(reading),
    )


def as_level(target, *, base, unit, is_change) -> Target:
    """The level that a change from the base year asks for; other targets as they are.

    Parameters
    ----------
    target : Target
    base : float or None
        Value of the base year; None where it is not known.
    unit : str
        Unit of the series; empty where it has none.
    is_change : bool
        The series holds changes itself, so that the target's number is its own.

    Returns
    -------
    Target
        In the unit of the series; ``text`` tells the change, the base and the level. Without a
        base value, a target without a number.

    Raises
    ------
    InputError
        No base year, or a unit in which the change cannot be counted.
    """
    if target.kind != "change" or is_change:
        return target
    name = target.indicator or "series"
    if target.base_year is None:
        raise InputError(f"target of {name}: a change needs its base_year; add it")
    if target.unit == "%" and unit == "%":
        raise InputError(
            f"target of {name}: a change in % of a series in % is ambiguous; write pp for points"
        )
    if base is None:
        return replace(target, value=None, comparator=None)
    if target.unit == "%":
        level = base * (1 + target.value / 100)
    elif target.unit in ("pp", "") or target.unit == unit or not unit:
        level = base + target.value
    else:
        raise InputError(
            f"target of {name}: change in {target.unit}, series in {unit}; convert one of them first"
        )
    level = round(level, 9)  # 40 less 18 % is 32.8, not 32.800000000000004
    said = f"{target.comparator} {target.value:+.{target.decimals}f} {target.unit or unit}".rstrip()
    return replace(
        target, value=level, unit=unit, said=f"{said} ({target.base_year}: {base:g} → {level:.4g})"
    )
