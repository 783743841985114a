"""The commands that make papers and take them back: evaluate, review, figure."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from .errors import InputError

EPILOG = {
    "evaluate": "example: xc evaluate --kind final --year 2025 --out annexes      终期评估附件与工作簿\n"
    "         xc evaluate --kind annual --year 2023 --audience internal --out annexes\n"
    "         xc evaluate --kind final --year 2025 --out annexes2 --fill filled.xlsx --apply",
    "review": "example: xc review export review.xlsx                 send out · 导出评审表\n"
    "         xc review import a.xlsx b.xlsx             what they change · 只看变化\n"
    "         xc review import a.xlsx b.xlsx --apply     write the register · 写入假设登记",
    "figure": "example: xc figure fig01 --width single --lang zh --format png,svg,pdf --dpi 300",
}


def add(command) -> None:
    """Add the commands by the maker that `cli` uses for its own."""
    sub = command(
        "evaluate",
        "年度、中期、终期评估：指标、任务、项目三张清单",
        "An evaluation pack: indicators, tasks and projects, as Word annexes and a workbook",
        _evaluate,
    )
    sub.add_argument("--kind", choices=("annual", "mid", "final"), required=True)
    sub.add_argument("--year", type=int, required=True, help="the year evaluated")
    sub.add_argument("--out", metavar="DIR", required=True, help="where the papers go")
    sub.add_argument(
        "--audience", choices=("public", "internal"), default="public",
        help="public (default) or internal; what it may not see is counted",
    )  # fmt: skip
    sub.add_argument("--lang", choices=("zh", "en", "both"), default="zh", help="language")
    sub.add_argument("--fill", metavar="FILE", help="a filled workbook whose slots are taken over")
    sub.add_argument(
        "--apply", action="store_true", help="also keep them in evaluations.csv (needs --fill)"
    )
    _data(sub)

    sub = command(
        "review",
        "评审往返：导出假设登记，读回意见",
        "The review round trip: the register out, decisions back in",
        _review,
    )
    sub.add_argument("what", choices=("export", "import"))
    sub.add_argument("files", nargs="+", metavar="FILE", help="xlsx; import takes several")
    sub.add_argument("--lang", choices=("zh", "en"), default="zh", help="language of the export")
    sub.add_argument("--apply", action="store_true", help="write assumptions.csv; default: tell")
    _data(sub)

    sub = command("figure", "按需输出一张图", "One figure as needed", _figure)
    sub.add_argument("name", metavar="NAME", help="how its name begins, such as fig01")
    sub.add_argument("--width", choices=("single", "double"), default="double",
                     help="84 or 174 mm (default)")  # fmt: skip
    sub.add_argument("--lang", choices=("zh", "en", "both"), default="zh", help="language")
    sub.add_argument("--format", default="png", metavar="LIST", help="of png, svg, pdf (comma)")
    sub.add_argument("--dpi", type=int, default=300, metavar="N", help="of png (default 300)")
    sub.add_argument("--out", default=".", metavar="DIR", help="where it goes (default: here)")
    _data(sub)


def _data(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--data", metavar="DIR", help="folder of tables (default: the project's)")


def _short(path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _cells(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}"


def _languages(args) -> tuple[str, ...]:
    return ("zh", "en") if args.lang == "both" else (args.lang,)


def _evaluate(args: argparse.Namespace) -> int:
    from .documents import evaluation, evaluation_slots
    from .documents.papers import write_file

    if args.apply and not args.fill:
        raise InputError("--apply: nothing to write; give the filled workbook by --fill")
    folder = Path(args.out)
    for lang in _languages(args):
        found = evaluation.evaluate(
            args.kind, args.year, audience=args.audience, lang=lang, data=args.data
        )
        refused, changes = [], []
        if args.fill:
            found, changes, refused = evaluation_slots.fill(found, args.fill)
        for key, ident, column, old, new, place in changes:
            print(f"{key} {ident}: {column}: {old or '—'} → {new or '—'}   ({place})")
        for refusal in refused:
            print(f"refused · 未收: {refusal}")
        if refused:
            raise InputError(f"{args.fill}: {_cells(len(refused))} refused, nothing written")
        stem = f"evaluation-{args.kind}-{args.year}-{args.audience}-{lang}"
        papers = {
            folder / f"{stem}.docx": evaluation.annexes(found),
            folder / f"{stem}.xlsx": evaluation_slots.evaluation_workbook(found),
        }
        fill = Path(args.fill).resolve() if args.fill else None
        if any(path.resolve() == fill for path in papers):
            raise InputError(f"{args.fill}: would be overwritten; give another folder by --out")
        if args.apply and lang == _languages(args)[0]:
            evaluation_slots.apply_slots(found, changes, path=args.fill, data=args.data)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path, content in papers.items():
                write_file(path, content)
                print(_short(path))
        except OSError as error:
            raise InputError(
                f"{folder}: cannot write here ({error.strerror}); choose another with --out"
            ) from None
        told = ", ".join(f"{name} {n}" for name, n in found.withheld.items())
        print(f"withheld · 略去: {told or 0}")
    return 0


def _review(args: argparse.Namespace) -> int:
    from .intake.review_exchange import export_review, import_review

    if args.what == "export":
        if len(args.files) != 1 or args.apply:
            raise InputError("review export: give one FILE to write, without --apply")
        print(_short(export_review(args.files[0], data=args.data, lang=args.lang)))
        return 0
    found = import_review(args.files, data=args.data, apply=args.apply)
    return 1 if found.refused or found.conflicts else 0


def _figure(args: argparse.Namespace) -> int:
    from .documents.one_figure import one_figure

    for lang in _languages(args):
        for path in one_figure(
            args.name, width=args.width, lang=lang, formats=args.format, dpi=args.dpi,
            out=args.out, data=args.data,
        ):  # fmt: skip
            print(_short(path))
    return 0
