"""Packs on disk: made whole, changed whole or not at all whatever stops it, held, and taken back."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import minipack
import pytest

from xc_analysis.errors import InputError
from xc_analysis.packs import localpack, newpack
from xc_analysis.packs.localpack import commit, held, history, recover, undo, writable_pack
from xc_analysis.packs.places import home
from xc_analysis.tables import check, load

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def pack(tmp_path):
    return minipack.write(tmp_path / "pack")


def bytes_of(folder):
    """Every table of a pack; its history apart."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(Path(folder).rglob("*"))
        if p.is_file() and ".xc" not in p.parts
    }


def new_files(pack):
    """Three tables with something added at the end."""
    return {
        name: (pack / f"{name}.csv").read_bytes() + extra.encode()
        for name, extra in (
            ("publishers", "示例统计局,\n"),
            ("sources", "s9,年鉴,示例统计局,,2026,,,,B,\n"),
            ("observations", "o99,示例区,green_cover,share of area,2021,annual,31.9,,,%,printed,district,"
             ",s9,表1,true,internal,,\n"),
        )
    }  # fmt: skip


# ---- a change ------------------------------------------------------------------------------------


def test_a_change_and_its_undo(pack):
    before = bytes_of(pack)
    made = commit(pack, new_files(pack), did="test")
    assert not len(check(pack))
    after = bytes_of(pack)
    assert {k for k in after if after[k] != before[k]} == {
        "publishers.csv", "sources.csv", "observations.csv",
    }  # fmt: skip
    assert made.done and not recover(pack)
    last, _ = undo(pack)
    assert last.number == 1 and bytes_of(pack) == before
    with pytest.raises(InputError, match="no change to undo"):
        undo(pack)


def test_changes_are_undone_one_by_one_the_last_first(pack):
    states = [bytes_of(pack)]
    for text in ("甲,\n", "乙,\n", "丙,\n"):
        commit(
            pack, {"publishers": (pack / "publishers.csv").read_bytes() + text.encode()}, did=text
        )
        states.append(bytes_of(pack))
    for state in (states[2], states[1]):
        undo(pack)
        assert bytes_of(pack) == state
    commit(pack, {"publishers": (pack / "publishers.csv").read_bytes() + b"x,\n"}, did="again")
    assert undo(pack)[0].did == "again"
    assert undo(pack)[0].number == 1 and bytes_of(pack) == states[0]


def test_undo_never_loses_what_was_done_by_hand_since(pack):
    commit(pack, new_files(pack), did="test")
    path = pack / "observations.csv"
    path.write_bytes(path.read_bytes() + b"by hand\n")
    before = bytes_of(pack)
    with pytest.raises(InputError, match="has been changed since change 1.*before"):
        undo(pack)
    assert bytes_of(pack) == before


def test_a_changed_backup_is_not_used(pack):
    commit(pack, new_files(pack), did="test")
    (pack / ".xc/history/0001/before/sources.csv").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="backup has been changed"):
        undo(pack)


def test_modes_of_files_stay(pack):
    (pack / "sources.csv").chmod(0o640)
    commit(pack, new_files(pack), did="test")
    assert (pack / "sources.csv").stat().st_mode & 0o777 == 0o640


STEPS = ("write", "fsync", "rename", "replace", "open", "mkdir")


def counting(monkeypatch, at, what):
    """Run `what` in place of the at-th call that touches the disk; returns the counter."""
    count = [0]

    def patched(real):
        def call(*args, **more):
            count[0] += 1
            if count[0] == at:
                what()
            return real(*args, **more)

        return call

    for name in STEPS:
        monkeypatch.setattr(localpack.os, name, patched(getattr(os, name)))
    return count


def steps_of(pack, monkeypatch):
    with monkeypatch.context() as patch:
        count = counting(patch, -1, None)
        commit(pack, new_files(pack), did="test")
    undo(pack)
    return count[0]


def fork_and_commit(pack, at, files, monkeypatch):
    """A child that is gone at its at-th touch of the disk, as by a power cut or kill -9."""
    child = os.fork()
    if not child:
        try:
            with monkeypatch.context() as patch:
                counting(patch, at, lambda: os._exit(9))
                commit(pack, files, did="test")
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_killed_at_any_write_the_pack_is_as_before_or_is_finished_by_the_next_command(
    pack, monkeypatch
):
    before, files = bytes_of(pack), new_files(pack)
    after = before | {f"{name}.csv": data for name, data in files.items()}
    ends, at, between = set(), 0, 0
    while True:
        at += 1
        if fork_and_commit(pack, at, files, monkeypatch) == 0:
            break
        met = bytes_of(pack)
        if met not in (before, after):  # what a reader meets in between is a clean pack
            assert not len(check(pack)), at
            between += 1
        recover(pack)
        state = bytes_of(pack)
        assert state in (before, after), at
        ends.add(state == after)
        if state == after:
            undo(pack)
            assert bytes_of(pack) == before
        shutil.rmtree(pack / ".xc", ignore_errors=True)  # every round counts the same steps
    assert at > 20 and between and ends == {True, False}


@pytest.mark.parametrize(
    "error", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT]
)
def test_a_full_disk_at_any_write_leaves_everything_as_it_was(pack, monkeypatch, error):
    before, files = bytes_of(pack), new_files(pack)
    total = steps_of(pack, monkeypatch)
    entries = len(history(pack))
    wanted = range(1, total + 1) if error == errno.ENOSPC else range(1, total + 1, 5)

    def full():
        raise OSError(error, os.strerror(error))

    for at in wanted:
        with monkeypatch.context() as patch:
            counting(patch, at, full)
            try:
                commit(pack, files, did="test")
                done = True
            except InputError as refused:
                assert "as they were" in str(refused) and "\n" not in str(refused)
                done = False
        recover(pack)
        if done:  # only marks of what was already complete failed
            undo(pack)
        assert bytes_of(pack) == before, at
        if not done:
            assert len(history(pack)) == entries
        entries = len(history(pack))
        assert not list((pack / ".xc/history").glob(".draft*"))


def test_a_real_full_disk(pack, tmp_path):
    """A file system of its own, far too small for the change; only where one may be mounted."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        target = small / "pack"
        target.mkdir()
        for name, data in bytes_of(pack).items():
            if name.split("/")[0] in ("publishers.csv", "sources.csv", "observations.csv"):
                (target / name).write_bytes(data)
        before = bytes_of(target)
        big = {"observations": before["observations.csv"] + b"x" * 600_000}
        with pytest.raises(InputError, match="No space left"):
            commit(target, big, did="test")
        assert bytes_of(target) == before
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_cut_off_change_is_not_finished_over_work_done_by_hand(pack, monkeypatch):
    files = new_files(pack)
    for at in range(1, 200):
        fork_and_commit(pack, at, files, monkeypatch)
        if history(pack) and not history(pack)[-1].done:
            break
        recover(pack)
    path = pack / "observations.csv"
    path.write_bytes(path.read_bytes() + b"by hand\n")
    with pytest.raises(InputError, match="was cut off and this table has been changed"):
        recover(pack)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"did": 1}', '{"did": "", "when": "", "undoes": null, "files": {"../../x": ["a", "b"]}}'])  # fmt: skip
def test_a_damaged_history_is_named_and_leads_nowhere(pack, damage):
    commit(pack, new_files(pack), did="test")
    (pack / ".xc/history/0001/change.json").write_text(damage, encoding="utf-8")
    before = bytes_of(pack)
    for act in (history, recover, undo):
        with pytest.raises(InputError, match="record of a change cannot be read"):
            act(pack)
    assert bytes_of(pack) == before


@pytest.mark.parametrize("kind", ["link", "folder", "missing", "pipe"])
def test_what_is_no_file_is_not_replaced(pack, tmp_path, kind):
    files = new_files(pack)
    path = pack / "sources.csv"
    held_bytes = path.read_bytes()
    path.unlink()
    if kind == "link":
        (tmp_path / "elsewhere.csv").write_bytes(held_bytes)
        path.symlink_to(tmp_path / "elsewhere.csv")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    before = (pack / "observations.csv").read_bytes()
    with pytest.raises(InputError, match="sources.csv"):
        commit(pack, files, did="test")
    assert (pack / "observations.csv").read_bytes() == before
    if kind == "link":
        assert path.is_symlink() and (tmp_path / "elsewhere.csv").read_bytes() == held_bytes


# ---- one at a time -------------------------------------------------------------------------------


def test_a_writer_waits_for_readers_and_says_so(pack):
    said, order = [], []

    def write():
        with held(pack, write=True, say=said.append):
            order.append("writer")

    with held(pack, write=False), held(pack, write=False):
        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(0.4)
        order.append("readers")
    thread.join(10)
    assert order == ["readers", "writer"]
    assert len(said) == 1 and "waiting" in said[0] and "等待" in said[0]


def test_who_waits_too_long_is_told(pack, monkeypatch):
    monkeypatch.setattr(localpack, "_PATIENCE", 0.2)
    with held(pack, write=True):
        with pytest.raises(InputError, match="ten minutes"):
            with held(pack, write=False):
                pass


def test_a_killed_holder_holds_nothing(pack):
    code = (
        "import sys, time; from pathlib import Path; from xc_analysis.packs.localpack import held\n"
        "with held(Path(sys.argv[1]), write=True): print('held', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(pack)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline().strip() == "held"
    child.send_signal(signal.SIGKILL)
    child.wait()
    with held(pack, write=True):
        pass
    child.stdout.close()


def test_holding_leaves_no_file(pack):
    before = sorted(p.name for p in pack.rglob("*"))
    with held(pack, write=True):
        assert sorted(p.name for p in pack.rglob("*")) == before


# ---- a new pack ----------------------------------------------------------------------------------


def test_a_new_pack_is_clean_empty_and_names_its_district(tmp_path):
    folder = newpack.create(
        tmp_path / "dc", name="东城区", english="Dongcheng", stations=["东四", "天坛"]
    )
    assert not len(check(folder))
    assert home(folder).scope == "东城区" and home(folder).scope_en == "Dongcheng"
    assert home(folder).stations == ("东四", "天坛")
    assert list(load("indicators", data=folder)["plan_row"].dropna().sort_values()) == [
        *range(1, 15)
    ]
    for table in ("statements", "projects", "air/annual", "air/daily"):
        assert not len(load(table, data=folder)), table
    for table in ("sources", "assumptions", "standards", "targets"):
        assert len(load(table, data=folder)), table
    # the comparator's figures come along, nobody else's
    for table in ("observations", "targets"):
        assert set(load(table, data=folder)["scope"]) == {home(folder).comparator}
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "xc hourly" in readme and "东城区" in readme


def test_a_bare_pack_has_no_figures_and_names_no_other_district(tmp_path):
    folder = newpack.create(tmp_path / "dc", name="东城区", bare=True)
    assert not len(check(folder)) and not len(load("observations", data=folder))
    own = home(ROOT / "data")
    texts = {name: data.decode() for name, data in bytes_of(folder).items()}
    named = [n for n, text in texts.items() if own.scope in text or own.scope_en in text]
    # only as hosts' owners, which are publishers' names
    assert named in ([], ["publishers.csv"]), named


def test_the_readme_of_a_pack_holds_commands_that_run(tmp_path, monkeypatch, capsys):
    """Also where the folder's name has a blank in it; `--bare` promises no figures."""
    import shlex

    from xc_analysis import cli

    monkeypatch.chdir(tmp_path)
    for folder, more in (("my pack", ["--stations", "东四, 天坛"]), ("bare", ["--bare"])):
        assert cli.main(["new", folder, "--name", "东城区", *more]) == 0
        text = (tmp_path / folder / "README.md").read_text(encoding="utf-8")
        assert ("公布值" in text) is (folder != "bare")
        commands = [shlex.split(part) for part in text.split("`") if part.startswith("xc ")]
        run = {command[1]: command[2:] for command in commands}
        assert set(run) == {"hourly", "gaps", "template", "import", "undo", "check", "build"}
        for name in ("check", "gaps", "template"):
            assert cli.main([name, *run[name]]) == 0, name
        assert run["hourly"][-1] == f"{folder}/air" and run["build"][-1] == f"{folder}-out"
        (tmp_path / "gaps.xlsx").unlink()


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"english": "=cmd"}, "--english"),
        ({"english": "a\tb"}, "--english"),
        ({"stations": ["a=b"]}, "--stations"),
        ({"name": "北京市"}, "compared with"),
        ({"folder": "x" * 300}, "cannot be a folder"),
        ({"folder": "file"}, "is a file"),
    ],
)
def test_what_a_new_pack_is_not_made_of(tmp_path, more, word):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    given = {"name": "东城区", "folder": "dc"} | more
    with pytest.raises(InputError, match=word):
        newpack.create(tmp_path / given.pop("folder"), **given)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_districts_own_name_may_be_given_again(tmp_path):
    folder = newpack.create(tmp_path / "own", name=home(ROOT / "data").scope)
    assert not len(check(folder)) and set(load("observations", data=folder)["scope"]) == {
        home(folder).comparator
    }
    assert set(load("publications", data=folder)["quality"]) == {"R"}


@pytest.mark.parametrize(
    "name", ["", " ", "1234", "a" * 41, "东城,区", "=东城区", "东/城", "东\n城", "\u202e区", "../x"]
)
def test_a_name_that_is_none(tmp_path, name):
    with pytest.raises(InputError, match="--name"):
        newpack.create(tmp_path / "dc", name=name)
    assert not list(tmp_path.iterdir())


def test_a_new_pack_never_lands_on_something(tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for place in (taken, tmp_path / "file", tmp_path / "file" / "below", ROOT / "data" / "new"):
        with pytest.raises(InputError):
            newpack.create(place, name="东城区")
    assert (taken / "file").read_text(encoding="utf-8") == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "taken"]
    assert not (ROOT / "data" / "new").exists()
    (tmp_path / "empty").mkdir()
    assert newpack.create(tmp_path / "empty", name="东城区").is_dir()


def test_a_disk_that_fills_leaves_no_half_pack(tmp_path, monkeypatch):
    def full(self, *args, **more):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="No space left"):
        newpack.create(tmp_path / "dc", name="东城区")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["nowhere", "file", "bad\0name", ""])
def test_a_pack_that_is_none(tmp_path, monkeypatch, place):
    monkeypatch.delenv("XC_DATA", raising=False)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        writable_pack(tmp_path / place if place else None)
    assert "\n" not in str(refused.value)


def test_backups_are_not_written_through_a_link(pack, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (pack / ".xc").symlink_to(elsewhere)
    with pytest.raises(InputError, match="is a link"):
        commit(pack, new_files(pack), did="test")
    assert not list(elsewhere.iterdir())


def test_a_backup_that_is_gone_is_told(pack):
    commit(pack, new_files(pack), did="test")
    (pack / ".xc/history/0001/before/sources.csv").unlink()
    with pytest.raises(InputError, match="backup is gone.*by hand"):
        undo(pack)


def test_a_cut_off_change_is_named_beside_what_is_wrong(pack):
    made = commit(pack, new_files(pack), did="test")
    (made.folder / "done").unlink()
    assert check(pack).empty  # nothing is wrong in between
    (pack / "observations.csv").write_text("x\n", encoding="utf-8")
    assert check(pack)["problem"].str.contains("cut off").sum() == 1
