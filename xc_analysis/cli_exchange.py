"""The commands that exchange figures with people: gaps, template, import, undo, new."""

from __future__ import annotations

import argparse
import os

EPILOG = {
    "gaps": "example: xc gaps                  what is missing, its cost, where it stands · 缺什么\n"
    "         xc gaps --data pack --only-changing",
    "template": "example: xc template gaps.xlsx --data pack",
    "import": "example: xc import gaps.xlsx --data pack            what it would change · 只看变化\n"
    "         xc import gaps.xlsx --data pack --apply    write it · 写入\n"
    "         xc import gbk.csv --data pack --title 统计年鉴 --publisher 区统计局 --locator 表3-2",
    "undo": "example: xc undo --data pack      take back the last import · 撤销最近一次导入",
    "new": "example: xc new pack --name 东城区 --english Dongcheng --stations 东四,天坛\n"
    "         xc new pack --name 东城区 --bare      without the city's figures · 不带全市公布值",
}
_DEFAULTS = {
    "indicator": "indicator of every row that names none",
    "year": "year of every row that names none",
    "unit": "unit of every figure that names none",
    "title": "source of every row that names none",
    "publisher": "its publisher",
    "locator": "where in it",
    "published": "when it was published, 2024-05-30",
    "basis": "basis of every row that names none",
    "release": "public, internal (default) or draft",
    "scope": "area of every row that names none",
}


def add(command) -> None:
    """Add the commands by the maker that `cli` uses for its own."""
    sub = command(
        "gaps",
        "列出缺少的数、缺它的代价和通常的出处",
        "List what is missing, what it costs and where it usually stands",
        _gaps,
    )
    _choices(sub)
    sub.add_argument(
        "--only-changing", action="store_true", help="only gaps that move a verdict or a grade"
    )

    sub = command(
        "template", "写出待填的工作簿", "Write a workbook of the gaps to fill in", _template
    )
    sub.add_argument("file", metavar="FILE", help="xlsx to write; never overwritten")
    _choices(sub)

    sub = command(
        "import",
        "读入填好的表，说明会改变什么；加 --apply 写入",
        "Read figures from a workbook or csv; tell what would change; with --apply write it",
        _import,
    )
    sub.add_argument("file", metavar="FILE", help="xlsx, or csv in UTF-8, GBK, GB18030, UTF-16")
    _pack(sub)
    mode = sub.add_mutually_exclusive_group()
    mode.add_argument("--dry-run", action="store_true", help="write nothing (the default)")
    mode.add_argument(
        "--apply", action="store_true", help="write to the pack; xc undo takes it back"
    )
    sub.add_argument(
        "--prefer-new", action="store_true", help="use the file's figure where another is in use"
    )
    sub.add_argument(
        "--skip-refused", action="store_true", help="write what was understood, leave the rest"
    )
    sub.add_argument(
        "--accept-unlikely", action="store_true", help="write figures far from all known ones too"
    )
    sub.add_argument("--new-scope", default="", help="areas that the pack does not know yet")
    for name, text in _DEFAULTS.items():
        sub.add_argument(f"--{name}", help=text)

    sub = command("undo", "撤销最近一次导入", "Take back the last import", _undo)
    _pack(sub)

    sub = command("new", "新建一个区的空数据包", "Make an empty pack for a district", _new)
    sub.add_argument("dir", metavar="DIR", help="folder that does not exist yet")
    sub.add_argument("--name", required=True, help="the district's name")
    sub.add_argument("--english", default="", help="its name in English figures")
    sub.add_argument("--stations", default="", help="its monitoring stations, comma-separated")
    sub.add_argument("--bare", action="store_true", help="without the comparator's figures")


def _pack(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--data", metavar="DIR", help="the pack (default: $XC_DATA, the project's)")


def _choices(sub: argparse.ArgumentParser) -> None:
    _pack(sub)
    sub.add_argument("--scope", help="district or city (default: the pack's district)")
    sub.add_argument("--plan", help="plan (default: the one with the table of indicators)")


def _gaps(args: argparse.Namespace) -> int:
    from .intake.gaps import described, gaps

    frame = gaps(scope=args.scope, plan=args.plan, data=args.data)
    moving = int(frame["changes"].sum())
    shown = frame[frame["changes"]] if args.only_changing else frame
    for line in described(shown):
        print(line)
    print(
        f"{frame.attrs['scope']} {frame.attrs['plan']}: {len(frame)} gaps · 缺 {len(frame)} 个数,"
        f" {moving} move a verdict or a grade · {moving} 个会改变判断或等级"
    )
    return 0


def _template(args: argparse.Namespace) -> int:
    from .intake.gap_sheet import write_template

    count = write_template(args.file, data=args.data, scope=args.scope, plan=args.plan)
    print(f"{args.file}: {count} gaps to fill in · {count} 个空缺待填")
    return 0


def _import(args: argparse.Namespace) -> int:
    from .exchange import import_file

    _, refusals, written = import_file(
        args.file,
        data=args.data,
        apply=args.apply,
        prefer_new=args.prefer_new,
        skip_refused=args.skip_refused,
        accept_unlikely=args.accept_unlikely,
        new_scope=args.new_scope,
        defaults={name: getattr(args, name) for name in _DEFAULTS},
    )
    if not args.apply:
        print("nothing written; --apply writes it · 未写入，加 --apply 写入")
    return 1 if refusals and not written else 0


def _undo(args: argparse.Namespace) -> int:
    from .exchange import undo_last

    undo_last(data=args.data)
    return 0


def _new(args: argparse.Namespace) -> int:
    from .packs.newpack import create

    stations = [s.strip() for s in args.stations.replace("，", ",").split(",") if s.strip()]
    folder = create(
        args.dir, name=args.name, english=args.english, stations=stations, bare=args.bare
    )
    readme = os.path.join(args.dir, "README.md")
    print(f"{folder}: made; {readme} says what comes next · 已建，下一步见 {readme}")
    return 0
