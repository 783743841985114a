"""Run one notebook in a kernel with folders of its own, and write it as a page."""

import asyncio
import math
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from copy import deepcopy
from html import escape
from pathlib import Path

from .errors import InputError
from .words import message, word

CELL_TIMEOUT = 600  # seconds; a cell that takes longer is a fault, not work
# what would run, restyle the page or load something when it is opened
_LOADED = re.compile(
    r"<(script|style|iframe)\b.*?</\1>|<link\b[^>]*>|<img\b[^>]*src=\"(?!data:)[^>]*>"
    r"|(?<=\s)on\w+=\"[^\"]*\"",
    re.IGNORECASE | re.DOTALL,
)


class NotebookError(InputError):
    """A cell that failed: which and how, in one line."""


class KernelDiedError(NotebookError):
    """A kernel that did not start or ended from outside: the next would most likely follow."""


def kernel_environment(home: Path) -> dict[str, str]:
    """Return the variables of every kernel: own folders, one thread, this very package."""
    home.mkdir(parents=True, exist_ok=True)
    if not os.environ.get("HOME"):  # Jupyter looks for its folders there
        os.environ["HOME"] = str(home)
    dropped = ("PYTHONDONTWRITEBYTECODE", "MPLBACKEND", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    env = {k: v for k, v in os.environ.items() if k not in dropped}
    # the cores are shared out among notebooks already
    env |= {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    # matplotlib keeps its list of fonts there between runs
    env |= {"HOME": str(home), "MPLCONFIGDIR": str(home / "matplotlib"), "PYTHONUTF8": "1"}
    env |= {f"JUPYTER_{kind}_DIR": str(home / "jupyter") for kind in ("CONFIG", "DATA", "RUNTIME")}
    path = [str(Path(__file__).resolve().parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return env | {"IPYTHONDIR": str(home / "ipython"), "PYTHONPATH": os.pathsep.join(path)}


def _kernel_manager(folder: str):
    """Return a manager of a kernel in this interpreter, whatever kernels the user registered."""
    from queue import Empty

    from jupyter_client.asynchronous import AsyncKernelClient
    from jupyter_client.channels import AsyncZMQSocketChannel
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import Type

    options = ("--log-level=ERROR", "--HistoryManager.enabled=False", "--matplotlib=inline")
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *options]

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
        kernel_spec = KernelSpec(argv=command, language="python")

    # A free TCP port may be taken between its choice and the kernel's start by a notebook that
    # starts beside this one; sockets in a folder of one's own cannot be.
    socket = Path(folder) / "kernel-ipc-5"
    local = os.name == "posix" and len(os.fsencode(socket)) < 100  # a socket's path is short
    how = {"transport": "ipc", "ip": str(socket)[:-2]} if local else {}
    return Manager(connection_file=str(Path(folder) / "kernel.json"), **how)


async def execute(
    path: Path,
    *,
    environment: dict[str, str],
    figures: Path,  # the folder that they go to
    tick: Callable[[int, int], None] = lambda done, total: None,  # is told cells done, cells
    until: str | None = None,  # the figure behind whose cell none is run
    replace: Callable[[str], str] = str,  # changes the source of a code cell
):
    """Run one notebook in a kernel of its own and return it executed; the file stays as it is."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    nb = nbformat.read(path, as_version=4)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.source = replace(cell.source)
    env = environment | {"XC_BUILD_FIGURES": str(figures)}
    with tempfile.TemporaryDirectory(prefix="xc-") as folder:
        manager = _kernel_manager(folder)
        client = NotebookClient(nb, km=manager, timeout=CELL_TIMEOUT)
        try:
            try:
                await client.async_start_new_kernel(env=env, cwd=str(path.parent))
                await client.async_start_new_kernel_client()
            except (RuntimeError, OSError):
                raise DeadKernelError from None
            for index, cell in enumerate(nb.cells):
                await client.async_execute_cell(cell, index)
                tick(index + 1, len(nb.cells))
                if until and any(figures.rglob(f"{until}.csv")):
                    break
        except CellTimeoutError:
            slow = {"cell": index + 1, "seconds": CELL_TIMEOUT}
            raise NotebookError(message("error.cell_timeout", **slow)) from None
        except CellExecutionError as fault:  # its line and the error, without a traceback
            told = (str(part) for part in (fault.traceback, fault.evalue))
            trace, text = (re.sub(r"\x1b\[[\d;]*m", "", part) for part in told)
            at = re.search(r"^-+> *(\d+) (.*)$", trace, re.MULTILINE)
            line, code = at.groups() if at else (1, cell["source"])
            where = {"cell": index + 1, "line": line, "code": code.strip().partition("\n")[0][:80]}
            where |= {"kind": fault.ename, "text": " ".join(text.split())[:300]}
            raise NotebookError(message("error.cell", **where)) from None
        except DeadKernelError:
            if asyncio.current_task().cancelling():  # nbclient takes one for the other
                raise asyncio.CancelledError from None
            raise KernelDiedError(message("error.kernel_died", name=path.stem)) from None
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)
            await manager.cleanup_resources()
    return nb


def warnings_of(cells: Iterable[dict]) -> tuple[str, ...]:
    """Return what a run wrote to stderr that speaks of a warning, each once."""
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    text = "\n".join(output["text"] for output in outputs if output.get("name") == "stderr")
    return tuple(dict.fromkeys(re.findall(r"^.*?(\w*Warning: .*)$", text, re.MULTILINE)))


def notebook_page(nb, name: str, lang: str) -> str:
    """Render an executed notebook as html with pictures and style in it, no outside address."""
    from nbconvert import HTMLExporter

    prose = [cell["source"] for cell in nb.cells if cell["cell_type"] == "markdown"]
    title = next((text for text in prose if text.strip()), name).lstrip("# ").partition("\n")[0]
    nb = deepcopy(nb)
    for cell in nb.cells:
        if cell["cell_type"] == "code":  # warnings are the build's to tell
            shown = cell["outputs"]
            cell["outputs"] = [output for output in shown if output.get("name") != "stderr"]
    exporter = HTMLExporter(
        raw_template=Path(__file__).with_name("notebook_page.html").read_text(encoding="utf-8"),
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    resources = {
        "xc_lang": "zh-CN" if lang == "zh" else "en",
        "xc_title": escape(title),
        "xc_code": word("page.code", lang),
        "xc_made": word("page.made_from", lang, name=f"notebooks/{name}.ipynb"),
    }
    page = exporter.from_notebook_node(nb, resources=resources)[0]
    head, body = page.split("<body>", 1)
    page = f"{head}<body>{_LOADED.sub('', body)}"
    page = re.sub(r'href="([\w.-]+)\.ipynb"', r'href="\1.html"', page)
    # an address is told, never linked or loaded
    page = re.sub(r'<a [^>]*href="\w+://([^"]*)"[^>]*>(.*?)</a>', r"\2 (\1)", page)
    return re.sub(r"\bhttps?://", "", page)
