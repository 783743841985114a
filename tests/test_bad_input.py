"""Files that are broken, each in its own way: one clear line, exit 1, no traceback, nothing changed."""

import datetime
import gzip
import io
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import minipack
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xc_analysis import cli
from xc_analysis.errors import InputError
from xc_analysis.intake import incoming
from xc_analysis.schema.reading import read_sheet
from xc_analysis.schema.schemas import TABLES

SOURCE = ["--title=年鉴", "--publisher=统计局", "--locator=表1", "--published=2026-01"]
GOOD = "指标,年份,数值\n绿化覆盖率,2021,31.8\n"


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return minipack.write(tmp_path_factory.mktemp("bad") / "pack")


def state(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None
        for p in sorted(Path(folder).rglob("*"))
    }


def refused(capsys, pack, path, *more):
    """Import with --apply; what stderr said. The pack is as it was."""
    before = state(pack)
    code = cli.main(["import", str(path), "--apply", "--data", str(pack), *SOURCE, *more])
    told = capsys.readouterr()
    assert code == 1
    assert state(pack) == before
    assert "Traceback" not in told.err + told.out
    assert all(c.isprintable() or c == "\n" for c in told.err + told.out)
    assert told.err.startswith("xc: ") and told.err.count("\n") == 1, told.err
    return told.err + told.out


# ---- whole files ---------------------------------------------------------------------------------


def book(*rows, change=None):
    made = openpyxl.Workbook()
    for row in rows or (["指标", "年份", "数值"], ["green_cover", 2021, 31.8]):
        made.active.append(row)
    if change:
        change(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def rezipped(change, data=None):
    """A workbook whose parts are passed through `change(name, bytes)`; None drops a part."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data or book())) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            found = change(name, old.read(name))
            if found is not None:
                new.writestr(name, found, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def with_part(name, data, kind=zipfile.ZIP_DEFLATED):
    out = io.BytesIO(book())
    with zipfile.ZipFile(out, "a") as new:
        new.writestr(name, data, kind)
    return out.getvalue()


def encrypted():
    data = bytearray(book())
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:  # the flag in each entry of the directory
        data[at + 8] |= 1
        at += 4
    return bytes(data)


def sheet_xml(body):
    return lambda name, data: (
        data.replace(data[data.index(b"<sheetData") : data.index(b"</sheetData>") + 12], body)
        if name.endswith("sheet1.xml")
        else data
    )


def entity_bomb(name, data):
    if not name.endswith("sheet1.xml"):
        return data
    laugh = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    return data.replace(b"<worksheet", laugh + b"<worksheet", 1)


def outside_entity(name, data):
    if not name.endswith("sheet1.xml"):
        return data
    return data.replace(b"<worksheet", b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><worksheet', 1)


WHOLE = {
    "empty": (b"", "is empty"),
    "blanks only": (b" \r\n\t\n ", "is empty"),
    "a byte order mark only": (b"\xef\xbb\xbf", "no header"),
    "zeros": (b"\x00" * 500, "binary|no header|fits neither"),
    "random bytes": (bytes(range(256)) * 8, "binary|fits neither|no header|damaged"),
    "a PDF": (b"%PDF-1.7 ...", "is a PDF"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "picture"),
    "a photograph": (b"\xff\xd8\xff\xe0 JFIF", "picture"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
    "gzip": (gzip.compress(GOOD.encode()), "gzip"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "archive"),
    "rar": (b"Rar!\x1a\x07", "archive"),
    "parquet": (b"PAR1....PAR1", "parquet"),
    "a database": (b"SQLite format 3\x00", "database"),
    "rich text": (b"{\\rtf1 x}", "text document"),
    "a web page named csv": (b"<!DOCTYPE html><html>404</html>", "web page"),
    "a table of a web page named xls": (b"<html><table><tr><td>1</td></tr></table>", "web page"),
    "xml named csv": (b'<?xml version="1.0"?><a/>', "web page or XML"),
    "no header": (b"1,2,3\n4,5,6\n", "no header"),
    "a header alone, of another table": ("姓名,性别\n".encode(), "no header"),
    "a header without value": ("指标,年份\ngreen_cover,2021\n".encode(), "no header"),
    "a header without year": ("指标,数值\ngreen_cover,31\n".encode(), "no header"),
    "a header too far down": (("x,y,z\n" * 40 + GOOD).encode(), "no header"),
    "quotes that never close": (GOOD.encode() + b'"a,b\n', "quotation marks"),
    "a quote inside a cell": (GOOD.encode() + b'"a"b,2021,1\n', "quotation marks"),
    "GBK cut inside a character": (GOOD.encode("gbk")[:2] + b"\x81\n" + b"\xff\xff\xff", "fits neither|no header"),
    "UTF-8 with a damaged byte": ("指标,年份,数值\n绿化覆".encode() + b"\xe7\x9b\n", "fits neither|no header"),
    "UTF-16 cut in half": (GOOD.encode("utf-16")[:-1], "fits neither"),
    "UTF-32 cut": (GOOD.encode("utf-32")[:-2], "fits neither"),
    "a line far too long": (GOOD.encode() + b"a" * 200_000, "line of 2"),
    "far too many lines": (GOOD.encode() + b"green_cover,2021,31.8\n" * 20_001, "more than 20000"),
    "far too many columns": (b"x," * 300 + b"\n", "columns"),
    "a plain zip": (with_part("x", b"").replace(b"[Content_Types].xml", b"[Content_Typez].xml"), "a zip|damaged"),
    "a Word file": (rezipped(lambda n, d: d if n.startswith("[C") else None, with_part("word/document.xml", b"<x/>")), "Word|zip"),
    "an OpenDocument file": (rezipped(lambda n, d: None if n.startswith("xl/") else d, with_part("mimetype", b"x")), "OpenDocument"),
    "a zip cut off": (book()[:-200], "damaged"),
    "a zip cut in the middle": (book()[: len(book()) // 2], "damaged"),
    "only a zip's first bytes": (b"PK\x03\x04", "damaged"),
    "a zip with bytes flipped": (book()[:60] + bytes(b ^ 255 for b in book()[60:200]) + book()[200:], "damaged"),
    "a password": (encrypted(), "password|damaged"),
    "macros": (with_part("xl/vbaProject.bin", b"x"), "macros"),
    "a part that climbs out": (with_part("../../evil.xml", b"<x/>"), "leads outside"),
    "a part that climbs out backwards": (with_part("xl\\..\\..\\evil", b"x"), "leads outside|damaged"),
    "a part at the root": (with_part("/etc/evil", b"x"), "leads outside"),
    "a part on a drive": (with_part("C:evil", b"x"), "leads outside"),
    "two parts of one name": (
        with_part("xl/workbook.xmm", b"<x/>").replace(b"workbook.xmm", b"workbook.xml"),
        "no ordinary workbook",
    ),
    "too many parts": (None, "no ordinary"),
    "a zip bomb": (with_part("xl/bomb.bin", b"0" * 140_000_000), "unpacks to more"),
    "entities": (rezipped(entity_bomb), "entities"),
    "an outside entity": (rezipped(outside_entity), "entities"),
    "no sheet": (rezipped(lambda n, d: None if "sheet1" in n else d), "cannot be read|no header"),
    "no workbook part": (rezipped(lambda n, d: None if n.endswith("workbook.xml") else d), "cannot be read"),
    "a sheet that is no xml": (rezipped(lambda n, d: b"nonsense" if n.endswith("sheet1.xml") else d), "cannot be read"),
    "a sheet cut off": (rezipped(lambda n, d: d[:-40] if n.endswith("sheet1.xml") else d), "cannot be read"),
    "styles that are no xml": (rezipped(lambda n, d: b"<" if n.endswith("styles.xml") else d), "cannot be read"),
    "an empty workbook": (book([]), "no header"),
    "a sheet of a million rows": (rezipped(sheet_xml(
        b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
    )), "more than 20000 rows"),
    "a shared string that is not there": (rezipped(sheet_xml(
        b'<sheetData><row r="1"><c r="A1" t="s"><v>99999</v></c></row></sheetData>'
    )), "cannot be read|no header"),
    "rows as wide as a spreadsheet goes": (rezipped(sheet_xml(
        b"<sheetData>" + b"".join(
            b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (n, n) for n in range(1, 200)
        ) + b"</sheetData>"
    )), "more than 20000 rows or 2000000 cells"),
    "a cell with no address": (rezipped(sheet_xml(
        b'<sheetData><row r="x"><c r="??"><v>1</v></c></row></sheetData>'
    )), "cannot be read|no header"),
}  # fmt: skip


def many_parts():
    out = io.BytesIO(book())
    with zipfile.ZipFile(out, "a") as new:
        for number in range(2_001):
            new.writestr(f"xl/p{number}", b"")
    return out.getvalue()


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files(tmp_path, pack, capsys, name):
    data, words = WHOLE[name]
    path = tmp_path / "in.csv"
    path.write_bytes(many_parts() if data is None else data)
    told = refused(capsys, pack, path)
    assert any(word in told for word in words.split("|")), told


# ---- places --------------------------------------------------------------------------------------


def test_places_that_hold_no_file(tmp_path, pack, capsys):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    for name, word in (
        ("folder", "is a folder"),
        ("nowhere", "is missing"),
        ("dangling", "is missing"),
        ("loop", "cannot be read"),
        ("pipe", "not a regular file"),
        ("x" * 300, "cannot be read"),
        ("bad\0name", "cannot be read"),
    ):
        told = refused(capsys, pack, tmp_path / name)
        assert word in told, (name, told)
    for device in ("/dev/zero", "/dev/null"):
        assert "not a regular file" in refused(capsys, pack, device)


def test_a_file_too_big_is_refused_by_its_size(tmp_path, pack, capsys):
    path = tmp_path / "big.csv"
    with open(path, "wb") as file:
        file.truncate(200_000_000)  # sparse: nothing is on the disk
    assert "200 MB" in refused(capsys, pack, path)


def test_a_line_of_two_hundred_megabytes_costs_no_memory(tmp_path, pack):
    """In a process that may not hold it."""
    path = tmp_path / "line.csv"
    with open(path, "wb") as file:
        file.write(GOOD.encode())
        file.truncate(200_000_000)  # one line of zeros, none of it on the disk
    code = (
        "import sys, pandas, openpyxl, resource; from xc_analysis import cli\n"
        "used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "code = cli.main(sys.argv[1:])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "import", str(path), "--data", str(pack), *SOURCE]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1 and "more than the" in run.stderr
    assert int(run.stdout.split()[-1]) < 60_000  # kB more than the libraries themselves
    # and a table of the pack with such a line, by check
    copy = minipack.write(tmp_path / "pack")
    path.replace(copy / "observations.csv")
    run = subprocess.run(
        [sys.executable, "-m", "xc_analysis", "check", str(copy)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000,) * 2),
    )
    assert run.returncode == 1 and "MB" in run.stdout and "Traceback" not in run.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; a read-only disk is below")
def test_a_pack_that_may_not_be_written(tmp_path, capsys):
    pack = minipack.write(tmp_path / "pack")
    path = tmp_path / "in.csv"
    path.write_text(GOOD, encoding="utf-8")
    pack.chmod(0o555)
    try:
        assert "cannot be written" in refused(capsys, pack, path)
    finally:
        pack.chmod(0o755)


def test_a_read_only_file_system(tmp_path, capsys):
    pack = minipack.write(tmp_path / "pack")
    path = tmp_path / "in.csv"
    path.write_text(GOOD, encoding="utf-8")
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(tmp_path / "ro")]
    (tmp_path / "ro").mkdir()
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        copy = minipack.write(tmp_path / "ro" / "pack")
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "ro")], check=True)
        assert "Read-only" in refused(capsys, copy, path)
    finally:
        subprocess.run(["umount", str(tmp_path / "ro")], check=True)
    assert state(pack)


# ---- single cells of an otherwise good file ------------------------------------------------------

CELLS = {
    # column, content, a word of the answer
    "a formula": ("value", "=31+1", "formula"),
    "a command": ("value", "=cmd|' /C calc'!A0", "formula"),
    "a link": ("value", '=HYPERLINK("http://x","y")', "formula"),
    "an at formula": ("value", "@SUM(A1)", "formula"),
    "a plus formula": ("value", "+A1+A2", "formula"),
    "1e308": ("value", "1e308", "large"),
    "NaN": ("value", "NaN", "no number"),
    "-nan": ("value", "-nan", "no number"),
    "1.#QNAN": ("value", "1.#QNAN", "no number"),
    "NULL": ("value", "NULL", "no number"),
    "infinity": ("value", "∞", "no number"),
    "an error value": ("value", "#DIV/0!", "error"),
    "true": ("value", "TRUE", "cannot be read"),
    "words": ("value", "三十二", "cannot be read"),
    "two numbers": ("value", "31.8 / 31.9", "cannot be read"),
    "a decimal comma": ("value", "31,8", "separators"),
    "a date": ("value", "2021-06-30", "cannot be read"),
    "a foreign digit": ("value", "٣١", "cannot be read"),
    "beyond the ceiling": ("value", "131", "above the ceiling"),
    "below the floor": ("value", "-1", "below the floor"),
    "another unit": ("value", "31.8公顷", "not the unit"),
    "a very long cell": ("value", "3" * 5_000, "characters"),
    "control signs": ("value", "31\x01.8", "not the unit"),
    "an unknown indicator": ("indicator", "绿化率X", "no indicator"),
    "a near indicator": ("indicator", "green_covr", "green_cover"),
    "no indicator": ("indicator", "", "names no indicator"),
    "a path as indicator": ("indicator", "../../etc/passwd", "no indicator"),
    "no year": ("year", "", "not a year"),
    "a year in words": ("year", "去年", "not a year"),
    "a span of years": ("year", "2020-2021", "span of years"),
    "a day": ("year", "2021-06-30", "is a day"),
    "a year to come": ("year", "2999", "not a year"),
    "two digits": ("year", "21", "century"),
    "the unit of something else": ("unit", "吨", "not the unit"),
    "an unknown unit": ("unit", "furlong", "not the unit"),
    "a source that is a formula": ("title", "=1+1", "begins with ="),
    "a source that is a link": ("title", "http://example.com/x", "holds an address"),
    "a source too long": ("title", "年" * 400, "characters"),
    "a publisher that is a formula": ("publisher", "@x", "begins with @"),
    "a place that is a formula": ("locator", "-x", "begins with -"),
    "a remark that is a script": ("note", "javascript:alert(1)", "holds an address"),
    "an unknown release": ("release", "secret", "cannot be read"),
    "an unknown grade": ("reliability", "Z", "cannot be read"),
    "a day that is none": ("published", "2026-02-30", "cannot be read"),
    "a date in words": ("published", "上周", "cannot be read"),
    "an unknown period": ("period", "sometime", "no period"),
    "a month that is none": ("period", "2021-13", "no period"),
    "a period of another year": ("period", "2020-03", "year"),
    "a source printed before the year": ("published", "2020-01-01", "before"),
    "an area that is a formula": ("scope", "=1", "no area"),
    "an area that is a number": ("scope", "123", "no area"),
    "an area with another suffix": ("scope", "示例县", "示例区"),
}  # fmt: skip
COLUMNS = ("indicator", "year", "value", "unit", "title", "publisher", "locator", "published",
           "reliability", "release", "period", "scope", "note")  # fmt: skip
ROW = {"indicator": "green_cover", "year": "2021", "value": "31.8", "title": "年鉴",
       "publisher": "统计局", "locator": "表1", "published": "2026-01"}  # fmt: skip


def csv_of(*rows):
    from xc_analysis.packs.newpack import as_csv

    return as_csv(COLUMNS, [{n: r.get(n, "") for n in COLUMNS} for r in rows])


@pytest.mark.parametrize("name", CELLS)
def test_cells(tmp_path, pack, capsys, name):
    column, content, words = CELLS[name]
    path = tmp_path / "in.csv"
    path.write_bytes(csv_of(ROW | {column: content}))
    told = refused(capsys, pack, path)
    assert any(word in told for word in words.split("|")), told
    line = next(line for line in told.splitlines() if line.startswith("x in.csv:"))
    cell = line.removeprefix("x in.csv:")
    assert cell[0] in "ABCDEFGHIJKLM" and cell[1] == "2", line


STORED = {
    "a truth value": (True, "logical"),
    "a date": (datetime.datetime(2021, 6, 30), "date"),
    "a time": (datetime.time(12), "time"),
    "a formula": ("=SUM(A1:A9)", "formula"),
    "an error": ("#N/A", "error"),
    "a huge number": (1e300, "large"),
    "a tiny number": (1e-300, "decimals"),
    "beyond the ceiling": (3180, "ceiling"),
}


@pytest.mark.parametrize("name", STORED)
def test_cells_of_a_workbook(tmp_path, pack, capsys, name):
    content, word = STORED[name]
    path = tmp_path / "in.xlsx"
    path.write_bytes(book(["指标", "年份", "数值"], ["green_cover", 2021, content]))
    told = refused(capsys, pack, path)
    assert "Sheet!C2" in told and word in told


def test_a_broken_pack_is_not_written_to(tmp_path, capsys):
    path = tmp_path / "in.csv"
    path.write_text(GOOD, encoding="utf-8")
    for number, (table, data) in enumerate(
        [
            ("observations", b"\xff\xfe\x00"),
            ("observations", b""),
            ("observations", GOOD.encode("gbk")),
            ("indicators", None),
            ("sources", b"source_id\n"),
            ("publishers", b'publisher,hosts\n"x\n'),
            ("assumptions", b"PK\x03\x04"),
        ]
    ):
        pack = minipack.write(tmp_path / f"pack{number}")
        if data is None:
            (pack / f"{table}.csv").unlink()
        else:
            (pack / f"{table}.csv").write_bytes(data)
        assert f"{table}.csv" in refused(capsys, pack, path)


# ---- anything at all -----------------------------------------------------------------------------

LOOSE = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@LOOSE
@given(st.binary(max_size=600))
def test_any_bytes_are_a_grid_or_an_error_of_one_line(tmp_path, data):
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    try:
        incoming.grids(path)
    except InputError as error:
        assert "\n" not in str(error)


@LOOSE
@given(st.integers(0, 6000), st.binary(min_size=1, max_size=30))
def test_any_damage_to_a_workbook_is_read_or_refused(tmp_path, at, data):
    whole = book()
    path = tmp_path / "any.xlsx"
    path.write_bytes(whole[: at % len(whole)] + data + whole[at % len(whole) + len(data) :])
    try:
        incoming.grids(path)
    except InputError as error:
        assert "\n" not in str(error)


@LOOSE
@given(st.sampled_from(sorted(TABLES)), st.binary(max_size=400), st.booleans())
def test_any_bytes_are_a_table_or_offences(table, data, headed):
    head = ",".join(TABLES[table].names).encode() + b"\n" if headed else b""
    sheet = read_sheet(TABLES[table], head + data)
    assert all(o.problem and o.remedy and o.line >= 1 for o in sheet.offences)
