"""Line breaks for Chinese and English by estimated width."""

import unicodedata

_NO_LINE_START = "，。；、：）〕】》”’！？,.;:)%]"
_NO_LINE_END = "（〔【《〈“‘(["


def wrap(text: str, width_mm: float, size: float) -> str:
    """Break lines by estimated width; unlike textwrap it knows that Chinese needs no spaces.

    Parameters
    ----------
    text : str
        Existing line breaks are kept.
    width_mm, size : float
        Room in millimetres and font size in points.
    """
    room = width_mm / 25.4 * 72 / size  # in em
    return "\n".join(line for part in text.split("\n") for line in _wrapped(part, room))


def _em(c: str) -> float:
    """Estimated width of a character, a little generous."""
    if unicodedata.east_asian_width(c) in "WFA":
        return 1.0
    if c in " ilj.,;:'|()[]/tfrI\u00a0":
        return 0.33
    return 0.66 if c.isupper() or c in "mw%" else 0.56


def _wrapped(text: str, room: float) -> list[str]:
    lines, line, used = [], "", 0.0
    for word in _words(text):
        width = sum(map(_em, word))
        if line and used + sum(map(_em, word.rstrip())) > room and word[0] not in _NO_LINE_START:
            head = line.rstrip()
            kept = head.rstrip(_NO_LINE_END) or head
            lines.append(kept.rstrip())
            line, word = head[len(kept) :], word.lstrip()  # an opening mark goes with what it opens
            used = sum(map(_em, line))
        line, used = line + word, used + width
    return [*lines, line.rstrip()]


def _words(text: str) -> list[str]:
    """Units that may not be broken: a wide character alone, a run of others with its space."""
    words: list[str] = []
    for c in text:
        wide = unicodedata.east_asian_width(c) in "WF"
        if words and not wide and words[-1][-1] != " ":
            if unicodedata.east_asian_width(words[-1][-1]) not in "WF":
                words[-1] += c
                continue
        words.append(c)
    return words
