"""A small, clean set of tables for a made-up district; tests break copies of it."""

import csv
import io

import numpy as np
import pandas as pd

from xc_analysis.tables import schema, table_names

# the columns that are filled; the others are written empty
TABLES = {
    "indicators": """\
indicator,theme,plan_row,name_zh,name_en,unit,statistic,better,scale,floor,ceiling,decimals,prior_sd
pm25,air,1,细颗粒物,PM₂.₅,µg/m³,mean,lower,log,0,,0,0.08
heavy_days,air,2,重污染天数,Heavy days,d,days with AQI > 200,lower,count,0,366,0,0.55
green_cover,green,3,绿化覆盖率,Green cover,%,share of area,higher,logit,0,100,2,0.02
green_cover_change,green,,绿化覆盖率变化,Change of green cover,pp,change over period,higher,,,,2,
area_noise,noise,,区域环境噪声,Area noise,dB(A),mean level,lower,identity,0,,1,0.8
""",
    "publishers": """\
publisher,hosts
示例区人民政府,www.example.gov.cn;example.gov.cn
示例监测中心,
""",
    "sources": """\
source_id,title,publisher,document_no,published,url,accessed,licence,reliability
plan,示例规划,示例区人民政府,示政发〔2022〕1号,2022-02-19,https://www.example.gov.cn/plan.html,2025-11-01,public document,A
bulletin,2020年前三季度公报,示例监测中心,,2020-10-20,,,figures cited only,B
archive-hourly,逐小时监测数据,示例监测中心,,,,,none stated,B
""",
    "observations": """\
obs_id,scope,indicator,statistic,year,period,value,lower,upper,unit,status,basis,derivation,source_id,locator,use,release,note_zh
o1,示例区,pm25,mean,2020,annual,40,,,µg/m³,printed,ref-298K,,plan,表2,true,public,
o2,示例区,pm25,mean,2015,annual,83.0,81.9,84.1,µg/m³,derived,ref-273K,o1 / (1 - 0.518),plan,第一章,true,public,
o3,示例区,green_cover,share of area,2020,annual,31.80,,,%,printed,district,,plan,表2,true,public,
o4,示例区,green_cover_change,change over period,2020,2015..2020,1.42,,,pp,printed,district,,plan,第一章,true,public,
o5,示例区,green_cover,share of area,2015,annual,30.38,30.37,30.39,%,derived,district,o3 - o4,plan,第一章,true,public,
o6,示例区,pm25,mean,2021,annual,,,33,µg/m³,bound,ref-298K,33,plan,第一章,true,public,
o7,示例区,pm25,mean,2020,2020-01..09,36,,,µg/m³,printed,ref-298K,,bulletin,正文,true,public,
o8,示例区,heavy_days,days with AQI > 200,2020,annual,10,,,d,printed,district,,plan,表2,true,public,
o9,示例区,heavy_days,days with AQI > 200,2015,annual,53,53,53,d,derived,district,o8 + 43,plan,第一章,true,public,
o10,示例区,pm25,mean,2020,annual,41,,,µg/m³,printed,ref-298K,,archive-hourly,年报,false,public,"与 o1 不一致，
取规划值"
o11,示例区,green_cover,share of area,2016,annual,30.5,,,%,printed,district,,plan,附表,true,public,
o12,示例区,area_noise,mean level,2020,annual,53.8,,,dB(A),printed,district,,plan,表2,true,public,
""",
    "targets": """\
target_id,plan,plan_row,scope,indicator,base_year,target_year,kind,comparator,value,unit,binding,reading,source_id,locator
t1,示例规划,1,示例区,pm25,2020,2025,delegated,,,µg/m³,约束性,read_pm25,plan,表2 第1行
t2,示例规划,3,示例区,green_cover,2020,2025,level,>=,31.85,%,预期性,,plan,表2 第3行
t3,示例规划,2,示例区,heavy_days,2020,2025,qualitative,,,d,预期性,,plan,表2 第2行
""",
    "statements": """\
statement_id,scope,chapter,chapter_en,locator,subject_zh,subject_en,printed,value,unit,year,kind,claim,recompute,recomputed_unit,tolerance,obs_id
s1,示例区,第一章,Chapter 1,第一段,细颗粒物,PM₂.₅,40,40,µg/m³,2020,level,independent,station.pm25.2019,µg/m³,1,o1
s2,示例区,第一章,Chapter 1,第一段,2015年,In 2015,51.8,51.8,%,2015,change,implies,published.pm25.2020 / (1 - printed.s2 / 100),µg/m³,,
s3,示例区,第一章,Chapter 1,第一段,排名,Rank,1,1,rank,2020,rank,cannot_tell,,,,
""",
    "projects": """\
project_id,kind,table_row,domain,chapter,section,theme,theme_zh,theme_en,title_zh,title_en,content_zh,content_en,due_year,timing,measurable,indicator,baseline,baseline_year,baseline_obs,source_id,locator,release
p1,project,1,air,7,7,transport,交通,transport,充电设施,Chargers,新增2处,two more,2025,dated,yes,,,,,plan,表3 第1行,public
p2,commitment,,,3,3.5,green,绿化,green,绿化覆盖,Green cover,逐步提高,more over time,,undated,partly,green_cover,31.80,2020,o3,plan,第三章,public
""",
    "standards": """\
standard,pollutant,averaging,indicator,limit,unit,valid_from,valid_to,source_id,locator
GB 3095-2012,pm25,annual,pm25,35,µg/m³,2013-01-01,2026-02-28,plan,二级
""",
    "assumptions": """\
id,plan,scope,indicator,parameter,value,source,basis,partial,fit_from,fit_to,method,reading,why_zh,why_en,quality,impact,decision
fit_pm25,示例规划,,pm25,,,station,raw,estimate,2015,2020,paths,,记录齐全,whole record,G,R,open
sd_pm25,,,pm25,prior_sd,0.08,,,,,,,,起点,a start,A,A,open
read_pm25,示例规划,,pm25,reading,35,,,,,,,<= 35,市级数,the city's,A,R,open
""",
    "left_out": """\
evidence_file,line,scope,indicator,year,value,reason_zh,reason_en
air.csv,2,示例区,pm25_annual,2020,40,重复,a duplicate
""",
    "air/stations": """\
station,district,city,kind,network
甲站,示例区,示例市,urban,both
""",
    "air/hour_profile": """\
scope,year,month,hour,pm25,pm10,so2,no2,co,o3,n
示例区,2019,1,1,50,80,5,40,0.9,20,31
""",
}


def _air():
    """Build a year of days that follow a formula, and the tables that follow from them."""
    date = pd.date_range("2019-01-01", "2019-12-31")
    # 36 ... 75 repeat: whole numbers with an index from 52 to 100
    pm25 = 36 + 7 * np.arange(365) % 40
    days = pd.DataFrame({"date": date.strftime("%Y-%m-%d"), "pm25": pm25, "pm10": 60})
    days = days.assign(pm10_reported=60, so2=5, no2=30, co=0.8, o3_8h="90", o3_windows=17)
    days["aqi"] = np.ceil(50 + (pm25 - 35) * 50 / 40).astype(int)
    days = days.assign(primary="pm25", known_exceedance="false", national="false")
    # the last day has no ozone and is known to be heavily polluted all the same
    columns = ["pm25", "o3_8h", "o3_windows", "aqi", "known_exceedance"]
    days.loc[364, columns] = [200, "", 3, 250, "true"]
    of = {"scope": "示例区", "year": 2019, "completeness": "strict", "release": "public"}
    of |= {"indicator": "pm25", "unit": "µg/m³", "capture": "1.0", "basis": "ref-298K"}
    of |= {"source_id": "archive-hourly;bulletin"}
    whole = {"days": 365, "valid_days": 365, "value": f"{days['pm25'].mean():.4f}"}
    heavy = {"indicator": "heavy_days", "unit": "d", "days": 365, "valid_days": 364, "value": 1}
    heavy |= {"capture": "0.9973", "basis": "HJ 633-2012", "source_id": "archive-hourly"}
    months = days["pm25"].groupby(date.month).agg(["mean", "size"])
    return {
        "air/daily": days.assign(scope="示例区").to_dict("records"),
        "air/station_daily": days.assign(station="甲站").to_dict("records"),
        "air/annual": [
            of | whole | {"known_exceedances": 0},
            of | heavy | {"known_exceedances": 1},
        ],
        "air/monthly": [
            of | {"month": month, "value": f"{mean:.4f}", "days": size, "valid_days": size}
            for month, mean, size in months.itertuples()
        ],
    }


def write(folder):
    """Write the clean tables into a folder; return the folder."""
    (folder / "air").mkdir(parents=True)
    air = _air()
    for table in table_names():
        records = air.get(table) or list(csv.DictReader(io.StringIO(TABLES.get(table, ""))))
        save(folder, table, records, [field["name"] for field in schema(table)["fields"]])
    return folder


def rows(folder, table):
    """Return [(line in the file, row as dict)], by the csv module."""
    text = (folder / f"{table}.csv").read_text(encoding="utf-8")
    reader = csv.reader(io.StringIO(text))
    header, found, line = next(reader), [], reader.line_num
    for cells in reader:
        found.append((line + 1, dict(zip(header, cells, strict=True))))
        line = reader.line_num
    return found


def save(folder, table, records, header=None):
    """Write rows (dicts) under a header, by default the one that they have."""
    out = io.StringIO()
    how = {"restval": "", "extrasaction": "ignore", "lineterminator": "\n"}
    writer = csv.DictWriter(out, header or list(records[0]), **how)
    writer.writeheader()
    writer.writerows(records)
    (folder / f"{table}.csv").write_text(out.getvalue(), encoding="utf-8", newline="\n")


def _matches(row, where):
    """Tell whether a row has a cell (text) or certain cells (dict)."""
    return where in row.values() if isinstance(where, str) else where.items() <= row.items()


def change(folder, table, where, **cells):
    """Set cells of the first row that matches `where`; return its line in the file."""
    found = rows(folder, table)
    line, record = next((line, row) for line, row in found if _matches(row, where))
    record.update(cells)
    save(folder, table, [row for _, row in found])
    return line


def append(folder, table, like, **cells):
    """Add a copy of the first row that matches `like`, changed; return its line in the file."""
    records = [row for _, row in rows(folder, table)]
    record = next(row for row in records if _matches(row, like))
    save(folder, table, [*records, record | cells])
    return rows(folder, table)[-1][0]
