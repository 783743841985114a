"""The command line ``xc``: every command, its options, and one line for what goes wrong."""

import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .errors import InputError
from .words import LANGUAGES, error, language, use_language, word

DONE, WRONG, USAGE, INTERRUPTED = 0, 1, 2, 130
WIDTHS = (40, 300)  # mm; narrower than a column or wider than a page is a slip
FORMATS = ("png", "svg", "pdf")
#: Refusals of an argument as it was typed: wrong usage, not something found wrong.
_MISUSES = {"error.jobs", "error.format", "error.width", "error.port", "error.no_station_named"}
_MISUSES |= {"error.no_month", "error.no_such_figure", "error.no_such_notebook"}


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


def _print_preview(preview) -> int:
    print("\n".join(map(_printable, str(preview).splitlines())))
    return WRONG if preview.problems else DONE


def _names(text: str) -> list[str]:
    return [name.strip() for name in re.split("[,，、]", text) if name.strip()]


def _build(args: argparse.Namespace) -> int:
    from .build import Progress, build, folders

    if args.jobs is not None and args.jobs < 1:
        raise error("error.jobs", jobs=args.jobs)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended is interrupted: tidy up
    began = time.perf_counter()
    how = {"where": folders(args.out), "force": args.force, "jobs": args.jobs}
    how["languages"] = LANGUAGES if args.lang == "both" else (language(),)
    with Progress() as show:
        outcomes, reports = build(args.names, show=show, **how)
    for outcome in outcomes:
        for warning in outcome.warnings:
            print(f"{outcome.name}: {warning}")
        if outcome.why is not None:
            _complain(f"{outcome.name}: {outcome.why}")
    count = {s: sum(o.state == s for o in outcomes) for s in ("run", "kept", "failed")}
    print(word("cli.built", seconds=time.perf_counter() - began, **count))
    _print_paths(reports)
    if count["failed"]:
        _complain(word("cli.previous_kept"))
        return WRONG
    if not reports:
        print(word("cli.report_not_written"))
    return DONE


def _draw(stem: str, out: Path, lang: str, *, name="", environment=None, **how) -> list[Path]:
    """Run the notebook of a figure up to it; copy its files, each language to its folder."""
    import asyncio

    from .build import ROOT, Progress, folders, notebook_of_figure
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
            raise InputError(f"{path.stem}: {failed}") from None
        for warning in warnings_of(nb.cells):
            print(f"{path.stem}: {warning}", file=sys.stderr)
        written = []
        for file in sorted(figures.rglob(f"{stem}.*")):
            if lang in ("both", file.parent.name):
                folder = out / file.parent.name if lang == "both" else out
                folder.mkdir(parents=True, exist_ok=True)
                written.append(shutil.copyfile(file, folder / f"{name or stem}{file.suffix}"))
        return written


def _figure(args: argparse.Namespace) -> int:
    from .build import ROOT

    formats = [name.lower() for name in _names(args.format)]
    if unknown := [f for f in formats if f not in FORMATS]:
        raise error("error.format", name=unknown[0], known=", ".join(FORMATS))
    environment = {"XC_FIGURE_FORMATS": ",".join(formats)}
    if args.width is not None:
        if not WIDTHS[0] <= args.width <= WIDTHS[1]:
            raise error("error.width", width=args.width, least=WIDTHS[0], most=WIDTHS[1])
        environment["XC_FIGURE_WIDTH"] = f"{args.width:g}"
    out, lang = Path(args.out or ROOT / "scratch"), "both" if args.lang == "both" else language()
    return _print_paths(_draw(args.figure, out, lang, environment=environment))


def _month(args: argparse.Namespace) -> int:
    from .air import month_page

    page = month_page(args.month)
    print(page)
    if not args.out:
        return DONE
    out, name = Path(args.out), f"month_page_{args.month}"
    set_month = partial(re.sub, r"(?m)^MONTH = .*$", f"MONTH = {args.month!r}")
    written = _draw("month_page", out, language(), name=name, replace=set_month)
    text = out / f"{name}.txt"
    text.write_text(f"{page}\n", encoding="utf-8")
    return _print_paths([*written, text])


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
    from .build import Progress
    from .hourly.stations import write_store

    needed = {"--stations": args.stations, "--name": args.name, "--out": args.out}
    missing = [option for option, value in needed.items() if not value]
    if missing and not args.to_parquet:
        args.parser.error(f"missing {', '.join(missing)}")
    stations = None if args.stations is None else _names(args.stations)
    if stations == []:
        raise error("error.no_station_named")
    with Progress() as show:
        how = {"progress": show.count, "warn": show.say}
        if args.to_parquet:
            written = [write_store(args.files, args.to_parquet, stations=stations, **how)]
        else:
            written = hourly.run_hourly(args.files, stations, args.name, args.out, **how).values()
    return _print_paths(written)


def _stations(args: argparse.Namespace) -> int:
    from .build import Progress
    from .hourly import run_stations

    how = {"by": args.by, "engine": args.engine, "out": args.out, "places": args.places}
    with Progress() as show:
        tables = run_stations(args.store, progress=show.count, warn=show.say, **how)
    return _print_paths(Path(args.out) / f"{name}.csv" for name in tables)


def _template(args: argparse.Namespace) -> int:
    from .own_numbers import write_template

    return _print_paths([write_template(args.template)])


def _import(args: argparse.Namespace) -> int:
    from .own_numbers import apply_import, preview_import

    does = apply_import if args.apply else preview_import
    return _print_preview(does(args.filled, accept_unlikely=args.accept_unlikely))


def _undo(args: argparse.Namespace) -> int:
    from .changes import undo

    print(_printable(undo()))
    return DONE


def _review(args: argparse.Namespace) -> int:
    from .review import review_export, review_import

    if args.review == "export":
        return _print_paths([review_export(args.filled)])
    return _print_preview(review_import(args.filled, apply=args.apply))


def _explore(args: argparse.Namespace) -> int:
    from .explorer.server import serve

    serve(lang=language(), port=args.port, browser=not args.no_browser)
    return DONE


#: What each command does, and its arguments.
COMMANDS = {
    "build": (_build, "names --out --force --jobs"),
    "check": (_check, "dir"),
    "hourly": (_hourly, "files --stations --name --out --to-parquet"),
    "stations": (_stations, "store --out --by --engine --places"),
    "figure": (_figure, "figure --format --width --out"),
    "month": (_month, "month --out"),
    "template": (_template, "template"),
    "import": (_import, "filled --apply --accept-unlikely"),
    "undo": (_undo, ""),
    "review": (_review, "review filled --apply"),
    "explore": (_explore, "--port --no-browser"),
}
_SWITCHES = ("--force", "--apply", "--accept-unlikely", "--no-browser")
#: Each argument as argparse takes it.
ARGUMENTS = {name: {"action": "store_true"} for name in _SWITCHES}
ARGUMENTS |= {"names": {"nargs": "*", "metavar": "NAME"}, "dir": {"nargs": "?", "metavar": "DIR"}}
ARGUMENTS |= {"files": {"nargs": "+", "metavar": "FILE"}, "store": {"metavar": "DIR"}}
ARGUMENTS |= {"figure": {"metavar": "NAME"}, "month": {"metavar": "YYYY-MM"}}
ARGUMENTS |= {"template": {"metavar": "FILE.xlsx"}, "filled": {"metavar": "FILE"}}
ARGUMENTS |= {"review": {"choices": ("export", "import")}, "--out": {"metavar": "DIR"}}
ARGUMENTS |= {"--jobs": {"type": int, "metavar": "N"}, "--port": {"type": int, "metavar": "N"}}
ARGUMENTS |= {"--stations": {"metavar": "A,B"}, "--name": {"metavar": "NAME"}}
ARGUMENTS |= {"--to-parquet": {"metavar": "DIR"}, "--places": {"metavar": "FILE"}}
ARGUMENTS["--by"] = {"choices": ("station", "district", "city"), "default": "station"}
ARGUMENTS["--engine"] = {"default": "duckdb", "metavar": "ENGINE"}
ARGUMENTS["--format"] = {"default": "png", "metavar": "LIST"}
ARGUMENTS["--width"] = {"type": float, "metavar": "MM"}


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
    commands = parser.add_subparsers(
        dest="command", required=True, metavar=word("cli.command"), parser_class=_Parser
    )
    for name, (does, arguments) in COMMANDS.items():
        about, example = word(f"cli.help.{name}"), word(f"cli.example.{name}")
        sub = commands.add_parser(name, help=about, description=about, epilog=example)
        sub.set_defaults(does=does, parser=sub)
        # the language may stand before the command or after it
        languages = (*LANGUAGES, "both") if name in ("build", "figure") else LANGUAGES
        lang = {"choices": languages, "default": argparse.SUPPRESS}
        for argument in ["--lang", *arguments.split()]:
            how = lang if argument == "--lang" else ARGUMENTS[argument]
            if (name, argument) == ("stations", "--out"):
                how = how | {"required": True}
            sub.add_argument(argument, help=word(f"cli.option.{argument.lstrip('-')}"), **how)
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
    try:
        args = _parser().parse_args(argv)
        return args.does(args)
    except InputError as refused:
        _complain(str(refused))
        return USAGE if getattr(refused.args[0], "key", "") in _MISUSES else WRONG
    except KeyboardInterrupt:
        _complain(word("cli.interrupted"))
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has gone; nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG
    except OSError as refused:
        what = {"path": refused.filename or "xc", "reason": refused.strerror or refused}
        _complain(word("cli.os_error", **what))
        return WRONG
