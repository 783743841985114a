"""The pages on which the headings of a Word file stand, as LibreOffice lays it out.

Word may break pages a little otherwise, since its fonts differ from machine to machine. The numbers
found here are therefore what the page fields show until they are updated (F9), not text.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from .word_reference import rewrite

MOST_SECONDS = 120
# one grey dot: the page gives a picture its size, so a layout needs no more of it
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a4944415478da6368000000820081da45083b0000000049454e44ae426082"
)
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
EXPORT = 'pdf:writer_pdf_Export:{"ExportBookmarks":{"type":"boolean","value":"true"}}'


def pages_of(file: bytes) -> list[tuple[str, int]]:
    """The headings of a Word file with their pages, in order; none where that cannot be found.

    Parameters
    ----------
    file : bytes
        A docx.

    Returns
    -------
    list of (str, int)
        Empty without LibreOffice, and where it fails or takes longer than two minutes.
    """
    office = shutil.which("soffice")
    if office is None:
        return []
    with tempfile.TemporaryDirectory(prefix="xc-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "paper.docx").write_bytes(rewrite(file, _without_pictures))
        settings = folder / "fonts.conf"
        settings.write_text(FONTS.format(fonts=_fonts(), cache=folder / "cache"), encoding="utf-8")
        # a profile of its own: another build or an open window may be using the user's
        command = [office, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless",
                   "--convert-to", EXPORT, "--outdir", name, str(folder / "paper.docx")]  # fmt: skip
        try:
            _run(command, {"FONTCONFIG_FILE": str(settings)})
            return outline((folder / "paper.pdf").read_bytes())
        except (OSError, subprocess.SubprocessError, ValueError, KeyError):
            return []  # the fields stay, and Word fills them in


def _run(command: list[str], settings: dict[str, str]) -> None:
    """Run with a time limit; its children end with it."""
    process = subprocess.Popen(
        command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(MOST_SECONDS)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _fonts() -> Path:
    """The folder of the packaged Chinese fonts, for machines that have none."""
    from pylopdf_fonts_zh_cn import sans_path

    return Path(sans_path()).parent


def _without_pictures(parts: dict[str, bytes]) -> None:
    for name in parts:
        if name.startswith("word/media/") and name.endswith(".png"):
            parts[name] = DOT


def outline(pdf: bytes) -> list[tuple[str, int]]:
    """The bookmarks of a PDF as LibreOffice writes it, with the number of their page.

    Raises
    ------
    ValueError, KeyError
        For a PDF that is written otherwise.
    """
    kids = re.search(rb"/Type\s*/Pages\b.*?/Kids\s*\[(.*?)\]", pdf, re.DOTALL)
    if not kids:
        raise ValueError("no pages")
    pages = {int(n): at for at, n in enumerate(re.findall(rb"(\d+) 0 R", kids[1]), 1)}
    found = []
    for body in re.findall(rb"\d+ 0 obj\s*<<(.*?)>>\s*endobj", pdf, re.DOTALL):
        title = re.search(rb"/Title\s*<([0-9A-Fa-f]*)>", body)
        to = re.search(rb"/Dest\s*\[(\d+) 0 R", body)
        if title and to and b"/Parent" in body:
            text = bytes.fromhex(title[1].decode()).decode("utf-16")
            found.append((text, pages[int(to[1])]))
    return found
