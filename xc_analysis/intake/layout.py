"""What a sheet's XML says beside its cells: what is hidden, what is merged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Raw:
    """One cell as it came: its content, the format it is shown in, the merged range it is of."""

    value: object
    number_format: str = "General"
    merged: str = ""


@dataclass
class Layout:
    """What a sheet's XML says beside its cells: hidden rows and columns, merged ranges."""

    rows: set[int]
    columns: set[int]
    # first row -> (last row, first column, last column, name) of the ranges that begin there
    merged: dict[int, list[tuple[int, int, int, str]]]
    _open: list[tuple[int, int, int, str, Raw]] = field(default_factory=list)

    def spread(self, number: int, row: list[Raw]) -> None:
        """Give each cell of a merged range what stands in its first one; rows come in order."""
        begun = [
            (*told, row[told[1]] if told[1] < len(row) else Raw(None))
            for told in self.merged.get(number, ())
        ]
        self._open = [told for told in self._open if told[0] >= number][:_MAX_OPEN] + begun
        for _, left, right, name, first in self._open:
            end = min(right + 1, _WIDEST)
            row += [Raw(None)] * (end - len(row))
            for place in range(left, end):
                row[place] = Raw(first.value, first.number_format, name)


_TAG = re.compile(rb"<(?:\w+:)?(row|col|mergeCell)\b([^>]*)>")
_HIDDEN = re.compile(rb"\bhidden\s*=\s*[\"'](?:1|true)[\"']")
_NUMBERS = {
    name: re.compile(rb"\b%s\s*=\s*[\"']([0-9]{1,7})[\"']" % name)
    for name in (b"r", b"min", b"max")
}
_REF = re.compile(rb"\bref\s*=\s*[\"']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})[\"']")
_MAX_MERGED, _MAX_OPEN, _WIDEST = 20_000, 500, 200


def layout_of(xml: bytes) -> Layout:
    """Hidden rows and columns and merged ranges of a sheet, from its XML.

    The reader of cells is told of none of these when it does not load the sheet as a whole.
    """
    rows, columns, merged, number, seen = set(), set(), {}, 0, 0
    for tag in _TAG.finditer(xml):
        kind, told = tag[1], tag[2]
        if kind == b"row":
            given = _NUMBERS[b"r"].search(told)
            number = int(given[1]) if given else number + 1
            if _HIDDEN.search(told):
                rows.add(number)
        elif kind == b"col":
            ends = [_NUMBERS[name].search(told) for name in (b"min", b"max")]
            if all(ends) and _HIDDEN.search(told):
                low, high = (int(end[1]) for end in ends)
                columns |= set(range(low - 1, min(high, 16_384)))
        elif (ref := _REF.search(told)) and seen < _MAX_MERGED:
            seen += 1
            left, first, right, last = ref.groups()
            name = f"{left.decode()}{int(first)}:{right.decode()}{int(last)}"
            told = (int(last), _number(left), _number(right), name)
            merged.setdefault(int(first), []).append(told)
    return Layout(rows, columns, merged)


def _number(name: bytes) -> int:
    """The position of a column from 0 by its letters."""
    out = 0
    for letter in name:
        out = out * 26 + letter - 64
    return out - 1
