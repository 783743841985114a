"""Lock what a run and what the tests need, with hashes: two files, the second adding to the first.

Needs uv. Run by ``make lock``.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "requirements.lock.txt"
TEST = ROOT / "requirements-test.lock.txt"


def compile_lock(out: Path, *options: str) -> None:
    """Resolve the project's dependencies for every platform and Python that it takes."""
    command = ["uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11"]
    command += ["--no-header", "--no-annotate", "--generate-hashes", "--no-emit-index-url"]
    subprocess.run([*command, *options, "pyproject.toml", "-o", str(out)], cwd=ROOT, check=True)


def entries(text: str) -> list[str]:
    """Split a lock into its requirements, each with the lines of its hashes."""
    return re.findall(r"^\S[^\n]*(?:\n[ \t][^\n]*)*\n", text, re.MULTILINE)


def main() -> None:
    """Write both locks."""
    compile_lock(RUN)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.txt"
        compile_lock(whole, "--extra", "test", "-c", str(RUN))
        run = set(entries(RUN.read_text("utf-8")))
        names = {entry.split("==")[0] for entry in run}
        added = [e for e in entries(whole.read_text("utf-8")) if e.split("==")[0] not in names]
    TEST.write_text("".join(added), encoding="utf-8")


if __name__ == "__main__":
    main()
