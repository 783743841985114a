"""Coverage-guided fuzzing of the readers of cells and tables; run by hand, not by the tests.

    pip install atheris
    nice python benchmarks/fuzz_cells.py [-max_total_time=600]

What may happen on any input: a value, a bound, a missing cell, a refusal with its reason and
remedy, an offence, an InputError of one line. Anything else is a finding: repair it and keep the
input as a case of tests/test_bad_input.py.
"""

import math
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["xc_analysis"]):
    from xc_analysis.errors import InputError
    from xc_analysis.intake import cells, entries, incoming, years
    from xc_analysis.schema import reading
    from xc_analysis.schema.schemas import TABLES

UNITS = ("%", "µg/m³", "10⁴t", "dB(A)", "ha", "count", "t/(km²·month)", "10⁸ yuan", "pp")
# what people type, put together at random: reaches further than random characters
TOKENS = "0 1 5 35 90 97.57 2019 6,850,000 1,23 １２ ３．５ . , ， - − — ~ ～ 至 / % ％ ‰ > ＞ ≥ ≤ < = =< >="
TOKENS += " ( ) （ ） 年 约 左右 以上 以下 余 多 不低于 超过 万 亿 千 吨 万吨 微克/立方米 mg/m3 公顷 天 个 dB(A) 分贝"
TOKENS += (
    " e E+ 1e308 NaN # #N/A ' \" \t \n \u200b \ufeff ² ① ½ 三十 A1 SUM( @ + TRUE 初步 ; ：\u3000"
)
TOKENS = [" ", "", *TOKENS.split(" ")]
HEADS = (
    "指标 年份 数值 单位 来源 发布单位 出处位置 2021 2022年 2023年（万吨） 绿化覆盖率 green_cover"
)
HEADS += " 绿化覆盖率（%） 细颗粒物 二氧化碳排放总量 目标值 2021年实际 单位：万吨 数值（万元） 地区 东城区 注： 区 上半年 全年 指标\\年份 填报单位：某局 2024年(初步) 日期 臭氧 合计"
HEADS = HEADS.split(" ")
PACK = Path(__file__).resolve().parents[1] / "data"
PLACE = Path(tempfile.mkdtemp(prefix="xc-fuzz-")) / "in.csv"


def one(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    which = provider.ConsumeIntInRange(0, 4)
    if which == 0:
        text = "".join(
            provider.PickValueInList(TOKENS) for _ in range(provider.ConsumeIntInRange(0, 8))
        )
        text += provider.ConsumeUnicodeNoSurrogates(20)
        cell = cells.parse(text, unit=UNITS[len(text) % len(UNITS)], floor=0, ceiling=100)
        check_cell(cell)
    elif which == 1:
        year = years.parse_year(provider.ConsumeUnicodeNoSurrogates(20))
        assert isinstance(year, int) or year.kind == "refused"
        check_cell(cells.parse(provider.ConsumeFloat(), unit="%", number_format="0.0%"))
    elif which == 2:
        name = provider.PickValueInList(["observations", "assumptions", "air/annual", "sources"])
        header = ",".join(TABLES[name].names).encode() if provider.ConsumeBool() else b""
        sheet = reading.read_sheet(TABLES[name], header + b"\n" + provider.ConsumeBytes(4_000))
        assert all(o.problem and o.remedy for o in sheet.offences)
    elif which == 3:
        read(incoming.grids, provider.ConsumeBytes(4_000))
    else:
        words = HEADS + TOKENS
        rows = [
            provider.PickValueInList([",", ";", "\t"]).join(
                provider.PickValueInList(words) for _ in range(provider.ConsumeIntInRange(1, 5))
            )
            for _ in range(provider.ConsumeIntInRange(1, 6))
        ]
        found = read(lambda path: entries.read_file(path, data=PACK), "\n".join(rows).encode())
        for figure in found.figures if found else ():
            check_cell(figure.cell)
            assert 1949 <= figure.year <= 2100
        assert all("\n" not in r.line() for r in (found.refusals if found else ()))


def read(reader, data: bytes):
    PLACE.write_bytes(data)
    try:
        return reader(PLACE)
    except InputError as error:
        assert "\n" not in str(error)
        return None


def check_cell(cell) -> None:
    assert cell.kind in ("value", "bound", "missing", "refused")
    if cell.kind == "refused":
        assert cell.reason_zh and cell.reason_en and cell.remedy_zh and cell.remedy_en
    for number in (cell.value, cell.lower, cell.upper):
        assert number is None or (math.isfinite(number) and abs(number) < 10**15)
        assert number is None or cells.plain(number).lstrip("-").replace(".", "", 1).isdigit()


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
