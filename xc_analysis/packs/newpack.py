"""An empty pack for another district: the same tables, the registers filled, no figures."""

from __future__ import annotations

import csv
import io
import os
import shlex
import shutil
import tempfile
import unicodedata
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..schema.encodings import read_bytes
from ..schema.expressions import names
from ..schema.reading import read_sheet
from ..schema.schemas import TABLES
from ..tables import check, data_dir, format_offence

# sources that the package names for computed air
_BUILT_IN = ("archive-hourly", "archive-stations", "uci-501")
_REVIEW = "新建数据包时带入，待本区复核 / carried over into a new pack, for the district to review"


def cells_of(name: str, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """A table's cells as text, exactly as they stand in its file.

    Parameters
    ----------
    name : str
        Table.
    data : path, optional
        Folder of the tables; default as `tables.data_dir`.

    Raises
    ------
    InputError
        If the table cannot be read as one.
    """
    folder = data_dir(data)
    path = folder / TABLES[name].path
    found = read_bytes(path, within=folder)
    if isinstance(found, tuple):
        raise InputError(f"{path}: {found[0]}: {found[1]}")
    sheet = read_sheet(TABLES[name], found)
    fatal = next((offence for offence in sheet.offences if offence.fatal), None)
    if fatal:
        raise InputError(format_offence(fatal, data=folder))
    return sheet.cells.reset_index(drop=True)


def as_csv(columns, rows) -> bytes:
    """Rows (mappings of text) as a table's file: UTF-8, LF, a header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def check_name(name: str, *, option: str = "--name", like: str = "东城区") -> str:
    """A name that can stand in the tables: of a district, or what else an option gives."""
    name = unicodedata.normalize("NFKC", str(name)).strip()
    if not name or len(name) > 40 or not any(c.isalpha() for c in name):
        raise InputError(f"{option} {name[:40]!r}: is no name; write it like {like}")
    if any(unicodedata.category(c)[0] == "C" for c in name) or set(name) & set(",;\"'=+@/\\|<>"):
        raise InputError(f"{option} {name!r}: holds signs that no name has; write it like {like}")
    return name


def tables_for(
    name: str, *, english: str = "", stations=(), bare=False, data=None
) -> dict[str, bytes]:
    """The files of an empty pack by table name.

    Parameters
    ----------
    name : str
        The district.
    english : str
        Its name in English figures; default the name itself.
    stations : iterable of str
        Its monitoring stations.
    bare : bool
        Without the comparator's published figures.
    data : path, optional
        The pack whose registers are taken over; default the project's or ``$XC_DATA``.

    Notes
    -----
    Taken over: the register of indicators, standards, publications, publishers, the comparator's
    figures and targets, the sources that these name, and the assumptions that hold for any
    district, each to be reviewed again. The district's figures, targets, statements and projects
    and all computed air stay behind.
    """
    old = {
        table: cells_of(table, data)
        for table in TABLES
        if not table.startswith("air/") and not _absent(table, data)
    }
    register = old["assumptions"]
    city = register.loc[register["parameter"] == "comparator", "value"]
    city = city.iloc[0] if len(city) else ""
    own = register["parameter"].isin(("district", "district_en", "stations"))
    kept = register[register["scope"].isin(("", city)) & ~own].to_dict("records")
    targets = old["targets"][old["targets"]["scope"] == city].to_dict("records")
    plans = {row["plan"] for row in targets} | {""}
    scopes = {row["scope"] for row in targets} | {""}
    kept = [
        row | {"why": _REVIEW, "reviewer": "", "reviewed_on": "", "decision": "open"}
        for row in kept
        if row["plan"] in plans and row["scope"] in scopes
    ]
    like = next(iter(register.to_dict("records")), {})
    blank = dict.fromkeys(like, "") | {"quality": "G", "impact": "G", "decision": "open"}
    settings = {
        "district": (name, "本数据包所述的区 / the district of this pack"),
        "district_en": (english, "英文图件中的区名 / the district's name in English figures"),
        "stations": (
            " ".join(stations),
            "区值取这些站逐时均值 / the district is the hourly mean of these stations",
        ),
    }
    kept += [
        blank | {"id": parameter, "parameter": parameter, "value": value, "why": why}
        for parameter, (value, why) in settings.items()
        if value
    ]
    read = {row["reading"] for row in targets}
    cited = {row["source_id"] for row in targets} | set(_BUILT_IN)
    cited |= set(old["standards"]["source_id"]) if "standards" in old else set()
    observations = [] if bare else _of_comparator(old["observations"], city)
    cited |= {row["source_id"] for row in observations}
    sources = old["sources"][old["sources"]["source_id"].isin(cited)]
    new: dict[str, list[dict]] = {
        "observations": observations,
        "indicators": old["indicators"].to_dict("records"),
        "standards": old["standards"].to_dict("records"),
        "targets": targets,
        "sources": sources.to_dict("records"),
        "publishers": old["publishers"].to_dict("records"),
        "assumptions": kept,
    }
    if "publications" in old:
        # what was seen of one district tells nothing of another
        unseen = {"quality": "R", "reviewed_on": ""}
        new["publications"] = [row | unseen for row in old["publications"].to_dict("records")]
    missing = read - {row["id"] for row in kept} - {""}
    for row in targets:
        row["reading"] = "" if row["reading"] in missing else row["reading"]
    return {
        table: as_csv(TABLES[table].names, _declared(new.get(table, []), table)) for table in TABLES
    }


def _of_comparator(observations: pd.DataFrame, city: str) -> list[dict]:
    """The comparator's figures that rest on its own figures alone."""
    rows = observations[observations["scope"] == city].to_dict("records")
    while True:
        known = {row["obs_id"] for row in rows}
        sound = [row for row in rows if known.issuperset(names(row["derivation"] or "0"))]
        if len(sound) == len(rows):
            return rows
        rows = sound


def _declared(rows: list[dict], table: str) -> list[dict]:
    return [{name: row.get(name, "") for name in TABLES[table].names} for row in rows]


def _absent(table: str, data) -> bool:
    return TABLES[table].optional and not (data_dir(data) / TABLES[table].path).exists()


def create(
    folder: str | os.PathLike,
    *,
    name: str,
    english: str = "",
    stations=(),
    bare: bool = False,
    data=None,
) -> Path:
    """Make an empty pack in a folder of its own.

    Parameters
    ----------
    folder : path
        Must not exist, or be empty.
    name, english, stations, bare, data
        As `tables_for`.

    Returns
    -------
    pathlib.Path
        The folder: whole, or not there at all.

    Raises
    ------
    InputError
        If the folder holds anything, cannot be written, or the name is none.
    """
    from .localpack import project_data
    from .places import home

    name = check_name(name)
    english = english and check_name(english, option="--english", like="Dongcheng")
    stations = [check_name(s, option="--stations", like="东四,天坛") for s in stations]
    like = home(data)
    if name in (like.comparator, like.comparator_en):
        raise InputError(f"--name {name!r}: is what districts are compared with; give a district")
    shown = str(folder) or "."
    try:
        place = Path(folder).resolve()
        a_file = place.exists() and not place.is_dir()
        taken = place.is_dir() and any(place.iterdir())
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{shown[:80]}: cannot be a folder ({why}): choose another") from None
    if a_file:
        raise InputError(f"{shown}: is a file: choose a folder that does not exist yet")
    if place == project_data() or project_data() in place.parents:
        raise InputError(f"{folder}: lies in the project's own tables: choose another folder")
    if taken:
        raise InputError(f"{shown}: is not empty: choose a folder that does not exist yet")
    files = tables_for(name, english=english, stations=stations, bare=bare, data=data)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{place.name[:40]}-", dir=place.parent))
        try:
            (draft / "air").mkdir()
            for table, text in files.items():
                (draft / TABLES[table].path).write_bytes(text)
            readme = _readme(name, place.name, stations, bare)
            (draft / "README.md").write_text(readme, encoding="utf-8", newline="\n")
            draft.chmod(0o755)
            offences = check(draft)
            if len(offences):
                raise InputError(
                    "the tables taken over are not clean, correct them first (`xc check`):"
                    f" {format_offence(offences.iloc[0])}"
                )
            if place.exists():
                place.rmdir()  # empty
            os.rename(draft, place)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}): choose another folder"
        ) from None
    return place


def _readme(name: str, folder: str, stations, bare: bool) -> str:
    three = shlex.quote(",".join(stations) or "站点一,站点二")
    folder, beside = shlex.quote(folder), shlex.quote(f"{folder}-out")
    named = shlex.quote(name)
    zh, en = (
        ("", "")
        if bare
        else ("和对照（全市）的公布值", " and the comparator's (the city's) figures")
    )
    return f"""# {name}：数据表　/　{name}: tables

指标登记、标准、来源、假设、全市目标{zh}已填；本区的观测值、目标、表述、项目和空气数据为空。
The registers of indicators, standards, sources and assumptions, the city's targets{en} are filled;
the district's figures, targets, statements, projects and air are empty.

命令在本文件夹的上一级运行。　Run these beside this folder.

| 第几步 step | 命令 command |
|---|---|
| 由逐时存档算出空气数据 compute air from the hourly archive | `xc hourly ARCHIVE/*.zip --stations {three} --name {named} --out {folder}/air` |
| 看缺什么 see what is missing | `xc gaps --data {folder}` |
| 取填报表 get a workbook to fill | `xc template gaps.xlsx --data {folder}` |
| 看填报会改变什么 see what it changes | `xc import gaps.xlsx --data {folder}` |
| 写入，可撤销 write it; can be undone | `xc import gaps.xlsx --apply --data {folder}`　`xc undo --data {folder}` |
| 检查 check | `xc check {folder}` |
| 出图件和报告 figures and report | `xc build --data {folder} --out {beside}` |

- `targets.csv`：把本区规划表的各行填入（范围写“{name}”）；达到市级要求的，kind 填 delegated，不填数值。
  Enter the lines of the district's own plan (scope {name}); where it asks what the city asks, kind is
  delegated and value stays empty.
- `assumptions.csv`：从原项目带入，理由栏已改为“待本区复核”；时段、模型、读法须由本区确认。
  Carried over; windows, methods and readings are for the district to confirm.
- 表格一律 UTF-8 csv；GBK、Excel 文件由 `xc import` 读入。
  Tables are UTF-8 csv; GBK and Excel files come in through `xc import`.
"""
