"""Figures to and from people: the gaps as a workbook, and a file's way into a pack and back out."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .errors import InputError
from .intake.cells import plain, refuse, shown
from .intake.entries import Figure, Incoming, Refusal, number_of, read_file
from .intake.moves import figures_of, moved_lines
from .intake.settling import basis_for, known_numbers, said_by, settle, unlikely, which_basis
from .packs.localpack import Entry, commit, digest, held, recover, table_file, undo, writable_pack
from .packs.newpack import as_csv, cells_of
from .tables import check, data_dir, format_offence


@dataclass(frozen=True)
class Change:
    """What an import would do to a pack: tables to write, each row told in a line, what moves."""

    files: dict[str, bytes]
    lines: tuple[str, ...]
    moved: tuple[str, ...]
    figures: tuple[str, ...]


# ---- from a file to rows -------------------------------------------------------------------------


def _source_row(figure: Figure, sources: list[dict], file: str) -> tuple[dict, bool]:
    """The source that a figure names, and whether it is new."""
    texts = figure.texts
    wanted = (texts["title"], texts["publisher"], texts["document_no"], texts["published"])
    for row in sources:
        same = row["title"] == wanted[0] and row["publisher"] == wanted[1]
        if same and all(
            not new or not old or new == old
            for new, old in zip(wanted[2:], (row["document_no"], row["published"]), strict=True)
        ):
            return row, False
    row = {
        "source_id": f"local-{digest('|'.join(wanted).encode())[:10]}",
        "title": texts["title"],
        "publisher": texts["publisher"],
        "document_no": texts["document_no"],
        "published": texts["published"],
        "accessed": date.today().isoformat(),
        "reliability": texts["reliability"],
        "via": f"由 {file} 导入 imported from {file}",
    }
    return row, True


def _observation(figure: Figure, entry, basis: str, source_id: str, file: str) -> dict:
    cell = figure.cell
    notes = [figure.texts["note"]]
    if cell.about:
        notes.append("原文为约数 printed as about")
    if cell.kind == "bound" and cell.strict:
        notes.append(f"原文为 {number_of(cell)} printed so")
    if cell.converted:
        notes.append(f"由 {cell.converted} 换算 converted from {cell.converted}")
    ends = {
        n: "" if getattr(cell, n) is None else plain(getattr(cell, n)) for n in ("lower", "upper")
    }
    return {
        "scope": figure.scope,
        "indicator": figure.indicator,
        "statistic": entry["statistic"],
        "year": str(figure.year),
        "period": figure.period,
        "value": "" if cell.value is None else plain(cell.value),
        **ends,
        "unit": entry["unit"],
        "status": "printed" if cell.kind == "value" else "bound",
        "basis": basis,
        "derivation": "" if cell.kind == "value" else ends["upper"] or ends["lower"],
        "source_id": source_id,
        "locator": figure.texts["locator"],
        "use": "true",
        "release": figure.texts["release"],
        "note": "; ".join(note for note in notes if note),
        "evidence": f"{file}:{figure.place}",
    }


_SERIES = ("scope", "indicator", "statistic", "year", "period")
_SAID = ("value", "lower", "upper", "basis", "release", "status")


def _same(a: dict, b: dict, names) -> bool:
    return all(a[name] == b[name] for name in names)


def _next_id(observations: list[dict]) -> int:
    taken = [
        int(row["obs_id"][1:])
        for row in observations
        if row["obs_id"][1:].isdigit() and row["obs_id"][0] == "u"
    ]
    return max(taken, default=0) + 1


def _rows(incoming: Incoming, folder: Path, *, prefer_new: bool):
    """The pack's tables with the figures put in, the lines told, and each new row's origin."""
    tables = {name: cells_of(name, folder) for name in ("observations", "sources", "publishers")}
    heads = {name: list(frame.columns) for name, frame in tables.items()}
    rows = {name: frame.to_dict("records") for name, frame in tables.items()}
    register = cells_of("indicators", folder).set_index("indicator").to_dict("index")
    observations = rows["observations"]
    file = re.sub(r"[^\w.()（）-]|www\.", "_", incoming.path.name).lstrip("-")[:80]
    known = known_numbers(observations, cells_of("targets", folder).to_dict("records"))
    number, lines, refusals, origin = _next_id(observations), [], [], {}
    for figure in incoming.figures:
        entry = register[figure.indicator]
        basis = basis_for(figure, observations, entry)
        doubt = which_basis(figure, observations) if basis is None else unlikely(figure, known)
        if doubt:
            refusals.append(doubt)
            continue
        source, new_source = _source_row(figure, rows["sources"], file)
        if new_source:
            rows["sources"].append(source)
            if source["publisher"] not in {row["publisher"] for row in rows["publishers"]}:
                rows["publishers"].append({"publisher": source["publisher"], "hosts": ""})
        row = _observation(figure, entry, basis, source["source_id"], file)
        told = f"{figure.place}: {figure.scope} {entry['name_zh']} {figure.indicator} {figure.year if figure.period == 'annual' else figure.period}"
        shown = f"{number_of(figure.cell)} {entry['unit']}"
        mine = [r for r in observations if _same(r, row, (*_SERIES, "source_id", "locator"))]
        if mine:
            if _same(mine[0], row, _SAID):
                lines.append(f"= {told}: {shown}, there already · 已有 ({mine[0]['obs_id']})")
                continue
            lines.append(
                f"~ {told}: {said_by(mine[0])} → {shown} · 更正 corrects ({mine[0]['obs_id']})"
            )
            mine[0].update(
                {k: v for k, v in row.items() if k not in ("use", "note") or v and k == "note"}
            )
            origin[mine[0]["obs_id"]] = figure.place
            continue
        row["obs_id"] = f"u{number:04d}"
        number += 1
        used = next(
            (r for r in observations if r["use"] == "true" and _same(r, row, _SERIES)), None
        )
        lines.append(settle(row, used, told, shown, prefer_new))
        observations.append(row)
        origin[row["obs_id"]] = figure.place
    files = {
        name: as_csv(heads[name], [{h: row.get(h, "") for h in heads[name]} for row in rows[name]])
        for name in ("publishers", "sources", "observations")
    }
    return files, lines, refusals, origin


# ---- what would change ---------------------------------------------------------------------------


def prepare(incoming: Incoming, folder: Path, *, prefer_new: bool = False):
    """What an import would do, worked out on a copy; nothing in the pack is touched.

    Parameters
    ----------
    incoming : Incoming
        From `entries.read_file`.
    folder : Path
        The pack.
    prefer_new : bool
        Use the file's figure where the pack has another one in use.

    Returns
    -------
    tuple of Change and list of Refusal

    Raises
    ------
    InputError
        If the pack cannot be read.
    """
    files, lines, refusals, origin = _rows(incoming, folder, prefer_new=prefer_new)
    refusals = [*incoming.refusals, *refusals]
    files = {
        name: text for name, text in files.items() if text != (folder / f"{name}.csv").read_bytes()
    }
    if not origin:
        return Change({}, tuple(lines), (), ()), refusals
    with tempfile.TemporaryDirectory(prefix="xc-import-") as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".*"))
        for name, text in files.items():
            (copy / f"{name}.csv").write_bytes(text)
        offences = _new_offences(folder, copy, origin)
        moved = () if offences else moved_lines(folder, copy)
    if offences:
        return Change({}, tuple(lines), (), ()), [*refusals, *offences]
    touched = {(f.scope, f.indicator) for f in incoming.figures}
    return Change(files, tuple(lines), tuple(moved), tuple(figures_of(touched))), refusals


def _new_offences(before: Path, after: Path, origin: dict[str, str]) -> list[Refusal]:
    """What `check` says of the copy and not of the pack, told at the cell it comes from."""
    columns = ["table", "column", "value", "problem", "remedy"]
    old = {tuple(row) for row in check(before)[columns].itertuples(index=False)}
    places = _lines_of(after / "observations.csv", origin)
    found = []
    for row in check(after).itertuples(index=False):
        if (row.table, row.column, row.value, row.problem, row.remedy) in old:
            continue
        place = places.get(row.line, "") if row.table == "observations" else ""
        where = place or format_offence(row).split(": ")[0]
        words = refuse(f"写入后不合规则（{row.column}）", row.problem, "按此改正", row.remedy)
        found.append(Refusal(where, f"{row.column} {row.value}".strip()[:60], words))
    return found


def _lines_of(path: Path, origin: dict[str, str]) -> dict[int, str]:
    reader = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    header = next(reader)
    at, line, out = header.index("obs_id"), reader.line_num, {}
    for row in reader:
        if row and row[at] in origin:
            out[line + 1] = origin[row[at]]
        line = reader.line_num
    return out


# ---- commands ------------------------------------------------------------------------------------


def import_file(
    path,
    *,
    data: str | os.PathLike | None = None,
    apply: bool = False,
    prefer_new: bool = False,
    skip_refused: bool = False,
    defaults: dict[str, str] | None = None,
    say: Callable[[str], None] = print,
) -> tuple[Change, list[Refusal], Entry | None]:
    """Read a file of figures, tell what it would change, and with ``apply`` change the pack.

    Parameters
    ----------
    path : path
        Workbook or csv, see `incoming.grids`.
    data : path, optional
        The pack; default ``$XC_DATA``. Without ``apply`` the project's own tables may be compared
        with; they are never written.
    apply : bool
        Write. All tables change together, or none; a backup is kept and `undo_last` takes it back.
    prefer_new, defaults
        See `prepare` and `entries.read_file`.
    skip_refused : bool
        Write what was understood though other cells were refused.
    say : callable
        Told each line.

    Returns
    -------
    tuple
        The change, the cells refused, and the entry of the history if it was written.

    Raises
    ------
    InputError
        If the file or the pack cannot be read or written, or, with ``apply``, if any cell is
        refused: then nothing is written.
    """
    folder = writable_pack(data) if apply else data_dir(data)
    with held(folder, write=apply, say=say):
        if apply:
            _recovered(folder, say)
        incoming = read_file(path, data=folder, defaults=defaults)
        change, refusals = prepare(incoming, folder, prefer_new=prefer_new)
        _tell(incoming, change, refusals, say)
        if not apply:
            return change, refusals, None
        if refusals and not (skip_refused and change.files):
            raise InputError(
                f"{path}: {len(refusals)} cells refused, nothing written: correct or empty them, or"
                " write the others with --skip-refused"
            )
        if not change.files:
            say("nothing to write · 没有可写入的变化")
            return change, refusals, None
        for name in ("publishers", "sources", "observations"):
            table_file(folder, name)
        entry = commit(folder, change.files, did=f"import of {Path(path).name}")
        say(
            f"written as change {entry.number}; `xc undo` takes it back · 已写入，编号 {entry.number}，"
            "可用 xc undo 撤销"
        )
        return change, refusals, entry


def _recovered(folder: Path, say) -> None:
    finished = recover(folder)
    if finished:
        say(
            f"change {finished.number} had been cut off and is now finished · 上次中断的写入已补完: {finished.did}"
        )


def _tell(incoming: Incoming, change: Change, refusals, say) -> None:
    for remark in incoming.remarks:
        say(shown(remark))
    counts = (
        f"{len(incoming.figures)} understood · 读懂, {len(refusals)} refused · 拒绝,"
        f" {incoming.unfilled} empty · 空"
    )
    say(counts)
    for refusal in refusals:
        say(shown(f"x {refusal.line()}"))
    for line in change.lines:
        say(shown(line))
    if not change.files:
        return
    say("verdicts that move · 变动的判断:" if change.moved else "no verdict moves · 判断不变")
    for line in change.moved:
        say(f"  {line}")
    if change.figures:
        say(f"figures with these indicators · 涉及的图: {', '.join(change.figures)}")


def undo_last(*, data=None, say: Callable[[str], None] = print) -> Entry:
    """Take back the last import of a pack.

    Parameters
    ----------
    data : path, optional
        The pack; default ``$XC_DATA``.
    say : callable
        Told what was done.

    Returns
    -------
    Entry
        The change taken back.

    Raises
    ------
    InputError
        If there is none, or the tables have been changed since by other means.
    """
    folder = writable_pack(data)
    with held(folder, write=True, say=say):
        _recovered(folder, say)
        last, made = undo(folder)
        say(
            f"change {last.number} taken back · 已撤销: {last.did} ({last.when}); change {made.number}"
        )
    return last
