"""Figures to and from people: the gaps as a workbook, and a file's way into a pack and back out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .errors import InputError
from .intake.cells import plain, shown
from .intake.entries import Figure, Incoming, Refusal, number_of, read_file
from .intake.moves import figures_of, moves_between
from .intake.settling import (
    basis_for,
    known_numbers,
    needs_unit,
    said_by,
    settle,
    unlikely,
    which_basis,
)
from .intake.trial import new_offences, no_room, working_copy
from .packs.localpack import Entry, commit, digest, held, recover, table_file, undo, writable_pack
from .packs.newpack import as_csv, cells_of
from .tables import data_dir


@dataclass(frozen=True)
class Change:
    """What an import would do to a pack: tables to write, each row told in a line, what moves.

    ``latest`` are lines of the scorecard of which only the latest value moves.
    """

    files: dict[str, bytes]
    lines: tuple[str, ...]
    moved: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    latest: tuple[str, ...] = ()


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


def _rows(path: Path, figures, folder: Path, *, prefer_new: bool, strict: bool):
    """The pack's tables with the figures put in, the lines told, and the figure of each new row.

    New rows are named by table and id. ``strict`` refuses what is unlikely.
    """
    tables = {name: cells_of(name, folder) for name in ("observations", "sources", "publishers")}
    heads = {name: list(frame.columns) for name, frame in tables.items()}
    rows = {name: frame.to_dict("records") for name, frame in tables.items()}
    register = cells_of("indicators", folder).set_index("indicator").to_dict("index")
    observations = rows["observations"]
    file = re.sub(r"[^\w.()（）-]|www\.", "_", path.name).lstrip("-")[:80]
    known = known_numbers(observations, cells_of("targets", folder).to_dict("records"))
    number, lines, refusals, origin = _next_id(observations), [], [], {}
    for figure in figures:
        entry = register[figure.indicator]
        basis = basis_for(figure, observations, entry)
        if basis is None:
            refusals.append(which_basis(figure, observations))
            continue
        doubt = unlikely(figure, known, entry)
        if doubt and (strict or needs_unit(doubt)):
            refusals.append(Refusal(figure.place, figure.content, doubt))
            continue
        if doubt:
            lines.append(f"? {Refusal(figure.place, figure.content, doubt).line()}")
        if figure.doubt:
            lines.append(f"? {figure.place}: {figure.content!r} {figure.doubt}")
        source, new_source = _source_row(figure, rows["sources"], file)
        if new_source:
            rows["sources"].append(source)
            origin["sources", source["source_id"]] = figure
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
            origin["observations", mine[0]["obs_id"]] = figure
            continue
        row["obs_id"] = f"u{number:04d}"
        number += 1
        used = next(
            (r for r in observations if r["use"] == "true" and _same(r, row, _SERIES)), None
        )
        own = origin.get(("observations", used["obs_id"])) if used else None
        lines.append(settle(row, used, told, shown, prefer_new, own.place if own else ""))
        observations.append(row)
        origin["observations", row["obs_id"]] = figure
    files = {
        name: as_csv(heads[name], [{h: row.get(h, "") for h in heads[name]} for row in rows[name]])
        for name in ("publishers", "sources", "observations")
    }
    return files, lines, refusals, origin


# ---- what would change ---------------------------------------------------------------------------


def prepare(
    incoming: Incoming, folder: Path, *, prefer_new: bool = False, accept_unlikely: bool = True
):
    """What an import would do, worked out on a copy; nothing in the pack is touched.

    Parameters
    ----------
    incoming : Incoming
        From `entries.read_file`.
    folder : Path
        The pack.
    prefer_new : bool
        Use the file's figure where the pack has another one in use.
    accept_unlikely : bool
        Only say so where a figure is not likely; otherwise refuse it.

    Returns
    -------
    tuple of Change and list of Refusal
        What the pack's rules would not accept is refused, and is no part of the change.

    Raises
    ------
    InputError
        If the pack cannot be read, or there is no room for the copy.
    """
    refused: list[Refusal] = []
    figures = list(incoming.figures)
    try:
        with working_copy(folder) as copy:
            while True:
                files, lines, more, origin = _rows(
                    incoming.path, figures, folder, prefer_new=prefer_new,
                    strict=not accept_unlikely,
                )  # fmt: skip
                if not any(table == "observations" for table, _ in origin):
                    return Change({}, tuple(lines)), [*incoming.refusals, *refused, *more]
                for name, text in files.items():
                    (copy / f"{name}.csv").write_bytes(text)
                offences = new_offences(folder, copy, origin, incoming.path)
                if not offences:
                    break
                refused += [refusal for refusal, _ in offences]
                bad = {id(f) for _, figures_ in offences for f in figures_}
                if not bad:
                    return Change({}, tuple(lines)), [*incoming.refusals, *refused, *more]
                figures = [figure for figure in figures if id(figure) not in bad]
            touched = [f for (table, _), f in origin.items() if table == "observations"]
            moved, latest = moves_between(folder, copy, min(f.year for f in touched))
    except OSError as error:
        raise InputError(no_room(error)) from None
    files = {n: text for n, text in files.items() if text != (folder / f"{n}.csv").read_bytes()}
    reached = figures_of({(f.scope, f.indicator) for f in touched})
    change = Change(files, tuple(lines), tuple(moved), tuple(reached), tuple(latest))
    return change, [*incoming.refusals, *refused, *more]


# ---- commands ------------------------------------------------------------------------------------


def import_file(
    path,
    *,
    data: str | os.PathLike | None = None,
    apply: bool = False,
    prefer_new: bool = False,
    skip_refused: bool = False,
    accept_unlikely: bool = False,
    new_scope: str = "",
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
    accept_unlikely : bool
        Write figures too that are far from all that is known.
    new_scope : str
        Areas that the pack does not know yet, comma-separated.
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
        incoming = read_file(path, data=folder, defaults=defaults, new_scope=new_scope)
        change, refusals = prepare(
            incoming, folder, prefer_new=prefer_new, accept_unlikely=accept_unlikely or not apply
        )
        _tell(incoming, change, refusals, say)
        if not apply:
            return change, refusals, None
        if refusals and not (skip_refused and change.files):
            raise InputError(
                f"{path}: {len(refusals)} 格被拒绝，未写入；改正或清空，或用 --skip-refused 写入其余 ·"
                f" {len(refusals)} cells refused, nothing written: correct or empty them, or write the"
                " others with --skip-refused"
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
    understood = len(incoming.figures) - (len(refusals) - len(incoming.refusals))
    say(
        f"{max(understood, 0)} understood · 读懂, {len(refusals)} refused · 拒绝,"
        f" {incoming.unfilled} empty · 空"
    )
    for refusal in refusals:
        say(shown(f"x {incoming.path.name}:{refusal.line()}"))
    for line in change.lines:
        say(shown(line))
    if not change.files:
        return
    say("verdicts that move · 变动的判断:" if change.moved else "no verdict moves · 判断不变")
    for line in change.moved:
        say(f"  {line}")
    if change.latest:
        say("latest value moves · 只有最近值变动:")
    for line in change.latest:
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
