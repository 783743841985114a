"""Run the notebooks side by side, keep what has not changed, put finished outputs in place.

A notebook is current while the digest of all it depends on (its cells, the tables, the package,
the libraries, the language) equals the one recorded at its last run and its outputs are those
that the run wrote. A run writes to a staging folder; only a whole run replaces what was there.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import sysconfig
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from .errors import InputError
from .running import KernelDiedError, NotebookError, execute, kernel_environment, warnings_of
from .tables import data_dir
from .words import Message, error, message, word

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent
MOST_KERNELS = 4  # each holds some 300 MB
UNKNOWN_TIME = float("inf")  # of a notebook that was never run


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook: `state` is "run", "kept" or "failed"."""

    name: str
    state: str
    seconds: float = 0.0
    why: Message | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Folders:
    """The folders of one build: `out` receives ``figures/`` and ``report/``."""

    notebooks: Path
    data: Path
    out: Path

    @property
    def figures(self) -> Path:
        """The finished figures."""
        return self.out / "figures"

    @property
    def cache(self) -> Path:
        """What a build remembers: records, home of the kernels."""
        return self.out / "report" / ".cache"

    @property
    def staging(self) -> Path:
        """Unfinished outputs, on the disk of the finished ones."""
        return self.cache / "staging"


class Quiet:
    """Show nothing; also the list of what a display is told."""

    def line(self, text: str) -> None:
        """Show a passing line of progress."""

    def say(self, text: str) -> None:
        """Show a line that stays."""


def folders(out: Path | str | None = None, notebooks: Path | str | None = None) -> Folders:
    """Settle the folders of a build; other tables never change the committed figures."""
    nb_dir = Path(notebooks or ROOT / "notebooks").resolve()
    data = Path(data_dir()).resolve()
    if not any(nb_dir.glob("*.ipynb")):
        raise error("error.no_notebooks", folder=nb_dir)
    if out is None:
        out = ROOT if data == (ROOT / "data").resolve() else ROOT / "report" / data.name
    return Folders(nb_dir, data, Path(out).resolve())


def select_notebooks(names: Sequence[str], notebooks: Path) -> list[Path]:
    """Return the notebooks that names ask for, by file name or by how it begins ("10")."""
    every = sorted(p for p in notebooks.glob("*.ipynb") if not p.name.startswith("."))
    if not names:
        return every
    chosen: set[Path] = set()
    for name in names:
        stem = Path(name).name.removesuffix(".ipynb")
        exact = [p for p in every if p.stem == stem]
        hits = exact or [p for p in every if p.stem.startswith(stem)]
        if not hits:
            known = ", ".join(p.stem for p in every)
            raise error("error.no_such_notebook", name=name, known=known)
        chosen.update(hits)
    return sorted(chosen)


def notebook_of_figure(name: str, notebooks: Path) -> Path:
    """Return the notebook that draws a figure, found by ``@xc.figure("NAME")``."""
    every = select_notebooks((), notebooks)
    figures = {stem: path for path in every for stem in figures_of(path)}
    if name not in figures:
        raise error("error.no_such_figure", name=name, known=", ".join(sorted(figures)))
    return figures[name]


def figures_of(path: Path) -> list[str]:
    """Return the names of the figures that a notebook draws with ``@xc.figure``."""
    code = "\n".join(source for kind, source in _cells(path) if kind == "code")
    return re.findall(r"^@xc\.figure\(\s*[\"']([^\"']+)", code, re.MULTILINE)


def _cells(path: Path) -> list[tuple[str, str]]:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError):
        raise error("error.not_a_notebook", name=path.name) from None


# ---- what a notebook depends on ------------------------------------------------------------


def _file_digest(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _installed() -> list[str]:
    """Return names and versions of the installed libraries, from folder names alone."""
    sites = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    return sorted(p.name for site in sites for p in Path(site).glob("*.dist-info"))


def common_key(data: Path, lang: str) -> str:
    """Return the digest of what the notebooks share: tables, package, libraries, language."""
    files = [p for p in PACKAGE.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    files += [p for p in data.rglob("*") if p.suffix in (".csv", ".json", ".md")]
    contents = [(p.name, _file_digest(p)) for p in sorted(files)]
    return _digest([contents, platform.python_version(), lang, _installed()])


def notebook_key(path: Path, common: str) -> str:
    """Return the digest of one notebook's cells and all it depends on; outputs do not count."""
    return _digest([common, _cells(path)])


def _digest(parts: list) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _record(name: str, where: Folders) -> dict:
    try:
        record = json.loads((where.cache / f"{name}.json").read_text(encoding="utf-8"))
        return record if isinstance(record.get("outputs"), dict) else {}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_current(name: str, key: str, where: Folders) -> bool:
    """Tell whether a record is of this key and its outputs are as they were written."""
    record = _record(name, where)
    if record.get("key") != key:
        return False
    outputs = ((where.out / file, digest) for file, digest in record["outputs"].items())
    return all(path.is_file() and _file_digest(path) == digest for path, digest in outputs)


# ---- putting results in place --------------------------------------------------------------


def _install(name: str, record: dict, fresh: dict[str, Path], where: Folders) -> None:
    """Move whole files into place, drop what is no longer written, then keep the record."""
    digests = {file: _file_digest(path) for file, path in sorted(fresh.items())}
    _drop(set(_record(name, where).get("outputs", {})) - set(digests), name, where)
    for file, path in fresh.items():
        target = where.out / file
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)
    draft = where.staging / f"{name}.json"
    draft.write_text(json.dumps(record | {"outputs": digests}, indent=1), encoding="utf-8")
    os.replace(draft, where.cache / f"{name}.json")


def _is_of_another(file: str, name: str, where: Folders) -> bool:
    """Tell whether another notebook has written a file too."""
    others = (record.stem for record in where.cache.glob("*.json") if record.stem != name)
    return any(file in _record(other, where).get("outputs", {}) for other in others)


def _drop(files, name: str, where: Folders) -> None:
    """Remove outputs of a notebook; one that has moved to another notebook stays."""
    for file in files:
        if not _is_of_another(file, name, where):
            (where.out / file).unlink(missing_ok=True)


def _sweep(where: Folders) -> None:
    """Remove what a killed run left, and the outputs of notebooks that are gone."""
    shutil.rmtree(where.staging, ignore_errors=True)
    where.staging.mkdir(parents=True)
    for record in where.cache.glob("[0-9]*.json"):
        if not (where.notebooks / f"{record.stem}.ipynb").exists():
            _drop(_record(record.stem, where).get("outputs", {}), record.stem, where)
            record.unlink()


# ---- all of them ---------------------------------------------------------------------------


def _alone(where: Folders, say: Callable[[str], None]) -> TextIO:
    """Hold the output folder until the file returned is closed; a second build waits."""
    try:
        where.cache.mkdir(parents=True, exist_ok=True)
        handle = open(where.cache / "lock", "a", encoding="utf-8")
    except OSError as refused:
        raise error("error.cannot_write", path=where.out, reason=refused.strerror) from None
    with contextlib.suppress(ImportError):  # without fcntl builds are not kept apart
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say(word("build.waiting"))
            fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


class _Run:
    """One run of some notebooks: what is to do, how far it is, whom it tells."""

    def __init__(self, todo: dict[Path, str], where: Folders, lang: str, show: Quiet) -> None:
        self.todo, self.where, self.lang, self.show = todo, where, lang, show
        self.done: list[Outcome] = []
        self.at: dict[str, float] = {}

    async def all(self, jobs: int) -> list[Outcome]:
        """Run them, the longest first, so that no core waits for it alone at the end."""
        last = {p: _record(p.stem, self.where).get("seconds", UNKNOWN_TIME) for p in self.todo}
        turn = asyncio.Semaphore(jobs)
        environment = kernel_environment(self.where.cache / "home")
        environment |= {"XC_DATA": str(self.where.data), "XC_LANG": self.lang}
        died: list[KernelDiedError] = []
        try:
            async with asyncio.TaskGroup() as group:
                for path in sorted(self.todo, key=lambda p: -last[p]):
                    group.create_task(self._one(path, environment, turn))
        except* KernelDiedError as group:
            died += group.exceptions
        if died:  # told once: the kernels after it would die too
            raise InputError(died[0].why)
        return self.done

    async def _one(self, path: Path, environment: dict, turn: asyncio.Semaphore) -> None:
        name = path.stem
        async with turn:
            staged = self.where.staging / name
            figures = staged / "figures"
            figures.mkdir(parents=True)
            began = time.perf_counter()
            self._tell(name, 0.0)
            how = {"environment": environment, "figures": figures}
            how["tick"] = lambda done, total: self._tell(name, done / total)
            why, warned = None, ()
            try:
                nb = await execute(path, **how)
                warned = warnings_of(nb.cells)
                self._keep(path, nb, staged, warned, time.perf_counter() - began)
            except KernelDiedError:
                raise
            except NotebookError as failed:
                why = failed.why
            except OSError as refused:
                why = message("error.cannot_write", path=refused.filename, reason=refused.strerror)
            self.at.pop(name)
            state = "failed" if why else "run"
            outcome = Outcome(name, state, time.perf_counter() - began, why, warned)
            self.done.append(outcome)
            self.show.say(word(f"build.{outcome.state}", name=name, seconds=outcome.seconds))

    def _keep(self, path: Path, nb, staged: Path, warned: tuple[str, ...], seconds: float) -> None:
        """Put a run's page and figures in place."""
        from .pages import notebook_page

        name, named = path.stem, set(figures_of(path))
        page = staged / f"{name}.html"
        page.write_text(notebook_page(nb, name, self.lang), encoding="utf-8")
        # what a notebook saves besides, to show how, is not of the collection
        figures = sorted(p for p in (staged / "figures").rglob("*.*") if p.stem in named)
        fresh = {p.relative_to(staged).as_posix(): p for p in figures}
        fresh[f"report/notebooks/{page.name}"] = page
        record = {"key": self.todo[path], "seconds": round(seconds, 2), "warnings": warned}
        _install(name, record, fresh, self.where)

    def _tell(self, name: str, share: float) -> None:
        self.at[name] = share
        running = ", ".join(f"{n} {s:.0%}" for n, s in sorted(self.at.items()))
        total = len(self.todo)
        self.show.line(word("build.progress", done=len(self.done), total=total, running=running))


def build(
    names: Sequence[str] = (),
    *,
    where: Folders | None = None,
    languages: Sequence[str] = ("zh",),
    force: bool = False,
    jobs: int | None = None,
    show: Quiet | None = None,
) -> tuple[list[Outcome], list[Path]]:
    """Run the notebooks that are not current, side by side, and write the report.

    `languages` are those of the report; notebooks run in the first, and figures are drawn in both
    whatever is asked. Returns what became of each notebook (a failed one keeps its previous
    outputs) and the files of the report: none if some notebook is not current, and then the
    previous ones stand as they were. Raises `InputError` if kernels die.
    """
    where = where or folders()
    show = show or Quiet()
    asked = select_notebooks(names, where.notebooks)
    with _alone(where, show.say):
        _sweep(where)
        lang = languages[0]
        common = common_key(where.data, lang)
        keys = {p: notebook_key(p, common) for p in select_notebooks((), where.notebooks)}
        stale = {p for p, key in keys.items() if not _is_current(p.stem, key, where)}
        todo = {p: keys[p] for p in asked if force or p in stale}
        done = [Outcome(p.stem, "kept") for p in asked if p not in todo]
        jobs = jobs or min(os.cpu_count() or 1, MOST_KERNELS)
        try:
            if todo:
                show.say(word("build.begin", n=len(todo)))
                done += asyncio.run(_Run(todo, where, lang, show).all(jobs))
            current = {o.name for o in done if o.state == "run"}
            whole = all(p.stem in current for p in stale | set(todo))
            reports = []
            for language in languages if whole else ():
                reports += _write_report(language, keys, where, show)
        finally:
            shutil.rmtree(where.staging, ignore_errors=True)
        if todo and common_key(where.data, lang) != common:
            show.say(word("build.tables_changed"))
    return sorted(done, key=lambda outcome: outcome.name), reports


# ---- the report ----------------------------------------------------------------------------


def _write_report(lang: str, keys: dict[Path, str], where: Folders, show: Quiet) -> list[Path]:
    """Write the report in a language unless all that it is made of is unchanged."""
    name = f"report-{lang}"
    records = [_record(path.stem, where).get("outputs") for path in keys]
    key = _digest([lang, *keys.values(), records])
    if not _is_current(name, key, where):
        show.line(word("build.report"))
        staged = where.staging / name
        staged.mkdir(parents=True)
        _make_report(lang, staged, where)
        files = [path for path in sorted(staged.rglob("*")) if path.is_file()]
        fresh = {f"report/{path.relative_to(staged).as_posix()}": path for path in files}
        _install(name, {"key": key}, fresh, where)
    return [where.out / file for file in _record(name, where)["outputs"]]


def _make_report(lang: str, out: Path, where: Folders) -> None:
    """Write the report in Word, HTML and as a workbook."""
    from . import report

    report.build(lang, out, figures=where.figures / lang)
