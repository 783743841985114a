"""A folder of Parquet with hourly records, partitioned by year.

``FOLDER/hours/year=2020/part-000.parquet`` and so on: time (label of the hour as printed, without
zone), station and a column a pollutant (µg/m³, CO mg/m³; null where missing), in order of time.
``year`` is that of the label. Beside the hours lies ``defects.csv``, what reading left out. Any
engine that reads Parquet can work on it; :mod:`xc_analysis.records.stations_run` does.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

import pandas as pd

from ..archive import read_wide
from ..errors import InputError
from . import archive_national
from .archive_rows import POLLUTANTS

#: Rows of a group in a file: small enough that a span of time skips most of a year.
GROUP_ROWS = 1 << 17


def _schema():
    import pyarrow as pa

    fields = [("time", pa.timestamp("us")), ("station", pa.string())]
    return pa.schema([*fields, *((p, pa.float64()) for p in POLLUTANTS)])


class Writer:
    """Collects hours, part by part, into a store; the old one stands until all is written.

    Parameters
    ----------
    out : path
        Folder; made if missing. It must be empty or hold a store.
    """

    def __init__(self, out):
        self.out = Path(out)
        self._made = not self.out.exists()
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            strange = [p.name for p in self.out.iterdir() if not _ours(p.name)]
            if strange:
                raise InputError(
                    f"{self.out}: holds {strange[0]}, so it is no store of hours; give a new folder"
                )
            self._new = Path(tempfile.mkdtemp(prefix=".new-", dir=self.out))
        except OSError as error:
            raise InputError(
                f"{self.out}: cannot be written ({error.strerror or error})"
            ) from error
        self._parts = 0
        self.rows = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_) -> None:
        shutil.rmtree(self._new, ignore_errors=True)
        if self._made:
            with contextlib.suppress(OSError):  # not empty: the store is there
                self.out.rmdir()

    def add(self, hours) -> None:
        """Write a table of hours: wide, as :func:`xc_analysis.archive.read_wide` returns them."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        hours = hours.select(_schema().names).cast(_schema())
        hours = hours.sort_by([("time", "ascending"), ("station", "ascending")])
        years = pc.year(hours.column("time"))
        for year in pc.unique(years).to_pylist():
            folder = self._new / "hours" / f"year={year}"
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(
                hours.filter(pc.equal(years, year)),
                folder / f"part-{self._parts:03d}.parquet",
                compression="zstd",
                row_group_size=GROUP_ROWS,
            )
        self._parts += 1
        self.rows += hours.num_rows

    def close(self, defects: pd.DataFrame) -> Path:
        """Put what has been written in place of what was there."""
        if not self.rows:
            raise InputError("no hour of any station is in the archive; see which files it has")
        defects.to_csv(self._new / "defects.csv", index=False, lineterminator="\n")
        old = self._new / "old"
        old.mkdir()
        for name in ("hours", "defects.csv"):
            if (self.out / name).exists():
                (self.out / name).rename(old / name)
            (self._new / name).rename(self.out / name)
        return self.out


def _ours(name: str) -> bool:
    return name in ("hours", "defects.csv") or name.startswith((".new-", ".work-"))


def write(archives, out, *, stations=None, progress=None, warn=None) -> Path:
    """Archives into a store.

    Parameters
    ----------
    archives : path or iterable of paths
        Zips, folders or files of the Beijing archive and of UCI 501, read as
        :func:`xc_analysis.archive.read_archive` does; or of the national archive
        (:mod:`xc_analysis.records.archive_national`), which is read in spans of time.
    out : path
        Folder of the store.
    stations : iterable of str, optional
        Stations to keep; default all.
    progress, warn : callable, optional
        As for :func:`xc_analysis.hourly.run`.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        As :func:`xc_analysis.archive.read_archive`; or the folder is something else or cannot be
        written.
    """
    with Writer(out) as store:
        if archive_national.is_national(archives):
            defects = []
            for part in archive_national.spans(archives, stations=stations, progress=progress):
                store.add(part.hours)
                defects.append(part.defects)
            defects = pd.concat(defects, ignore_index=True)
        else:
            wide = read_wide(archives, stations=stations, progress=progress)
            store.add(wide.hours)
            defects = wide.defects
        if warn:
            for (rule, action), count in defects.groupby(["rule", "action"])["count"].sum().items():
                warn(f"{rule}: {count} {action}")
        return store.close(defects)


def files(store) -> dict[int, list[Path]]:
    """Files of a store by year.

    Raises
    ------
    InputError
        The folder is no store.
    """
    found: dict[int, list[Path]] = {}
    for path in sorted(Path(store).glob("hours/year=*/*.parquet")):
        year = path.parent.name.removeprefix("year=")
        if year.isdigit():
            found.setdefault(int(year), []).append(path)
    if not found:
        raise InputError(
            f"{store}: no hours/year=*/*.parquet in it; make the store with "
            f"xc hourly ARCHIVE... --to-parquet {store}"
        )
    return found


def rows(paths) -> int:
    """Rows of Parquet files, from their footers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    total = 0
    for path in paths:
        try:
            total += pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"{path}: not readable as Parquet ({error}); write it anew") from error
    return total
