"""The command line ``xc``: every command, its options, and one line for what goes wrong."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .errors import InputError
from .words import LANGUAGES, error, language, use_language, word

DONE, WRONG, USAGE, INTERRUPTED = 0, 1, 2, 130
WIDTHS = (40, 300)  # mm; narrower than a column or wider than a page is a slip
FORMATS = ("png", "svg", "pdf")


# ---- what every command shows ---------------------------------------------------------------


class Progress:
    """A passing line on a terminal for what takes long; lines that stay go to stdout."""

    def __init__(self) -> None:
        self._shown = False
        self._last = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *fault) -> None:
        self.clear()

    def line(self, text: str) -> None:
        """Show a line in place of the last one; elsewhere than on a terminal, nothing."""
        if not sys.stderr.isatty() or time.monotonic() - self._last < 0.1:
            return
        columns = shutil.get_terminal_size().columns - 1
        text = text[: columns if text.isascii() else columns // 2]  # a Chinese character takes two
        print("\r\033[K" + text, end="", file=sys.stderr, flush=True)
        self._shown, self._last = True, time.monotonic()

    def count(self, done: int, total: int, text: str = "") -> None:
        """Show how much of something that takes long is done."""
        self.line(word("cli.counted", done=done, total=total, text=text))

    def say(self, text: str) -> None:
        """Show a line that stays."""
        self.clear()
        print(text, flush=True)

    def clear(self) -> None:
        """Remove the passing line."""
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._shown = False


def _printable(text: str) -> str:
    """Return a line in which nothing quoted from a file can act on the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def _complain(text: str) -> None:
    print(f"xc: {' '.join(_printable(text).split())}", file=sys.stderr)


def _relative(path: Path | str) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _print_paths(paths) -> int:
    for path in paths:
        print(_relative(path))
    return DONE


def _lang(args: argparse.Namespace) -> str:
    return args.lang if args.lang in LANGUAGES else language()


# ---- building ------------------------------------------------------------------------------


def _build(args: argparse.Namespace) -> int:
    from .build import build, folders

    if args.jobs is not None and args.jobs < 1:
        raise error("error.jobs", jobs=args.jobs)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended is interrupted: tidy up
    began = time.perf_counter()
    how = {"where": folders(args.out), "force": args.force, "jobs": args.jobs}
    how["languages"] = LANGUAGES if args.lang == "both" else (_lang(args),)
    with Progress() as show:
        outcomes, reports = build(args.names, show=show, **how)
    for outcome in outcomes:
        for warning in outcome.warnings:
            print(f"{outcome.name}: {warning}")
        if outcome.why is not None:
            _complain(f"{outcome.name}: {outcome.why}")
    count = {s: sum(o.state == s for o in outcomes) for s in ("run", "kept", "failed")}
    print(word("cli.built", seconds=time.perf_counter() - began, **count))
    papers = (".html", ".docx", ".xlsx")
    _print_paths(p for p in reports if p.suffix in papers and p.parent.name == "report")
    if count["failed"]:
        _complain(word("cli.previous_kept"))
    elif not reports:
        print(word("cli.report_not_written"))
    return WRONG if count["failed"] else DONE


def _draw(
    stem: str, out: Path, lang: str, *, name: str = "", formats=FORMATS, environment=None, **how
) -> list[Path]:
    """Run the notebook of a figure up to it; copy its files, each language to its folder."""
    import asyncio

    from .build import ROOT, folders, notebook_of_figure
    from .running import NotebookError, execute, kernel_environment, warnings_of

    path, where = notebook_of_figure(stem, ROOT / "notebooks"), folders()
    with tempfile.TemporaryDirectory(prefix="xc-") as place, Progress() as show:
        figures = Path(place) / "figures"
        figures.mkdir()
        # the build's home knows the fonts already; where it cannot be written, one for this run
        lasting = os.access(where.cache if where.cache.exists() else where.out, os.W_OK)
        kernel = kernel_environment((where.cache if lasting else Path(place)) / "home")
        kernel |= {"XC_DATA": str(where.data), "XC_LANG": "zh" if lang == "both" else lang}
        how |= {"environment": kernel | (environment or {}), "figures": figures, "until": stem}
        how["tick"] = lambda done, total: show.count(done, total, path.stem)
        try:
            nb = asyncio.run(execute(path, **how))
        except NotebookError as failed:
            raise InputError(f"{path.stem}: {failed.why}") from None
        for warning in warnings_of(nb.cells):
            print(f"{path.stem}: {warning}", file=sys.stderr)
        written = []
        for file in sorted(figures.rglob(f"{stem}.*")):
            if lang in ("both", file.parent.name) and file.suffix[1:] in (*formats, "csv"):
                folder = out / file.parent.name if lang == "both" else out
                folder.mkdir(parents=True, exist_ok=True)
                written.append(shutil.copyfile(file, folder / f"{name or stem}{file.suffix}"))
        return written


def _figure(args: argparse.Namespace) -> int:
    from .build import ROOT

    formats = [f.strip().lower() for f in re.split("[,，]", args.format) if f.strip()]
    if unknown := [f for f in formats if f not in FORMATS]:
        raise error("error.format", name=unknown[0], known=", ".join(FORMATS))
    environment = {"XC_FIGURE_FORMATS": ",".join(formats)}
    if args.width is not None:
        if not WIDTHS[0] <= args.width <= WIDTHS[1]:
            raise error("error.width", width=args.width, least=WIDTHS[0], most=WIDTHS[1])
        environment["XC_FIGURE_WIDTH"] = f"{args.width:g}"
    out = Path(args.out) if args.out else ROOT / "scratch"
    lang = args.lang if args.lang == "both" else _lang(args)
    return _print_paths(_draw(args.figure, out, lang, formats=formats, environment=environment))


def _month(args: argparse.Namespace) -> int:
    from . import air

    page = air.month_page(args.month)
    print(page)
    if not args.out:
        return DONE
    name = f"month_page_{args.month}"

    def set_month(source: str) -> str:
        return re.sub(r"(?m)^MONTH = .*$", f"MONTH = {args.month!r}", source)

    written = _draw("month_page", Path(args.out), _lang(args), name=name, replace=set_month)
    text = Path(args.out) / f"{name}.txt"
    text.write_text(f"{page}\n", encoding="utf-8")
    return _print_paths([*written, text])


# ---- tables and records --------------------------------------------------------------------


def _check(args: argparse.Namespace) -> int:
    from .checks import check, format_offence
    from .tables import data_dir

    offences = check(args.dir)
    folder = _relative(args.dir or data_dir())
    for row in offences.itertuples(index=False):
        print(format_offence(row, data=folder))
    if not len(offences):
        print(word("check.clean"))
    return WRONG if len(offences) else DONE


def _hourly(args: argparse.Namespace) -> int:
    from . import hourly
    from .hourly.store import write_store

    needed = {"--stations": args.stations, "--name": args.name, "--out": args.out}
    missing = [option for option, value in needed.items() if not value]
    if missing and not args.to_parquet:
        args.parser.error(f"missing {', '.join(missing)}")
    stations = None
    if args.stations is not None:
        stations = [name.strip() for name in re.split("[,，、]", args.stations) if name.strip()]
        if not stations:
            raise error("error.no_station_named")
    with Progress() as show:
        told = {"progress": show.count, "warn": show.say}
        if args.to_parquet:
            written = [write_store(args.files, args.to_parquet, stations=stations, **told)]
        else:
            tables = hourly.run_hourly(args.files, stations, args.name, args.out, **told)
            written = list(tables.values())
    return _print_paths(written)


def _stations(args: argparse.Namespace) -> int:
    from . import hourly

    how = {"by": args.by, "engine": args.engine, "out": args.out, "places": args.places}
    with Progress() as show:
        tables = hourly.run_stations(args.store, progress=show.count, warn=show.say, **how)
    return _print_paths(Path(args.out) / f"{name}.csv" for name in tables)


# ---- own numbers, review, explorer ---------------------------------------------------------


def _show_preview(preview) -> int:
    """Print what an import found; problems make it exit 1."""
    for line in str(preview).splitlines():
        print(_printable(line))
    return WRONG if preview.problems else DONE


def _template(args: argparse.Namespace) -> int:
    from .own_numbers import write_template

    return _print_paths([write_template(args.template)])


def _import(args: argparse.Namespace) -> int:
    from .own_numbers import apply_import, preview_import

    does = apply_import if args.apply else preview_import
    return _show_preview(does(args.filled, accept_unlikely=args.accept_unlikely))


def _undo(args: argparse.Namespace) -> int:
    from .changes import undo

    print(_printable(undo()))
    return DONE


def _review(args: argparse.Namespace) -> int:
    from .review import review_export, review_import

    if args.review == "export":
        return _print_paths([review_export(args.filled)])
    return _show_preview(review_import(args.filled, apply=args.apply))


def _explore(args: argparse.Namespace) -> int:
    from .explorer import serve

    serve(lang=_lang(args), port=args.port, browser=not args.no_browser)
    return DONE


# ---- the parser ----------------------------------------------------------------------------

_SWITCH = {"action": "store_true"}
_OUT = {"metavar": "DIR"}
_FILLED = {"metavar": "FILE"}
#: What each command does, and its arguments as argparse takes them.
COMMANDS = {
    "build": (
        _build,
        {
            "names": {"nargs": "*", "metavar": "NAME"},
            "--out": _OUT,
            "--force": _SWITCH,
            "--jobs": {"type": int, "metavar": "N"},
        },
    ),
    "check": (_check, {"dir": {"nargs": "?", "metavar": "DIR"}}),
    "hourly": (
        _hourly,
        {
            "files": {"nargs": "+", "metavar": "FILE"},
            "--stations": {"metavar": "A,B"},
            "--name": {"metavar": "NAME"},
            "--out": _OUT,
            "--to-parquet": {"metavar": "DIR"},
        },
    ),
    "stations": (
        _stations,
        {
            "store": {"metavar": "DIR"},
            "--out": _OUT | {"required": True},
            "--by": {"choices": ("station", "district", "city"), "default": "station"},
            "--engine": {"default": "duckdb", "metavar": "ENGINE"},
            "--places": {"metavar": "FILE"},
        },
    ),
    "figure": (
        _figure,
        {
            "figure": {"metavar": "NAME"},
            "--format": {"default": "png", "metavar": "LIST"},
            "--width": {"type": float, "metavar": "MM"},
            "--out": _OUT,
        },
    ),
    "month": (_month, {"month": {"metavar": "YYYY-MM"}, "--out": _OUT}),
    "template": (_template, {"template": {"metavar": "FILE.xlsx"}}),
    "import": (_import, {"filled": _FILLED, "--apply": _SWITCH, "--accept-unlikely": _SWITCH}),
    "undo": (_undo, {}),
    "review": (
        _review,
        {"review": {"choices": ("export", "import")}, "filled": _FILLED, "--apply": _SWITCH},
    ),
    "explore": (_explore, {"--port": {"type": int, "metavar": "N"}, "--no-browser": _SWITCH}),
}


class _Parser(argparse.ArgumentParser):
    """A parser that speaks one language and refuses in one line."""

    def __init__(self, **options) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(add_help=False, **options)
        self._optionals.title = word("cli.options")
        self._positionals.title = word("cli.arguments")
        self.add_argument("-h", "--help", action="help", help=word("cli.option.help"))

    def error(self, message: str) -> None:
        usage = " ".join(self.format_usage().split()[1:])
        # argparse speaks English; in Chinese the usage says it
        reason = message if language() == "en" else word("cli.wrong_arguments")
        self.exit(USAGE, word("cli.wrong_usage", usage=usage, reason=reason) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="xc", description=word("cli.about"), epilog=word("cli.see_help"))
    parser.add_argument("--lang", choices=LANGUAGES, help=word("cli.option.lang"))
    metavar = word("cli.command")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar=metavar, parser_class=_Parser
    )
    for name, (does, arguments) in COMMANDS.items():
        about = word(f"cli.help.{name}")
        example = word(f"cli.example.{name}")
        sub = commands.add_parser(name, help=about, description=about, epilog=example)
        sub.set_defaults(does=does, parser=sub)
        # the language may stand before the command or after it
        languages = (*LANGUAGES, "both") if name in ("build", "figure") else LANGUAGES
        shared = {"choices": languages, "default": argparse.SUPPRESS}
        for argument, how in ({"--lang": shared} | arguments).items():
            text = word(f"cli.option.{argument.removeprefix('--')}")
            sub.add_argument(argument, help=text, **how)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 done, 1 found wrong or failed, 2 wrong usage, 130 interrupted."""
    argv = sys.argv[1:] if argv is None else list(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a C locale must not break Chinese names
            stream.reconfigure(encoding="utf-8", errors="replace")
    # help and refusals must already be in the language asked for
    if asked := re.search(r"(?:^|\s)--lang[= ](zh|en)(?:\s|$)", " ".join(argv)):
        use_language(asked[1])
    command = "xc"
    try:
        args = _parser().parse_args(argv)
        command = args.command
        return args.does(args)
    except InputError as refused:
        _complain(str(refused))
        return WRONG
    except KeyboardInterrupt:
        _complain(word("cli.interrupted"))
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has gone; nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG
    except OSError as refused:
        what = refused.filename or command
        _complain(word("cli.os_error", path=what, reason=refused.strerror or refused))
        return WRONG
