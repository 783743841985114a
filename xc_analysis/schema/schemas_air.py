"""Tables computed from hourly records."""

from __future__ import annotations

from .columns import IN_YEAR, INDICATOR, OPENNESS, QUANTITY, SCOPE, UNIT, Table, may, need

COMPLETENESS = ("strict", "adequate", "partial")

IN_MONTH = need("month", "integer", "月份", "month", low=1, high=12)

ON_DAY = need("date", "day", "日期", "day")

AT_STATION = need(
    "station", "label", "监测站（更名前的名称）", "station, by its name before 2021-01-23"
)


def _daily_pollutants():
    peaks = {"pm25": 3000, "pm10": 10000, "so2": 4000, "no2": 2000, "co": 150, "o3_8h": 1200}
    names = {
        "pm25": ("PM₂.₅ 日均值", "daily mean PM₂.₅", "µg/m³"),
        "pm10": (
            "PM₁₀ 日均值（缺报时段以 PM₂.₅ 填补）",
            "daily mean PM₁₀, withheld hours filled",
            "µg/m³",
        ),
        "pm10_reported": ("PM₁₀ 日均值（仅按报送值）", "daily mean PM₁₀ as reported", "µg/m³"),
        "so2": ("SO₂ 日均值", "daily mean SO₂", "µg/m³"),
        "no2": ("NO₂ 日均值", "daily mean NO₂", "µg/m³"),
        "co": ("CO 日均值", "daily mean CO", "mg/m³"),
        "o3_8h": ("O₃ 日最大 8 小时平均", "daily maximum 8-hour mean O₃", "µg/m³"),
    }
    return tuple(
        may(
            name,
            "number",
            f"{zh}（{unit}）",
            f"{en} ({unit})",
            low=0,
            high=peaks.get(name, peaks["pm10"]),
        )
        for name, (zh, en, unit) in names.items()
    ) + (
        may("aqi", "integer", "空气质量指数", "air quality index", low=0, high=500),
        may(
            "primary",
            "text",
            "首要污染物，并列以 + 连接",
            "primary pollutant; several joined by `+`",
        ),
    )


def _hourly_pollutants():
    return tuple(
        may(name, "number", f"{label} 均值（{unit}）", f"mean {label} ({unit})", low=0, high=10000)
        for name, label, unit in (
            ("pm25", "PM₂.₅", "µg/m³"),
            ("pm10", "PM₁₀", "µg/m³"),
            ("so2", "SO₂", "µg/m³"),
            ("no2", "NO₂", "µg/m³"),
            ("co", "CO", "mg/m³"),
            ("o3", "O₃", "µg/m³"),
        )
    )


def _air_summary(name, zh, en, period, key):
    return Table(
        name,
        zh,
        en,
        (
            SCOPE,
            INDICATOR,
            *period,
            *QUANTITY,
            UNIT,
            need("valid_days", "integer", "有效日数", "valid days", low=0, high=366),
            need("days", "integer", "应有日数", "days in the period", low=1, high=366),
            need("capture", "number", "数据捕获率（0–1）", "data capture, 0 to 1", low=0, high=1),
            need(
                "completeness",
                "text",
                "完整性等级：strict 符合 HJ 663，adequate 基本完整，partial 不完整",
                "class of completeness: strict (HJ 663), adequate, partial",
                values=COMPLETENESS,
            ),
            need("basis", "label", "可比口径", "what must match to be comparable"),
            OPENNESS,
        ),
        key=key,
    )


TABLES = (
    _air_summary(
        "air/annual",
        "由站点记录计算的年值；始终为观测值",
        "Annual values computed from station records; always as observed",
        (IN_YEAR,),
        ("scope", "indicator", "year"),
    ),
    _air_summary(
        "air/monthly",
        "由站点记录计算的月值",
        "Monthly values computed from station records",
        (IN_YEAR, IN_MONTH),
        ("scope", "indicator", "year", "month"),
    ),
    Table(
        "air/daily",
        "区级日值",
        "The district's daily values",
        (ON_DAY, SCOPE, *_daily_pollutants()),
        key=("date", "scope"),
    ),
    Table(
        "air/station_daily",
        "各站日值",
        "Each station's daily values",
        (ON_DAY, AT_STATION, *_daily_pollutants()),
        key=("date", "station"),
    ),
    Table(
        "air/hour_profile",
        "逐月的小时廓线（每小时均值）",
        "Mean by hour of day, for each month",
        (
            SCOPE,
            IN_YEAR,
            IN_MONTH,
            need(
                "hour",
                "integer",
                "小时（时段末为 1–24，时段始为 0–23）",
                "hour: 1-24 by its end, 0-23 by its start",
                low=0,
                high=24,
            ),
            *_hourly_pollutants(),
            need("n", "integer", "小时数", "hours averaged", low=1, high=31),
        ),
        key=("scope", "year", "month", "hour"),
    ),
    Table(
        "air/weather_daily",
        "逐日气象（UCI 501 所含时段）",
        "Daily weather, for the time that UCI 501 covers",
        (
            ON_DAY,
            AT_STATION,
            may("temp", "number", "平均气温（°C）", "mean temperature (°C)", low=-40, high=50),
            may(
                "temp_min", "number", "最低气温（°C）", "lowest temperature (°C)", low=-40, high=50
            ),
            may(
                "temp_max", "number", "最高气温（°C）", "highest temperature (°C)", low=-40, high=50
            ),
            may("pres", "number", "平均气压（hPa）", "mean pressure (hPa)", low=900, high=1100),
            may("dewp", "number", "平均露点（°C）", "mean dew point (°C)", low=-60, high=40),
            may("rain", "number", "降水量（mm）", "rain (mm)", low=0, high=1000),
            may("wspm", "number", "平均风速（m/s）", "mean wind speed (m/s)", low=0, high=60),
            may("wd", "text", "最多风向", "most frequent wind direction"),
            need("hours", "integer", "有记录的小时数", "hours on record", low=0, high=24),
        ),
        key=("date", "station"),
    ),
    Table(
        "air/stations",
        "监测站：所在区、类别、坐标",
        "Monitoring stations: district, kind, coordinates",
        (
            AT_STATION,
            may("name_since_2021", "label", "2021-01-23 起的名称", "name since 2021-01-23"),
            need("district", "label", "所在区", "district it stands in"),
            need("city", "label", "城市", "city"),
            need(
                "kind",
                "text",
                "类别：urban 评价点，background 对照点和区域点，traffic 交通点",
                "urban (assessment), background (control, regional) or traffic (roadside)",
                values=("urban", "background", "traffic"),
            ),
            need(
                "network",
                "text",
                "所属站网：before 2021-01-23 前，since 其后，both 前后均有",
                "network it belongs to: before 2021-01-23, since, or both",
                values=("before", "since", "both"),
            ),
            may("lon", "number", "经度（东经，度）", "longitude (degrees east)", low=70, high=140),
            may("lat", "number", "纬度（北纬，度）", "latitude (degrees north)", low=0, high=60),
        ),
        key=("station",),
        notes=(
            (
                "名称与坐标见2021-01-23站点列表（archive-stations），旧站无坐标；区按站名或站址，"
                "类别按站网分组。",
                "Names and coordinates from the list of 2021-01-23 (archive-stations), none for"
                " stations given up; the district by name or site, the kind by the network's groups.",
            ),
        ),
        optional=True,
    ),
    Table(
        "air/stations_annual",
        "各监测站的年值；始终为观测值",
        "Annual values of every station; always as observed",
        (
            AT_STATION,
            INDICATOR,
            IN_YEAR,
            *QUANTITY,
            need("valid_days", "integer", "有效日数", "valid days", low=0, high=366),
            need(
                "completeness",
                "text",
                "完整性等级，见 air/annual",
                "class of completeness, as in air/annual",
                values=COMPLETENESS,
            ),
            need("basis", "label", "可比口径", "what must match to be comparable"),
            OPENNESS,
        ),
        key=("station", "indicator", "year"),
        notes=(
            (
                "由 `python -m xc_analysis.records.station_table 存档` 写出；单位见指标表。",
                "Written by `python -m xc_analysis.records.station_table ARCHIVE`; units in indicators.",
            ),
        ),
        optional=True,
    ),
    Table(
        "air/defects",
        "读取档案时剔除或改动的内容",
        "What reading the archive left out or changed",
        (
            may("file", "text", "文件，空为整个档案", "file; empty: the archive as a whole"),
            may("date", "text", "日期", "day"),
            may("hour", "text", "小时", "hour"),
            may("station", "label", "监测站", "station"),
            may("pollutant", "text", "污染物", "pollutant"),
            may("value", "text", "数值", "value"),
            need("rule", "text", "规则", "rule that found it"),
            need("action", "text", "处理", "what was done"),
            need("count", "integer", "条数", "values concerned", low=1),
        ),
    ),
    Table(
        "air/deletions",
        "不完整年份估计的删日检验：从完整年份删去同样的日子后的估计与真值",
        "How good estimates of partial years are: the same days deleted from whole years",
        (
            INDICATOR,
            need(
                "kind",
                "text",
                "地点类别：本区、本区测站、其他测站",
                "kind of place: the district, one of its stations, another station",
                values=("district", "own station", "other station"),
            ),
            need("place", "label", "区或监测站", "district or station"),
            need(
                "pattern", "integer", "模仿哪一不完整年份的缺日", "partial year whose days are kept"
            ),
            IN_YEAR,
            need("true", "number", "该年真值", "what the year truly was"),
            need("value", "number", "估计", "estimate"),
            need("lower", "number", "95% 区间下限", "lower end of its 95 % interval"),
            need("upper", "number", "95% 区间上限", "upper end of its 95 % interval"),
        ),
        key=("indicator", "place", "pattern", "year"),
        notes=(
            (
                "由 `python -m xc_analysis.records.experiments` 从逐时档案写出；该年本身不参与对它的估计。",
                "Written by `python -m xc_analysis.records.experiments` from the hourly archive; the year"
                " itself takes no part in its estimate.",
            ),
        ),
        optional=True,
    ),
    Table(
        "air/readings",
        "按记录的其他读法计算的年值",
        "Annual values under other readings of the record",
        (
            SCOPE,
            INDICATOR,
            IN_YEAR,
            need(
                "reading",
                "text",
                "读法：小时标签读作时段起点；PM₁₀按报告值不补",
                "reading: hour labels as the start of the hour; PM10 as reported, not filled",
                values=("label-start", "pm10-reported"),
            ),
            may("value", "number", "数值", "value"),
            need("valid_days", "integer", "有效日数", "valid days", low=0, high=366),
        ),
        key=("scope", "indicator", "year", "reading"),
        notes=(
            (
                "与 `air/annual` 对照；由 `python -m xc_analysis.records.experiments` 写出。",
                "To be read beside `air/annual`; written by `python -m xc_analysis.records.experiments`.",
            ),
        ),
        optional=True,
    ),
)
