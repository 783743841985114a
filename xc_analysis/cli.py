"""The command line ``xc``: build, check, hourly, stations, month, explore; the rest lies beside."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence

from . import cli_exchange, cli_papers
from .errors import InputError

EPILOG = (
    cli_exchange.EPILOG
    | cli_papers.EPILOG
    | {
        "build": "example: xc build                 everything that has changed · 运行所有有变化的笔记本\n"
        "         xc build 10 --force      notebook 10, changed or not · 强制重跑 10 号笔记本\n"
        "         xc build --data pack --out result --lang both",
        "check": "example: xc check                 the project's tables · 检查本项目的数据表\n"
        "         xc check pack            another folder of tables · 检查另一套数据表",
        "hourly": "example: xc hourly archive/*.zip --stations 官园,万寿西宫 --name 西城区 --out air\n"
        "         xc hourly archive --to-parquet store    every station, for xc stations · 供 xc stations 使用",
        "stations": "example: xc stations store --out result                 every station · 逐站\n"
        "         xc stations store --by district --out result   stations averaged by district · 按区\n"
        "         xc stations store --engine spark://host:7077 --out result",
        "month": "example: xc month 2023-05               the page as text · 月度调度页（文字）\n"
        "         xc month 2025-10 --out pages    and its figure: png, svg, csv · 并输出图件\n"
        "         xc month 2023-05 --indicator pm10 --lang en --out pages",
        "explore": "example: xc explore               the page in a browser, on this machine only · 在浏览器中打开\n"
        "         xc explore --lang en --port 8870 --no-browser",
    }
)


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xc",
        formatter_class=_Help,
        description="Evidence, trends and projections for a district's environment plan.\n"
        "区级生态环境规划的证据、趋势与预测。",
        epilog="xc COMMAND --help shows an example · 各命令的 --help 附有示例",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, zh: str, en: str, does) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=f"{en} · {zh}",
            description=f"{en}.\n{zh}。",
            epilog=EPILOG[name],
            formatter_class=_Help,
        )
        sub.set_defaults(does=does)
        return sub

    sub = command(
        "build", "运行笔记本，输出图件与报告", "Run the notebooks, write figures and report", _build
    )
    sub.add_argument("names", nargs="*", metavar="NAME", help="notebooks, by name or number")
    sub.add_argument("--data", metavar="DIR", help="folder of tables (default: the project's)")
    sub.add_argument("--out", metavar="DIR", help="where figures/ and report/ go")
    sub.add_argument("--lang", choices=("zh", "en", "both"), default="zh", help="report language")
    sub.add_argument(
        "--report",
        metavar="LIST",
        help="of html, word, excel, slides, comma-separated (default: all that the tables allow)",
    )
    sub.add_argument(
        "--audience",
        choices=("public", "internal"),
        default="internal",
        help="public goes to report/public, without drafts and internal rows (default: internal)",
    )
    sub.add_argument(
        "--as-of",
        type=int,
        metavar="YEAR",
        help="judge with data to YEAR (default: last on record)",
    )
    sub.add_argument("--force", action="store_true", help="run also what has not changed")
    sub.add_argument(
        "--jobs", type=_count, metavar="N", help="notebooks at a time (default: cores)"
    )

    sub = command(
        "check", "检查数据表，逐条指出问题", "Check the tables, one line an offence", _check
    )
    sub.add_argument("data", nargs="?", metavar="DIR", help="folder (default: the project's)")

    sub = command(
        "hourly",
        "由逐时监测记录计算日、月、年数据表",
        "Compute daily, monthly and annual tables from hourly records",
        _hourly,
    )
    sub.add_argument("archives", nargs="+", metavar="ARCHIVE", help="zip, folder, csv or csv.gz")
    sub.add_argument("--stations", help="the district's stations, comma-separated")
    sub.add_argument("--name", help="the district's name")
    sub.add_argument("--out", metavar="DIR", help="where the tables go")
    sub.add_argument(
        "--to-parquet", metavar="DIR", help="write the hours instead, for xc stations; all stations"
    )
    _reading_options(sub)
    sub.set_defaults(wrong_usage=sub.error)

    sub = command(
        "stations",
        "由逐时数据仓（Parquet）计算每个监测站、区或市的年、月数据表",
        "Annual and monthly tables of every station, district or city of a store of hours",
        _stations,
    )
    sub.add_argument("store", metavar="DIR", help="what xc hourly --to-parquet has written")
    sub.add_argument(
        "--out", required=True, metavar="DIR", help="annual.csv and monthly.csv go here"
    )
    sub.add_argument(
        "--engine",
        default="duckdb",
        metavar="ENGINE",
        help="duckdb (default), spark (this machine), spark://HOST:PORT",
    )
    sub.add_argument(
        "--by", choices=("station", "district", "city"), default="station", help="what a row is for"
    )
    sub.add_argument(
        "--places",
        metavar="FILE",
        help="csv: station, district, city (default: Beijing's stations)",
    )
    sub.add_argument("--memory", default="2GB", help="limit for DuckDB (default: 2GB)")
    _reading_options(sub)

    sub = command(
        "month", "一个月的调度页：文字与图件", "The page of one month, as text and figure", _month
    )
    sub.add_argument("month", metavar="YYYY-MM", help="the month, such as 2023-05")
    sub.add_argument("--scope", help="the district (default: the pack's)")
    sub.add_argument("--indicator", default="pm25", help="pm25 (default), pm10, no2 or so2")
    sub.add_argument("--lang", choices=("zh", "en"), default="zh", help="language of the figure")
    sub.add_argument("--out", metavar="DIR", help="where the figure goes (default: none is drawn)")
    sub.add_argument("--data", metavar="DIR", help="folder of tables (default: the project's)")
    cli_exchange.add(command)
    cli_papers.add(command)

    sub = command(
        "explore",
        "在浏览器中探索序列、预测与判断",
        "Explore series and verdicts in a browser",
        _explore,
    )
    sub.add_argument("--data", metavar="DIR", help="folder of tables (default: the project's)")
    sub.add_argument(
        "--lang", choices=("zh", "en"), default="zh", help="language of the first page"
    )
    sub.add_argument(
        "--port", type=int, metavar="N", help="port on 127.0.0.1 (default: a free one)"
    )
    sub.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    return parser


def _reading_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--hour-label",
        choices=("end", "start"),
        default="end",
        help="what an hour's label names: its end (default) or its start",
    )
    sub.add_argument(
        "--pm10",
        choices=("filled", "reported"),
        default="filled",
        help="PM10 hours withheld: filled with PM2.5 (default) or left out",
    )


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of notebooks; give 1 or more")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; default those of the process.

    Returns
    -------
    int
        0 done; 1 refused or failed, with what and why on stderr; 2 wrong usage; 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a C locale must not break Chinese names
            stream.reconfigure(encoding="utf-8", errors="replace")
    args = _parser().parse_args(argv)
    try:
        return args.does(args)
    except InputError as error:
        # a file's name or content that is quoted can do nothing to the terminal
        text = "".join(c if c.isprintable() or c in "\n\u3000" else "�" for c in str(error))
        print(f"xc: {text}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "xc: interrupted; what was there is as it was · 已中断，原有结果未动", file=sys.stderr
        )
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone; nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        what = error.filename or args.command
        print(f"xc: {what}: 读写不了 · {error.strerror or error}", file=sys.stderr)
        return 1


def _build(args: argparse.Namespace) -> int:
    from .build import build, place
    from .documents.papers import formats_for

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended is interrupted: tidy up
    began = time.perf_counter()
    where = place(data=args.data, out=args.out)
    formats, without = formats_for(args.report, where.data)
    languages = ("zh", "en") if args.lang == "both" else (args.lang,)
    with _Display() as show:
        outcomes, reports = build(
            args.names,
            where=where,
            force=args.force,
            jobs=args.jobs,
            languages=languages,
            formats=formats,
            audience=args.audience,
            as_of=args.as_of,
            show=show,
        )
    count = {
        state: sum(o.state == state for o in outcomes) for state in ("built", "kept", "failed")
    }
    for outcome in outcomes:
        for warning in outcome.warnings:
            print(f"{outcome.name}: {warning}")
        if outcome.state == "failed":
            print(f"xc: {outcome.name}: {outcome.message}", file=sys.stderr)
    took = time.perf_counter() - began
    print(
        f"{count['built']} run · 已运行, {count['kept']} unchanged · 未变, "
        f"{count['failed']} failed · 失败; {took:.1f} s"
    )
    for path in reports:
        print(_short(path))
    if reports and without:
        print(f"HTML only, the others wait for a plan · 只输出 HTML: {without}")
    if count["failed"]:
        print("xc: previous figures and report kept · 保留原有图件与报告", file=sys.stderr)
    elif not reports:
        print("report not rewritten: other notebooks have changed; run xc build · 报告未更新")
    return 1 if count["failed"] else 0


def _short(path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


class _Display:
    """A bar for each running notebook on a terminal, a line for each finished one elsewhere."""

    def __init__(self) -> None:
        self._bars = None
        self._tasks: dict[str, int] = {}
        self._left = 0

    def __enter__(self) -> _Display:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def begin(self, names: list[str]) -> None:
        self._left = len(names)
        print(f"running {len(names)} notebooks · 运行 {len(names)} 个笔记本", flush=True)
        if not sys.stdout.isatty():
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Elapsed()
        )
        self._tasks[""] = self._bars.add_task("all · 全部", total=len(names))
        self._bars.start()

    def start(self, name: str) -> None:
        if self._bars is not None:
            self._tasks[name] = self._bars.add_task(f"  {name}", total=None)

    def step(self, name: str, done: int, total: int) -> None:
        if self._bars is not None:
            self._bars.update(self._tasks[name], completed=done, total=total)

    def finish(self, outcome) -> None:
        self._left -= 1
        if self._bars is not None:
            self._bars.remove_task(self._tasks.pop(outcome.name))
            self._bars.advance(self._tasks[""])
        failed = "  FAILED · 失败" if outcome.state == "failed" else ""
        self.say(f"  {outcome.name}  {outcome.seconds:.1f} s{failed}")

    def say(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            print(text, flush=True)


def _check(args: argparse.Namespace) -> int:
    from . import tables

    offences = tables.check(args.data)
    folder = _short(args.data or tables.data_dir())
    for row in offences.itertuples(index=False):
        print(tables.format_offence(row, data=folder))
    return 1 if len(offences) else 0


def _hourly(args: argparse.Namespace) -> int:
    if args.to_parquet and (args.name or args.out):
        args.wrong_usage(
            "--to-parquet writes hours, --name and --out are for tables: give one or the other"
        )
    needed = {"--stations": args.stations, "--name": args.name, "--out": args.out}
    lacks = [name for name, value in needed.items() if value is None]
    if lacks and not args.to_parquet:
        args.wrong_usage(f"the following arguments are required: {', '.join(lacks)}")
    stations = args.stations
    if stations is not None:
        stations = [s.strip() for s in stations.replace("，", ",").split(",") if s.strip()]
        if not stations:
            raise InputError(
                "--stations 中没有站名；用逗号分开，如 站点一,站点二 · names no station; give them comma-separated"
            )
    from . import hourly
    from .records import parquet_store

    with _reading("reading · 读取") as (progress, warn):
        if args.to_parquet:
            parquet_store.write(
                args.archives, args.to_parquet, stations=stations, progress=progress, warn=warn
            )
        else:
            hourly.run(
                args.archives,
                stations=stations,
                name=args.name,
                out=args.out,
                hour_label=args.hour_label,
                pm10=args.pm10,
                progress=progress,
                warn=warn,
            )
    return 0


@contextlib.contextmanager
def _reading(text: str):
    """A bar that goes when it is done: (progress, warn) to hand to what takes long."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        task = bars.add_task(text, total=None)

        def progress(done: int, total: int | None = None, text: str | None = None) -> None:
            bars.update(task, completed=done, total=total, description=text)

        yield (
            progress,
            lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True),
        )


def _stations(args: argparse.Namespace) -> int:
    from .records import stations_run

    with _reading("computing · 计算") as (progress, warn):
        stations_run.run(
            args.store,
            by=args.by,
            engine=args.engine,
            out=args.out,
            places=args.places,
            hour_label=args.hour_label,
            pm10=args.pm10,
            memory=args.memory,
            progress=progress,
            warn=warn,
        )
    return 0


def _month(args: argparse.Namespace) -> int:
    from .packs.places import home
    from .pages.month_page import month_data, month_page, page_text, parse_month

    year, month = parse_month(args.month)
    scope = args.scope or home(args.data).scope
    page = month_page(year, month, scope=scope, indicator=args.indicator, data=args.data)
    print(page_text(page))
    if args.out:
        from .drawing.plots_month import month_figure
        from .evidence import sources_of
        from .style import save_figure, use_style

        data = month_data(page)
        sources = sources_of(*data.values(), data=args.data)
        stem = f"month_{year}-{month:02d}_{page.indicator}_{args.lang}"
        try:
            with use_style(args.lang):
                paths = save_figure(
                    month_figure(page), stem, data=data, sources=sources, folder=args.out
                )
        except OSError as error:
            raise InputError(
                f"{args.out}: cannot write here ({error.strerror}); choose another with --out"
            ) from None
        for path in paths:
            print(_short(path))
    return 0


def _explore(args: argparse.Namespace) -> int:
    from .explorer.explore import serve

    serve(data=args.data, lang=args.lang, port=args.port, browser=not args.no_browser)
    return 0
