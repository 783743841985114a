"""A pack on disk that people change: locked, changed whole or not at all, and back again.

Every change is kept below ``.xc/history/NNNN`` of the pack: the files as they were, the digests
of what they became, and what was done. The entry is complete on disk before the first table is touched;
a run that is killed between two tables is finished by the next command that opens the pack.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..schema.schemas import TABLES

HISTORY = Path(".xc", "history")
_PATIENCE = 600.0  # seconds to wait for another command before giving up
# tables in the order in which each may be in place without the next
_ORDER = ("publishers", "sources", "indicators", "observations")


@dataclass(frozen=True)
class Entry:
    """One change of a pack: what was done, when, and the files it touched with their digests.

    ``files`` maps a path below the pack to (digest before, digest after).
    """

    number: int
    did: str
    when: str
    undoes: int | None
    files: dict[str, tuple[str, str]]
    folder: Path

    @property
    def done(self) -> bool:
        return (self.folder / "done").exists()


def project_data() -> Path:
    """The folder of the project's own tables."""
    return Path(__file__).resolve().parents[2] / "data"


def writable_pack(data: str | os.PathLike | None) -> Path:
    """The folder of a local pack that may be changed.

    Parameters
    ----------
    data : path, optional
        The pack; default ``$XC_DATA``.

    Raises
    ------
    InputError
        If none is named, it is no folder, or it is (or lies in, or leads to) the project's own.
    """
    chosen = data if data is not None else os.environ.get("XC_DATA") or None
    if chosen is None:
        raise InputError(
            "没有指明数据包：项目自带的表从不改写，用 xc new 建一个或复制 data/，再用 --data 或 XC_DATA 指明"
            " · no pack is named: the project's own tables are never written; make one with"
            " `xc new DIR --name ...` or copy data/, and give it by --data or XC_DATA"
        )
    try:
        folder = Path(chosen).resolve()
        there = folder.is_dir()
    except (OSError, ValueError, RuntimeError):
        raise InputError(
            f"{chosen}: 不能作文件夹名，请给数据包所在的文件夹 · cannot be a folder: give a folder that"
            " holds a pack"
        ) from None
    if not there:
        zh, en = (
            ("不是文件夹", "is not a folder") if folder.exists() else ("不存在", "does not exist")
        )
        raise InputError(
            f"{chosen}: {zh}，请给数据包所在的文件夹（xc new 可新建） · {en}: give a folder that holds a"
            " pack (`xc new` makes one)"
        )
    own = project_data()
    if folder == own or own in folder.parents or folder in own.parents:
        raise InputError(
            f"{chosen}: 是项目自带的表，任何命令都不改写，请复制到别处或用 xc new 新建 · holds the project's"
            " own tables, which no command writes: copy the folder elsewhere, or make a pack with"
            " `xc new DIR --name ...`"
        )
    return folder


@contextlib.contextmanager
def held(
    folder: Path, *, write: bool, say: Callable[[str], None] = lambda text: None
) -> Iterator[None]:
    """Hold a pack: many may read, one writes; who comes second waits and says so.

    Parameters
    ----------
    folder : Path
    write : bool
    say : callable
        Told once if there is something to wait for.

    Raises
    ------
    InputError
        If the pack is not free within ten minutes.

    Notes
    -----
    The lock is on the folder itself: it leaves no file, works where nothing can be written, and
    ends with the process however that ends.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # no such lock on this system
        yield
        return
    kind = fcntl.LOCK_EX if write else fcntl.LOCK_SH
    try:
        until = time.monotonic() + _PATIENCE
        said = False
        while True:
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    break  # a file system without locks
            if not said:
                say(
                    f"{folder.name}: another xc command is using this pack, waiting · 数据包正被使用，等待中"
                )
                said = True
            if time.monotonic() > until:
                raise InputError(
                    f"{folder}: 数据包已被另一条 xc 命令占用十分钟，请先结束它 · another xc command has held"
                    " this pack for ten minutes: end it, then try again"
                )
            time.sleep(0.1)
        yield
    finally:
        os.close(handle)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def table_file(folder: Path, name: str) -> Path:
    """The file of a table in a pack that is to be changed; refused if it is not one."""
    path = folder / TABLES[name].path
    try:
        kind = os.lstat(path).st_mode
    except OSError as error:
        raise InputError(
            f"{path}: 读不到，请恢复（xc check 列出所缺） · {error.strerror or error}: restore it (`xc check`"
            " names what is missing)"
        ) from None
    if stat.S_ISLNK(kind):
        raise InputError(
            f"{path}: 是链接，请把文件本身放进数据包 · is a link: put the file itself into the pack before"
            " changing it"
        )
    if not stat.S_ISREG(kind):
        raise InputError(
            f"{path}: 不是文件，请放回 csv 文件 · is not a file: put the csv file in its place"
        )
    return path


def _write(path: Path, data: bytes) -> None:
    """New bytes on the disk itself, not only on the way there."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _settle(folder: Path) -> None:
    """The folder's own entries on the disk."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # some systems cannot open a folder
        return
    try:
        os.fsync(handle)
    except OSError:  # some file systems cannot
        pass
    finally:
        os.close(handle)


def history(folder: Path) -> list[Entry]:
    """The changes of a pack, oldest first."""
    found = []
    root = folder / HISTORY
    for path in (root.parent, root):
        if path.is_symlink():  # backups must not be written elsewhere
            raise InputError(
                f"{path}: 是链接，请换成文件夹 · is a link: put the folder itself there, or remove it"
            )
    for path in sorted(root.glob("[0-9][0-9][0-9][0-9]")) if root.is_dir() else ():
        try:
            told = json.loads((path / "change.json").read_text(encoding="utf-8"))
            files = {str(k): (str(b), str(a)) for k, (b, a) in told["files"].items()}
            if not all(name in _PATHS for name in files):
                raise ValueError("a path that is no table")
            entry = Entry(
                int(path.name), str(told["did"]), str(told["when"]), told["undoes"], files, path
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path}: 改动记录读不懂，请移走此文件夹，数据表不受影响 · the record of a change cannot be read"
                f" ({error}): move this folder away; the tables themselves are not concerned"
            ) from None
        found.append(entry)
    return found


_PATHS = {table.path for table in TABLES.values()}


def _ordered(paths) -> list[str]:
    rank = {f"{name}.csv": place for place, name in enumerate(_ORDER)}
    return sorted(paths, key=lambda path: (rank.get(path, len(rank)), path))


def commit(
    folder: Path, files: Mapping[str, bytes], *, did: str, undoes: int | None = None
) -> Entry:
    """Replace tables of a pack: all of them, or none.

    Parameters
    ----------
    folder : Path
        The pack, held for writing.
    files : mapping of str to bytes
        New contents by table name.
    did : str
        What was done, one line.
    undoes : int, optional
        The change that this one takes back.

    Returns
    -------
    Entry

    Raises
    ------
    InputError
        If anything cannot be written; the tables are then as they were.
    """
    root = folder / HISTORY
    draft = root / f".draft-{os.getpid()}"
    number = max((entry.number for entry in history(folder)), default=0) + 1
    try:
        paths = {name: table_file(folder, name) for name in files}
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob(".draft-*"):  # of runs that were killed: the pack is held by us
            shutil.rmtree(left, ignore_errors=True)
        digests = {}
        for part in ("before", "ready"):
            (draft / part / "air").mkdir(parents=True)
        for name, new in files.items():
            old, path = paths[name].read_bytes(), TABLES[name].path
            digests[path] = digest(old), digest(new)
            _write(draft / "before" / path, old)
            _write(draft / "ready" / path, new)
        told = {"did": did, "when": time.strftime("%Y-%m-%d %H:%M:%S"), "undoes": undoes}
        text = json.dumps(told | {"files": digests}, ensure_ascii=False, indent=1)
        _write(draft / "change.json", text.encode())
        _settle(draft)
        place = root / f"{number:04d}"
        os.rename(draft, place)  # from here on a run that is killed is finished by the next
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise InputError(
            f"{folder}: {_REMEDY_ZH} · cannot be written ({error.strerror or error}): {_REMEDY}"
        ) from None
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    made = Entry(number, did, told["when"], undoes, digests, place)
    try:
        _settle(root)
        _finish(folder, made)
    except OSError as error:
        _take_back(folder, made)
        raise InputError(
            f"{folder}: {_REMEDY_ZH} · cannot be written ({error.strerror or error}): {_REMEDY}"
        ) from None
    return made


_REMEDY_ZH = "写不进去，各表仍是原样，请腾出空间或取得权限后再试"
_REMEDY = "the tables are as they were; make room or get permission to write there, then try again"


def _finish(folder: Path, entry: Entry) -> None:
    """Put the tables of a complete entry in place; may be repeated."""
    for path in _ordered(entry.files):
        ready = entry.folder / "ready" / path
        if ready.exists():
            shutil.copymode(folder / path, ready)
            os.replace(ready, folder / path)
    _settle(folder)
    shutil.rmtree(entry.folder / "ready", ignore_errors=True)
    _write(entry.folder / "done", b"")


def _take_back(folder: Path, entry: Entry) -> None:
    """The tables as they were before an entry that could not be finished; the entry goes."""
    for path in reversed(_ordered(entry.files)):
        if digest((folder / path).read_bytes()) == entry.files[path][1]:
            os.replace(entry.folder / "before" / path, folder / path)
    shutil.rmtree(entry.folder, ignore_errors=True)


def recover(folder: Path) -> Entry | None:
    """Finish a change that was cut off between two tables.

    Parameters
    ----------
    folder : Path
        The pack, held for writing.

    Returns
    -------
    Entry or None
        The change that was finished.

    Raises
    ------
    InputError
        If a table has been changed by hand since, so that finishing would lose that.
    """
    entries = history(folder)
    if not entries or entries[-1].done:
        return None
    entry = entries[-1]
    for path, digests in entry.files.items():
        if _digest_of(folder / path) not in digests:
            raise InputError(
                f"{folder / path}: 第 {entry.number} 次改动中断后此表又被改过，请先比对 · change {entry.number}"
                f" was cut off and this table has been changed since: compare it with {entry.folder}, then create an empty file {entry.folder / 'done'}"
            )
    try:
        _finish(folder, entry)
    except OSError as error:
        raise InputError(
            f"{folder}: 第 {entry.number} 次改动中断，补不完，请腾出空间或取得权限后再试 · change"
            f" {entry.number} was cut off and cannot be finished"
            f" ({error.strerror or error}): make room or get permission to write there, then try again"
        ) from None
    return entry


def _digest_of(path: Path) -> str:
    try:
        return digest(path.read_bytes())
    except OSError:
        return ""


def undo(folder: Path) -> tuple[Entry, Entry]:
    """Take back the last change that has not been taken back.

    Parameters
    ----------
    folder : Path
        The pack, held for writing and recovered.

    Returns
    -------
    tuple of Entry
        The change taken back, and the change that did it.

    Raises
    ------
    InputError
        If there is none, or a table it touched has been changed since by other means.
    """
    entries = history(folder)
    back = {entry.undoes for entry in entries if entry.undoes is not None}
    open_ = [e for e in entries if e.undoes is None and e.number not in back]
    if not open_:
        raise InputError(
            f"{folder}: 没有可撤销的改动 · there is no change to undo; `xc import --apply` records them"
        )
    last = open_[-1]
    files = {}
    for path, (before, after) in last.files.items():
        now = _digest_of(folder / path)
        if now != after:
            raise InputError(
                f"{folder / path}: 第 {last.number} 次改动之后又被改过，撤销会丢失，原文件在所示处 · has been"
                f" changed since change {last.number}; undoing would lose that: the file as it was lies in {last.folder / 'before' / path}"
            )
        kept = last.folder / "before" / path
        if _digest_of(kept) != before:
            zh, en = ("被改过", "has been changed") if kept.exists() else ("已不在", "is gone")
            raise InputError(
                f"{kept}: 备份{zh}，无法撤销，请手工改回 {folder / path} · the backup {en}, so the change"
                f" cannot be undone: correct {folder / path} by hand"
            )
        old = kept.read_bytes()
        files[path.removesuffix(".csv")] = old
    return last, commit(
        folder, files, did=f"undo of change {last.number}: {last.did}", undoes=last.number
    )
