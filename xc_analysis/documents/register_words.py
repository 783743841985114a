"""The register of assumptions and the conflicts in words, as the tables of the report print them."""

from __future__ import annotations

import pandas as pd

from ..explorer.explorer_words import BASIS, METHOD, PARTIAL, SOURCE
from .wording import scaled

PARAMETERS = {
    "prior_sd": ("年际离散的先验标准差", "prior scatter from year to year (s.d.)"),
    "phi": ("趋势的阻尼系数", "damping of the trend"),
    "plateau": ("平台的高度", "height of the plateau"),
    "reading": ("读法", "reading"),
    "count_of": ("比例背后的单元", "units behind the share"),
    "exceptional_year": ("特殊年份", "exceptional year"),
    "hour_label": ("小时标注", "label of an hour"),
    "pm10_treatment": ("缺报 PM₁₀ 的处理", "PM₁₀ that was withheld"),
    "dust": ("沙尘日", "days of dust"),
    "basis": ("参比状态", "reference state"),
    "partial": ("不完整年份", "partial years"),
    "district": ("本区", "district"),
    "district_en": ("本区英文名", "district's name in English"),
    "comparator": ("对照", "comparator"),
    "comparator_en": ("对照英文名", "comparator's name in English"),
    "stations": ("监测站", "stations"),
    "plan": ("规划", "plan"),
}
VALUES = {
    ("hour_label", "end"): ("该小时的末点", "its end"),
    ("hour_label", "start"): ("该小时的起点", "its beginning"),
    ("pm10_treatment", "filled"): ("以同小时 PM₂.₅ 补足", "filled with the hour's PM₂.₅"),
    ("pm10_treatment", "reported"): ("照原样", "as reported"),
    ("dust", "off"): ("不剔除", "kept in"),
    ("dust", "on"): ("剔除", "taken out"),
    **{("basis", key): words for key, words in BASIS.items()},
    **{("partial", key): words for key, words in PARTIAL.items()},
}


def worded(register: pd.DataFrame, names: pd.DataFrame, place, lang: str) -> pd.DataFrame:
    """The register with its codes in words.

    Parameters
    ----------
    register : DataFrame
        The table ``assumptions``.
    names : DataFrame
        The register of indicators, indexed by indicator.
    place : callable
        The name of a scope in the language.
    lang : {"zh", "en"}
    """
    at = 0 if lang == "zh" else 1
    out = register.astype(object).copy()

    def value(row):
        cell, key = row["value"], (row["parameter"], str(row["value"]))
        if key in VALUES:
            return VALUES[key][at]
        if cell in names.index:
            return names.at[cell, ("name_zh", "name_en")[at]]
        if row["parameter"] == "stations" and isinstance(cell, str):
            return " ".join(map(place, cell.split()))
        return place(cell) if row["parameter"] in ("district", "comparator") else cell

    def known(table):
        return lambda cell: table[cell][at] if cell in table else cell

    out["value"] = out.apply(value, axis=1)
    # a reading is told with its comparator, not by its number alone
    read = (register["parameter"] == "reading") & register["reading"].notna()
    out.loc[read, "value"] = None
    out["parameter"] = out["parameter"].map(known(PARAMETERS), na_action="ignore")
    out["source"] = out["source"].map(known(SOURCE), na_action="ignore")
    out["method"] = out["method"].map(known(METHOD), na_action="ignore")
    return out


def in_units(pairs: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Conflicts with both numbers and the unit as the language writes them."""
    out = pairs.copy()
    for row in out.index:
        shown = [
            scaled(out.at[row, c], 0, out.at[row, "unit"], lang) for c in ("value_use", "value")
        ]
        if shown[0][2] == shown[1][2]:  # both in one unit
            out.at[row, "value_use"], out.at[row, "value"] = shown[0][0], shown[1][0]
            out.at[row, "unit"] = shown[0][2]
    return out
