"""Colours, marks and names of the figures: constants only."""

INK = "#2B2B2B"
MUTED = "#6B6B6B"
SHADE = "#F1F3F6"
TARGET = "#C44E00"  # one fixed colour for the district's own targets
CITY = "#808080"  # the city's number: a reference, never a target of the district
BREAK = "#8C8C8C"

# One colour a theme. Dark enough to print thin lines; told apart by lightness as well as hue,
# so that the pairs stay apart under the three kinds of colour blindness.
THEMES = {
    "air": "#1B5FA6",
    "water": "#2AA5B8",
    "green": "#1D7A3A",
    "noise": "#A4509A",
    "carbon": "#7A1F4B",
    "soil": "#5A4A14",
    "waste": "#7A6655",
    "dust": "#C48A2A",
    "economy": "#5C6370",
    "project": "#3B3F8C",
}
THEME_NAMES = {
    "air": ("空气", "Air"),
    "water": ("水", "Water"),
    "green": ("绿化", "Green space"),
    "noise": ("噪声", "Noise"),
    "carbon": ("低碳", "Carbon"),
    "soil": ("土壤", "Soil"),
    "waste": ("固废", "Waste"),
    "dust": ("扬尘", "Dust"),
    "economy": ("人口与经济", "People and economy"),
}
# Ordered classes get ordered lightness: readable in grey print and to every kind of colour vision.
AQI_CLASSES = (
    (50, "#E3EEF4", "优", "excellent"),
    (100, "#B9D3E2", "良", "good"),
    (150, "#E3AE3E", "轻度污染", "light"),
    (200, "#CF7430", "中度污染", "moderate"),
    (300, "#A32E2A", "重度污染", "heavy"),
    (500, "#4A1030", "严重污染", "severe"),
)

# The evidence grammar: status -> marker, filled or hollow, glyph for text, names.
# "partial" is a computed value of an incomplete year; a bound has a bar and no marker.
STATUS = {
    "printed": ("o", True, "●", "公布值", "printed"),
    "derived": ("o", False, "○", "由公布值推算", "derived from print"),
    "computed": ("D", True, "◆", "按小时记录计算", "computed from hourly records"),
    "partial": (
        "D", False, "◇", "数据不足，只列观测，不参与拟合", "incomplete record, never fitted",
    ),
    "estimated": ("D", False, "◇┃", "不完整年的估计及 95% 区间", "estimate of a partial year, 95 %"),
    "bound": (None, False, "┃", "只知范围", "known within bounds only"),
}  # fmt: skip
# Only a coverage picture uses these: a figure is known, but not one of that year alone.
SPANS = {
    "part-year": ("v", "仅有部分时段", "part of the year only"),
    "several years": ("_", "仅有多年合计", "several years only"),
}
STATUS_COLORS = {
    "printed": "#2B2B2B",
    "derived": "#2B2B2B",
    "computed": "#1B5FA6",
    "partial": "#1B5FA6",
    "estimated": "#C44E00",
    "bound": "#7C7A3A",
}
# A change between two bases: its date, its short name on the figure, its note in the footer.
BREAKS = {
    ("ref-273K", "ref-298K"): (
        "2018-09-01",
        ("2018-09 参比状态", "2018-09 ref. state"),
        (
            "竖线：2018-09-01 起监测参比状态由 273 K 改为 298 K（颗粒物改为实况），数值未换算",
            "dotted rule: reference state 273 K to 298 K (particulates: ambient) from 2018-09-01, "
            "values not converted",
        ),
    ),
    ("district-wide", "outside-historic"): (
        None,
        ("口径改变", "other base"),
        (
            "竖线：此前为全区口径，此后为非历史文化街区口径",
            "dotted rule: the whole district before, outside the historic blocks after",
        ),
    ),
}
UNITS = {
    "d": ("天", "days"),
    "count": ("个", "count"),
    "unit": ("个", "units"),
    "rank": ("位次", "rank"),
    "index": ("指数", "index"),
    "pp": ("个百分点", "pp"),
    "10⁴t": ("万吨", "10⁴ t"),
    "10⁴tce": ("万吨标准煤", "10⁴ tce"),
    "10⁸ yuan": ("亿元", "10⁸ yuan"),
    "yuan": ("元", "yuan"),
    "10⁴ persons": ("万人", "10⁴ persons"),
    "persons/km²": ("人/km²", "persons/km²"),
    "10⁴m²": ("万m²", "10⁴ m²"),
    "m²/person": ("m²/人", "m² per person"),
    "10⁴ vehicles": ("万辆", "10⁴ vehicles"),
    "10⁴ checks": ("万辆次", "10⁴ checks"),
    "10⁸ m³": ("亿m³", "10⁸ m³"),
    "10⁸ kWh": ("亿kWh", "10⁸ kWh"),
    "t/10⁴ yuan": ("吨/万元", "t per 10⁴ yuan"),
    "tce/10⁴ yuan": ("吨标准煤/万元", "tce per 10⁴ yuan"),
    "t/(km²·month)": ("t/(km²·月)", "t/(km²·month)"),
}
