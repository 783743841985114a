"""Runs the notebooks side by side, keeps what has not changed, and puts finished outputs in place.

A notebook is current while the digest of everything it depends on (its cells, the tables, the
package, settings, library versions) equals the one recorded at its last run and the figures it
wrote are still those. A run writes to a staging folder; only a whole run replaces what was there.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import platform
import re
import shutil
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .documents.audience import restricted
from .errors import InputError
from .packs.localpack import held
from .running import execute, warnings_of

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook: ``state`` is "built", "kept", "failed" or "left out"."""

    name: str
    state: str
    seconds: float = 0.0
    message: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """The folders of one build; what is not for everyone's eyes lies apart from what is."""

    notebooks: Path
    data: Path
    out: Path
    audience: str = "internal"
    figures: Path = field(init=False)
    report: Path = field(init=False)
    executed: Path = field(init=False)
    staging: Path = field(init=False)

    def __post_init__(self) -> None:
        internal = self.audience == "internal"
        report = self.out / "report" if internal else self.out / "report" / self.audience
        object.__setattr__(self, "figures", (self.out if internal else report) / "figures")
        object.__setattr__(self, "report", report)
        object.__setattr__(self, "executed", report / "notebooks")
        object.__setattr__(self, "staging", report / ".staging")


def place(
    *,
    data: Path | str | None = None,
    out: Path | str | None = None,
    notebooks: Path | str | None = None,
) -> Place:
    """Settle the folders of a build.

    Parameters
    ----------
    data : path, optional
        Folder of tables; default ``$XC_DATA``, else the project's own.
    out : path, optional
        Folder that receives ``figures/`` and ``report/``. Default: the project when it runs on its
        own tables, else ``report/<name of the data folder>``, so that another district's figures
        never overwrite the committed ones.
    notebooks : path, optional
        Folder of notebooks; default the project's.

    Returns
    -------
    Place

    Raises
    ------
    InputError
        If a folder is missing or holds no notebook.
    """
    own = ROOT / "data"
    data_dir = Path(data or os.environ.get("XC_DATA") or own).resolve()
    nb_dir = Path(notebooks or ROOT / "notebooks").resolve()
    if not data_dir.is_dir():
        raise InputError(f"{data_dir}: no such folder of tables; give one with --data")
    if not any(nb_dir.glob("*.ipynb")):
        raise InputError(f"{nb_dir}: no notebooks here; run xc build from a clone of the project")
    if out is None:
        out = ROOT if data_dir == own.resolve() else ROOT / "report" / data_dir.name
    return Place(nb_dir, data_dir, Path(out).resolve())


def select(names: Sequence[str], notebooks: Path) -> list[Path]:
    """The notebooks that ``names`` ask for: by file name, or by how it begins (``10``)."""
    every = sorted(p for p in notebooks.glob("*.ipynb") if not p.name.startswith("."))
    if not names:
        return every
    chosen: set[Path] = set()
    for name in names:
        stem = Path(name).name.removesuffix(".ipynb")
        hits = [p for p in every if p.stem == stem] or [p for p in every if p.stem.startswith(stem)]
        if not hits:
            known = ", ".join(p.stem for p in every)
            raise InputError(f"{name}: no such notebook; there are {known}")
        chosen.update(hits)
    return sorted(chosen)


# ---- what a notebook depends on ----------------------------------------------------------------


def _file_digest(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _installed() -> list[str]:
    """Names and versions of the installed libraries, from folder names alone (cheap)."""
    sites = {sysconfig.get_path(k) for k in ("purelib", "platlib")}
    return sorted(p.name for site in sites for p in Path(site).glob("*.dist-info"))


def common_key(where: Place) -> str:
    """Digest of everything the notebooks share: tables, package, settings, library versions."""
    package = Path(__file__).resolve().parent
    files = [p for p in package.rglob("*") if p.suffix in (".py", ".mplstyle", ".css", ".ipynb")]
    files += [p for p in where.data.rglob("*") if p.suffix in (".csv", ".json")]
    settings = {
        k: v
        for k, v in os.environ.items()
        if k.startswith("XC_") and k not in ("XC_DATA", "XC_FIGURES", "XC_SHARED")
    }
    parts = [f"{p.name} {_file_digest(p)}" for p in sorted(files)]
    parts += [platform.python_version(), json.dumps(settings, sort_keys=True), *_installed()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def notebook_key(path: Path, common: str) -> str:
    """Digest of one notebook's cells and all it depends on; outputs and metadata do not count."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        told = [[c["cell_type"], "".join(c["source"])] for c in cells]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path.name}: not a notebook ({error}); restore it from version control"
        ) from None
    return hashlib.sha256((common + json.dumps(told)).encode()).hexdigest()


def _record(name: str, where: Place) -> dict:
    try:
        record = json.loads((where.executed / f"{name}.json").read_text(encoding="utf-8"))
        return record if isinstance(record, dict) else {}
    except (OSError, ValueError):
        return {}


def _is_current(name: str, key: str, where: Place) -> bool:
    record = _record(name, where)
    if record.get("key") != key or not (where.executed / f"{name}.ipynb").is_file():
        return False
    figures = ((where.figures / f, digest) for f, digest in record.get("figures", {}).items())
    return all(path.is_file() and _file_digest(path) == digest for path, digest in figures)


# ---- putting results in place ------------------------------------------------------------------


def _write(path: Path, content: str | bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    os.replace(draft, path)


def _install(name: str, key: str, nb: dict, seconds: float, staged: Path, where: Place) -> Outcome:
    """Put a whole run in place: figures, then the executed notebook, then its record."""
    import nbformat

    fresh = {p.relative_to(staged).as_posix(): p for p in staged.rglob("*") if p.is_file()}
    digests = {rel: _file_digest(p) for rel, p in sorted(fresh.items())}
    others = {
        rel: p.stem
        for p in where.executed.glob("*.json")
        if p.stem != name and (where.notebooks / f"{p.stem}.ipynb").exists()
        for rel in _record(p.stem, where).get("figures", {})
    }
    for rel in digests:
        if rel in others:
            message = f"writes figures/{rel}, which is {others[rel]}'s; give it another name"
            return Outcome(name, "failed", seconds, message)
    for rel, source in fresh.items():
        target = where.figures / rel
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
    for rel in set(_record(name, where).get("figures", {})) - set(digests) - set(others):
        (where.figures / rel).unlink(missing_ok=True)
    warned = warnings_of(nb["cells"])
    if whys := nb["metadata"].get("empty"):
        more = f"（另{len(whys) - 1}处 and {len(whys) - 1} more）" if len(whys) > 1 else ""
        warned = (*warned, f"空 empty: {whys[0]}{more}")
    _write(where.executed / f"{name}.ipynb", nbformat.writes(nb))
    record = {"key": key, "seconds": round(seconds, 2), "figures": digests, "warnings": warned}
    _write(where.executed / f"{name}.json", json.dumps(record, indent=1))
    return Outcome(name, "built", seconds, warnings=warned)


# ---- all of them --------------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(where: Place, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the output folder: a second build waits, and says so."""
    try:
        where.report.mkdir(parents=True, exist_ok=True)
        handle = open(where.report / ".lock", "a", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{where.report}: cannot write here ({error.strerror}); choose another with --out"
        ) from None
    with handle:
        try:
            import fcntl
        except ImportError:  # no such lock on this system: builds are not kept apart
            yield
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another build is writing here, waiting for it · 另一个构建正在运行，等待中")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


async def _run_all(todo: dict[Path, str], where: Place, jobs: int, show) -> list[Outcome]:
    turn = asyncio.Semaphore(jobs)

    async def one(path: Path, key: str) -> Outcome:
        async with turn:
            staged = where.staging / path.stem
            staged.mkdir(parents=True)
            began = time.perf_counter()
            show.start(path.stem)
            try:
                nb = await execute(
                    path,
                    figures=staged,
                    data=where.data,
                    tick=lambda done, total: show.step(path.stem, done, total),
                )
                seconds = time.perf_counter() - began
                outcome = _install(path.stem, key, nb, seconds, staged, where)
            except (RuntimeError, OSError) as error:
                seconds = time.perf_counter() - began
                outcome = Outcome(path.stem, "failed", seconds, str(error))
            show.finish(outcome)
            return outcome

    # the longest first, so that no core waits for it alone at the end
    last = {path: _record(path.stem, where).get("seconds", 1e9) for path in todo}
    order = sorted(todo, key=lambda path: -last[path])
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(path, todo[path])) for path in order]
    return [task.result() for task in tasks]


def build(
    names: Sequence[str] = (),
    *,
    where: Place | None = None,
    force: bool = False,
    jobs: int | None = None,
    languages: Sequence[str] = ("zh",),
    formats: Sequence[str] = ("html",),
    audience: str = "internal",
    as_of: int | None = None,
    show=None,
) -> tuple[list[Outcome], list[Path]]:
    """Run the notebooks that are not current, side by side, and write the report.

    Parameters
    ----------
    names : sequence of str
        Notebooks by name or by how it begins; empty for all.
    where : Place, optional
        Folders, from `place`; default the project's.
    force : bool
        Run also what has not changed.
    jobs : int, optional
        Notebooks at a time; default the number of cores.
    languages : sequence of str
        Languages of the report's figures and frame, of "zh" and "en".
    formats : sequence of str
        Kinds of report, of "html", "word", "excel" and "slides".
    audience : {"public", "internal"}
        Whose eyes it is for. For the public the notebooks run on tables without what is not
        public, so that no format can hold it; figures and papers go to ``report/public`` and tell
        how much was withheld. A notebook with nothing left to show (`Empty`) is "left out"; any
        other error fails the build.
    as_of : int, optional
        Last year whose values the papers judge with; default the last on record.
    show : object, optional
        Told of ``begin(names)``, ``start(name)``, ``step(name, done, total)``,
        ``finish(outcome)`` and ``say(text)``.

    Returns
    -------
    outcomes : list of Outcome
        In the order of the notebooks' names. A failed one keeps its previous outputs.
    reports : list of Path
        The reports, all up to date; empty if some notebook is not, and then the previous reports
        stand as they were.

    Raises
    ------
    InputError
        If a folder or a notebook is not what it should be.
    """
    where = where or place()
    show = show or _Silent()
    asked = select(names, where.notebooks)
    # tables stay as they are while notebooks read them: an import waits
    with (
        _alone(where, show.say),
        held(where.data, write=False, say=show.say),
        restricted(where.data, audience) as (tables, withheld),
    ):
        where = replace(where, data=tables, audience=audience)
        common = common_key(where)
        keys = {p: notebook_key(p, common) for p in select((), where.notebooks)}
        stale = {p: k for p, k in keys.items() if not _is_current(p.stem, k, where)}
        todo = {p: keys[p] for p in asked if force or p in stale}
        done = [Outcome(p.stem, "kept") for p in asked if p not in todo]
        if todo:
            shutil.rmtree(where.staging, ignore_errors=True)  # left by a run that was killed
            show.begin([p.stem for p in todo])
            try:
                done += asyncio.run(_run_all(todo, where, jobs or os.cpu_count() or 1, show))
            finally:
                shutil.rmtree(where.staging, ignore_errors=True)
        if withheld:
            done = [_left_out(o) if _EMPTY.match(o.message) else o for o in done]
        built = {o.name for o in done if o.state in ("built", "left out")}
        whole = all(p.stem in built for p in {**stale, **todo})
        reports = []
        if whole:
            without = {o.name for o in done if o.state == "left out"}
            keys = {p: k for p, k in keys.items() if p.stem not in without}
            told = {"withheld": withheld, "left_out": len(without), "as_of": as_of}
            reports = _reports(keys, languages, formats, where, show.say, told)
    return sorted(done, key=lambda outcome: outcome.name), reports


# how `running.execute` tells that a cell raised `errors.Empty`; any other error is a fault
_EMPTY = re.compile(r"cell \d+ of \d+: Empty: ")


def _left_out(outcome: Outcome) -> Outcome:
    """A notebook with nothing left for its audience is no failure."""
    why = f"不列入公开报告 left out of the public report: {outcome.message}"
    return Outcome(outcome.name, "left out", outcome.seconds, warnings=(why,))


def _reports(
    keys: dict[Path, str],
    languages: Sequence[str],
    formats: Sequence[str],
    where: Place,
    say: Callable[[str], None],
    told: dict,
) -> list[Path]:
    """Write each report in each language unless what it is made of has not changed."""
    from .documents.papers import FORMATS, Papers

    written = []
    records = [json.dumps(_record(p.stem, where).get("figures")) for p in keys]
    package = Path(__file__).resolve().parent
    records += [_file_digest(p) for s in ("md", "css") for p in sorted(package.rglob(f"*.{s}"))]
    executed = [where.executed / p.name for p in keys]
    papers = Papers(
        executed, figures=where.figures, data=where.data, audience=where.audience, **told
    )
    for lang, kind in itertools.product(languages, formats):
        target = where.report / f"xc-report-{lang}.{FORMATS[kind]}"
        made_of = "\n".join(
            [lang, kind, where.audience, json.dumps(told), *keys.values(), *records]
        )
        key = hashlib.sha256(made_of.encode()).hexdigest()
        stamp = where.executed / f".{target.name}.key"
        if not (target.is_file() and stamp.is_file() and stamp.read_text() == key):
            say(f"report · 报告 {target.name}")
            paper = papers.make(kind, lang)
            stamp.unlink(missing_ok=True)
            _write(target, paper)
            _write(stamp, key)
        written.append(target)
    return written


class _Silent:
    """Shows nothing; also the list of what a display is told."""

    def begin(self, names: list[str]) -> None: ...

    def start(self, name: str) -> None: ...

    def step(self, name: str, done: int, total: int) -> None: ...

    def finish(self, outcome: Outcome) -> None: ...

    def say(self, text: str) -> None: ...
