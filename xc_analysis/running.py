"""Runs one notebook in a kernel of its own, and tells in a few lines where it failed."""

from __future__ import annotations

import math
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .packs.notes import MARK

CELL_TIMEOUT = 600  # seconds; a cell that takes longer is a fault, not work


def _failure(index: int, total: int, cell: dict, error: Exception) -> str:
    """The cell, its line and the error, in a few lines without a traceback."""
    name, value = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", error)
    value = re.sub(r"\x1b\[[\d;]*m", "", str(value)).strip()
    if name == "DeadKernelError":
        value = "the kernel died (out of memory, or ended from outside)"
    elif name == "CellTimeoutError":
        value = f"took longer than {CELL_TIMEOUT} s"
    lines = [f"cell {index + 1} of {total}: {name}: {value[:600]}"]
    trace = re.sub(r"\x1b\[[\d;]*m", "", str(getattr(error, "traceback", "")))
    at = re.search(r"^-+> *(\d+) (.*)$", trace, re.MULTILINE)
    source = "".join(cell["source"]).splitlines()
    if at:
        lines.append(f"  line {at[1]}: {at[2].strip()}")
    elif source:
        lines.append(f"  in: {source[0].strip()}")
    return "\n".join(lines)


def _empty(cells: Iterable[dict]) -> list[str]:
    """The reasons that cells gave for being empty (`packs.notes`), each once."""
    outputs = (o for c in cells for o in c.get("outputs", ()))
    whys = (o.get("metadata", {}).get(MARK) for o in outputs)
    return list(dict.fromkeys(why for why in whys if why))


def _stems(folder: Path) -> set[str]:
    return {p.stem for p in folder.rglob("*") if p.is_file()}


def warnings_of(cells: Iterable[dict]) -> tuple[str, ...]:
    """What a run wrote to stderr that speaks of a warning, shortened to its message."""
    text = "\n".join(
        o["text"]
        for c in cells
        for o in c.get("outputs", ())
        if o["output_type"] == "stream" and o["name"] == "stderr"
    )
    found = re.findall(r"^.*?(\w*Warning: .*)$", text, re.MULTILINE)
    return tuple(dict.fromkeys(found))


def _kernel_manager(folder: str):
    """A manager of a kernel in this very interpreter, whatever kernels the user has registered."""
    from queue import Empty

    from jupyter_client.asynchronous import AsyncKernelClient
    from jupyter_client.channels import AsyncZMQSocketChannel
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import Type

    class Channel(AsyncZMQSocketChannel):
        # Once in some hundred runs a socket's wake-up is lost and a message that has arrived lies
        # until the timeout; a new look every moment makes that a moment's delay.
        async def get_msg(self, timeout: float | None = None) -> dict:
            until = time.monotonic() + (math.inf if timeout is None else timeout)
            while True:
                left = max(0.0, until - time.monotonic())
                try:
                    return await super().get_msg(timeout=min(left, 0.25))
                except Empty:
                    if left <= 0.25:
                        raise

    class Client(AsyncKernelClient):
        shell_channel_class = Type(Channel)
        iopub_channel_class = Type(Channel)

    class Manager(AsyncKernelManager):
        client_factory = Type(Client)

        @property
        def kernel_spec(self) -> KernelSpec:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=[*command, "--log-level=ERROR"], language="python")

    # local sockets rather than open ports, where the system has them
    transport = "tcp" if sys.platform == "win32" else "ipc"
    return Manager(transport=transport, connection_file=str(Path(folder) / "kernel.json"))


async def execute(
    path: Path,
    *,
    figures: Path,
    data: Path,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> dict:
    """Run one notebook in a kernel of its own.

    Parameters
    ----------
    path : Path
        The notebook; it is read, never written.
    figures, data : Path
        Folders that the kernel sees as ``$XC_FIGURES`` and ``$XC_DATA``.
    tick : callable
        Told ``(cells done, cells)`` after each cell.

    Returns
    -------
    dict
        The executed notebook (nbformat 4); a cell that wrote figures names them in its metadata
        (``figures``), and the notebook's metadata what was ``empty``.

    Raises
    ------
    RuntimeError
        With the cell, its line and the error, if a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    nb = nbformat.read(path, as_version=4)
    env = {**os.environ, "XC_FIGURES": str(figures), "XC_DATA": str(data)}
    # one thread a kernel: the cores are shared out among notebooks already
    env |= {f"{lib}_NUM_THREADS": "1" for lib in ("OMP", "OPENBLAS", "MKL")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    # figures are saved by the package; drawing each once more for the notebook serves nobody
    env["MPLBACKEND"] = "agg"
    seen: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="xc-") as folder:
        manager = _kernel_manager(folder)
        client = NotebookClient(nb, km=manager, timeout=CELL_TIMEOUT)
        try:
            await client.async_start_new_kernel(env=env, cwd=str(path.parent))
            await client.async_start_new_kernel_client()
            for index, cell in enumerate(nb.cells):
                try:
                    await client.async_execute_cell(cell, index)
                except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                    raise RuntimeError(_failure(index, len(nb.cells), cell, error)) from None
                new = _stems(figures) - seen
                if new:
                    cell.metadata["figures"] = sorted(new)
                    seen |= new
                tick(index + 1, len(nb.cells))
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)
            await manager.cleanup_resources()
    if whys := _empty(nb.cells):
        nb.metadata["empty"] = whys
    return nb
