"""What an audience may see: a copy of the tables without the rows that are not for it."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError
from ..schema.schemas import TABLES
from .summary import AUDIENCES


@contextmanager
def restricted(data: Path, audience: str) -> Iterator[tuple[Path, dict[str, int]]]:
    """The tables as an audience may see them, for as long as the block lasts.

    Parameters
    ----------
    data : Path
        Folder of the tables.
    audience : {"public", "internal"}
        "internal" sees every row, drafts among them, and gets the folder itself.

    Yields
    ------
    tuple
        The folder to read, and how many rows of each table were withheld.

    Raises
    ------
    InputError
        For another audience.
    """
    if audience not in AUDIENCES:
        raise InputError(f"--audience {audience!r}: give public or internal")
    if audience == "internal":
        yield Path(data), {}
        return
    with tempfile.TemporaryDirectory(prefix="xc-public-") as folder:
        copy, withheld = Path(folder) / "data", {}
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns(".*"))
        for table in TABLES.values():
            path = copy / table.path
            if "release" in table.names and path.is_file():
                count = _filter(path, AUDIENCES[audience])
                if count:
                    withheld[table.name] = count
        yield copy, withheld


def _filter(path: Path, allowed: tuple[str, ...]) -> int:
    """Take the rows out of a file that may not be seen; an unreadable flag is not public."""
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    rows = list(reader)
    kept = [row for row in rows if row.get("release") in allowed]
    if len(kept) == len(rows):
        return 0
    out = io.StringIO()
    writer = csv.DictWriter(
        out, reader.fieldnames or (), lineterminator="\n", extrasaction="ignore"
    )
    writer.writeheader()
    writer.writerows(kept)
    path.write_text(out.getvalue(), encoding="utf-8")
    return len(rows) - len(kept)
