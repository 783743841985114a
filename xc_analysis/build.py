"""Run the notebooks side by side, keep what has not changed, put finished outputs in place.

A notebook is current while the digest of all it depends on is that of its last run and its outputs
are as that run wrote them. A run writes to a staging folder; only a whole one replaces anything.
"""

import asyncio
import contextlib
import hashlib
import json
import math
import os
import platform
import re
import shutil
import sys
import sysconfig
import time
from collections import namedtuple
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from . import running
from .tables import data_dir
from .words import error, message, word

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent


# what became of a notebook: its state is "run", "kept" or "failed"
Outcome = namedtuple("Outcome", "name state why warnings", defaults=(None, ()))
# `out` receives figures/ and report/, `cache` what a build remembers, `staging` what is unfinished
Folders = namedtuple("Folders", "notebooks data out figures cache staging")


class Progress(contextlib.AbstractContextManager):
    """A passing line on a terminal for what takes long; lines that stay go to stdout."""

    _last = 0.0

    def __exit__(self, *fault) -> None:
        self.line("")

    def line(self, text: str) -> None:
        """Show a line in place of the last one; elsewhere than on a terminal, nothing."""
        if sys.stderr.isatty() and (not text or time.monotonic() - self._last > 0.1):
            columns = shutil.get_terminal_size().columns - 1
            # a Chinese character takes two columns
            text = text[: columns if text.isascii() else columns // 2]
            print("\r\033[K" + text, end="", file=sys.stderr, flush=True)
            self._last = time.monotonic()

    def count(self, done: int, total: int, text: str = "") -> None:
        """Show how much of something that takes long is done."""
        self.line(word("cli.counted", done=done, total=total, text=text))

    def say(self, text: str) -> None:
        """Show a line that stays."""
        self.line("")
        print(text, flush=True)


def folders(out: Path | str | None = None, notebooks: Path | str | None = None) -> Folders:
    """Settle the folders of a build."""
    nb_dir, data = Path(notebooks or ROOT / "notebooks").resolve(), data_dir().resolve()
    if not any(nb_dir.glob("*.ipynb")):
        raise error("error.no_notebooks", folder=nb_dir)
    if out is None:  # other tables never change the committed figures
        out = ROOT if data == (ROOT / "data").resolve() else ROOT / "report" / data.name
    out = Path(out).resolve()
    cache = out / "report" / ".cache"
    return Folders(nb_dir, data, out, out / "figures", cache, cache / "staging")


def select_notebooks(names: Sequence[str], notebooks: Path) -> list[Path]:
    """Return the notebooks that names ask for, by file name or by how it begins ("10")."""
    every = sorted(notebooks.glob("[!.]*.ipynb"))
    chosen: set[Path] = set()
    for name in names:
        stem = Path(name).name.removesuffix(".ipynb")
        begin = [path for path in every if path.stem.startswith(stem)]
        if not begin:
            known = ", ".join(path.stem for path in every)
            raise error("error.no_such_notebook", name=name, known=known)
        chosen.update([path for path in begin if path.stem == stem] or begin)
    return sorted(chosen) if names else every


def notebook_of_figure(name: str, notebooks: Path) -> Path:
    """Return the notebook that draws a figure, found by ``@xc.figure("NAME")``."""
    figures = {stem: path for path in select_notebooks((), notebooks) for stem in figures_of(path)}
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


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(parts: list) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _installed() -> list[str]:
    sites = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    return sorted(p.name for site in sites for p in Path(site).glob("*.dist-info"))


def common_key(data: Path, lang: str) -> str:
    """Return the digest of what the notebooks share: tables, package, libraries, language."""
    files = [p for p in PACKAGE.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    files += [p for p in data.rglob("*") if p.suffix in (".csv", ".json", ".md")]
    contents = [(p.name, _file_digest(p)) for p in sorted(files)]
    return _digest([contents, platform.python_version(), lang, _installed()])


def _records(where: Folders) -> dict[str, dict]:
    try:
        return json.loads((where.cache / "records.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or damaged
        return {}


def _is_current(name: str, key: str, where: Folders) -> bool:
    """Tell whether a record is of this key and its outputs are as they were written."""
    record = _records(where).get(name, {"key": None})
    return record["key"] == key and all(
        (where.out / file).is_file() and _file_digest(where.out / file) == digest
        for file, digest in record["outputs"].items()
    )


def _install(name: str, record: dict | None, fresh: dict[str, Path], where: Folders) -> None:
    """Move whole files into place, drop what nothing writes any more, then keep the record."""
    records = _records(where)
    before = records.pop(name, {"outputs": {}})["outputs"]
    if record is not None:
        digests = {file: _file_digest(path) for file, path in sorted(fresh.items())}
        records[name] = record | {"outputs": digests}
    # a figure may have moved to another notebook
    for file in set(before).difference(*(one["outputs"] for one in records.values())):
        (where.out / file).unlink(missing_ok=True)
    for file, path in fresh.items():
        target = where.out / file
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)
    draft = where.staging / "records.json"
    draft.write_text(json.dumps(records, indent=1), encoding="utf-8")
    os.replace(draft, where.cache / draft.name)


def _alone(where: Folders, say) -> TextIO:
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


async def _run(todo: dict[Path, str], where: Folders, lang: str, jobs: int, show: Progress):
    # the longest first, so that no core waits for it alone at the end; one never run counts as such
    records = _records(where)
    last = {path: records.get(path.stem, {}).get("seconds", math.inf) for path in todo}
    turn, shares, done, died = asyncio.Semaphore(jobs), {}, [], []
    environment = running.kernel_environment(where.cache / "home")
    environment |= {"XC_DATA": str(where.data), "XC_LANG": lang}

    def tell(name: str, cells_done: int, cells: int) -> None:
        shares[name] = cells_done / cells
        told = ", ".join(f"{n} {share:.0%}" for n, share in sorted(shares.items()))
        show.line(word("build.progress", done=len(done), total=len(todo), running=told))

    async def run_one(path: Path) -> None:
        name, staged, why, warned = path.stem, where.staging / path.stem, None, ()
        async with turn:
            (staged / "figures").mkdir(parents=True)
            began = time.perf_counter()
            tell(name, 0, 1)
            how = {"environment": environment, "tick": partial(tell, name)}
            try:
                nb = await running.execute(path, figures=staged / "figures", **how)
                warned = running.warnings_of(nb.cells)
                record = {"key": todo[path], "seconds": round(time.perf_counter() - began, 2)}
                page = staged / f"{name}.html"
                page.write_text(running.notebook_page(nb, name, lang), encoding="utf-8")
                # what a notebook saves besides, to show how, is not of the collection
                files = [p for s in figures_of(path) for p in (staged / "figures").rglob(f"{s}.*")]
                fresh = {p.relative_to(staged).as_posix(): p for p in sorted(files)}
                fresh[f"report/notebooks/{page.name}"] = page
                _install(name, record, fresh, where)
            except running.KernelDiedError:
                raise
            except running.NotebookError as failed:
                why = failed.args[0]
            except OSError as refused:
                why = message("error.cannot_write", path=refused.filename, reason=refused.strerror)
            del shares[name]
            state = "failed" if why else "run"
            done.append(Outcome(name, state, why, warned))
            show.say(word(f"build.{state}", name=name, seconds=time.perf_counter() - began))

    try:
        async with asyncio.TaskGroup() as group:
            for path in sorted(todo, key=lambda path: -last[path]):
                group.create_task(run_one(path))
    except* running.KernelDiedError as group:
        died += group.exceptions
    if died:  # told once: the kernels after it would die too
        raise died[0]
    return done


def build(
    names: Sequence[str] = (),
    *,
    where: Folders | None = None,
    languages: Sequence[str] = ("zh",),
    force: bool = False,
    jobs: int | None = None,
    show: Progress | None = None,
) -> tuple[list[Outcome], list[Path]]:
    """Run the notebooks that are not current, and write the report in languages if then all are."""
    # notebooks run in the first language; figures are drawn in both, whatever is asked
    where, show, lang = where or folders(), show or Progress(), languages[0]
    asked = select_notebooks(names, where.notebooks)
    with _alone(where, show.say):
        every = select_notebooks((), where.notebooks)
        common = common_key(where.data, lang)
        keys = {path: _digest([common, _cells(path)]) for path in every}
        shutil.rmtree(where.staging, ignore_errors=True)  # what a killed run left
        where.staging.mkdir(parents=True)
        for name in _records(where):
            if name[0].isdigit() and name not in {path.stem for path in every}:  # a notebook gone
                _install(name, None, {}, where)
        stale = {path for path, key in keys.items() if not _is_current(path.stem, key, where)}
        todo = {path: keys[path] for path in asked if force or path in stale}
        done, reports = [Outcome(path.stem, "kept") for path in asked if path not in todo], []
        jobs = jobs or min(os.cpu_count() or 1, 4)  # each kernel holds some 300 MB
        try:
            if todo:
                show.say(word("build.begin", n=len(todo)))
                done += asyncio.run(_run(todo, where, lang, jobs, show))
            current = {outcome.name for outcome in done if outcome.state == "run"}
            if all(path.stem in current for path in stale | set(todo)):
                for language in languages:
                    reports += _write_report(language, keys, where, show)
        finally:
            shutil.rmtree(where.staging, ignore_errors=True)
        if todo and common_key(where.data, lang) != common:
            show.say(word("build.tables_changed"))
    return sorted(done), reports


def _write_report(lang: str, keys: dict[Path, str], where: Folders, show: Progress) -> list[Path]:
    """Write the report in a language unless all that it is made of is unchanged."""
    from . import report

    name = f"report-{lang}"
    records = _records(where)
    outputs = [records[path.stem]["outputs"] for path in keys]
    key = _digest([lang, *keys.values(), outputs])
    if not _is_current(name, key, where):
        show.line(word("build.report"))
        staged = where.staging / name
        staged.mkdir(parents=True)
        report.build(lang, staged, figures=where.figures / lang)
        files = [path for path in sorted(staged.rglob("*")) if path.is_file()]
        fresh = {f"report/{path.relative_to(staged).as_posix()}": path for path in files}
        _install(name, {"key": key}, fresh, where)
    return [where.out / file for file in _records(where)[name]["outputs"]]
