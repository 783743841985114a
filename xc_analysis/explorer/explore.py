"""``xc explore``: the explorer's page on this machine, one process of its own for each visit."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from ..errors import InputError

PAGE = Path(__file__).with_name("explorer_page")
NOTEBOOK = PAGE / "explorer.ipynb"
ADDRESS = "127.0.0.1"
TARGET = "xc-explorer"  # the comm that the page opens


def free_port(wanted: int | None = None) -> int:
    """The port asked for if it is free, else one that the system hands out.

    Raises
    ------
    InputError
        A port out of range or taken.
    """
    if wanted is not None and not 1024 <= wanted <= 65535:
        raise InputError(f"--port {wanted}: give a number from 1024 to 65535, or leave it out")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, wanted or 0))
        except OSError:
            raise InputError(
                f"--port {wanted}: taken by another program; give another, or leave it out"
            ) from None
        return probe.getsockname()[1]


def application():
    """The Voila application class of the explorer, with its own page and nothing from outside."""
    from voila.app import Voila

    class Explorer(Voila):
        name = "xc-explore"
        told = None  # called once, when the server listens

        def setup_template_dirs(self):
            super().setup_template_dirs()
            self.template_paths.insert(0, str(PAGE))

        def listen(self):
            if self.told is not None:
                # the loop runs callbacks only once it has started, so the port is open by then
                import asyncio

                asyncio.get_event_loop().call_soon(self.told)
            super().listen()

    return Explorer


def serve(*, data=None, lang="zh", port=None, browser=True, say=print) -> None:
    """Serve the explorer on this machine until it is interrupted.

    Parameters
    ----------
    data : path, optional
        Folder of tables; default as `tables.data_dir`.
    lang : {"zh", "en"}
        Language of the first page; the page has a switch.
    port : int, optional
        Default: a free one.
    browser : bool
        Open the system's browser at the address.
    say : callable
        Told each line that a reader should see.

    Raises
    ------
    InputError
        A port that cannot be had, a folder without tables, or no Voila.
    """
    from ..tables import data_dir, load

    began = time.perf_counter()
    say("checking the tables · 检查数据表")
    folder = Path(data_dir(data)).resolve()
    load("targets", data=folder)
    port = free_port(port)
    try:
        Explorer = application()
    except ImportError as error:
        raise InputError(f"xc explore needs Voila ({error}): pip install voila anywidget") from None

    # what a visit's process needs to know; it starts in the folder of the page, not here
    os.environ["XC_DATA"] = str(folder)
    os.environ["XC_EXPLORE_LANG"] = lang
    os.environ["XC_REVIEW"] = str(Path(os.environ.get("XC_REVIEW") or "review").resolve())
    os.environ["MPLBACKEND"] = "Agg"
    address = f"http://{ADDRESS}:{port}/"

    def told():
        say(f"{address}    ({time.perf_counter() - began:.1f} s; Ctrl-C ends · 按 Ctrl-C 结束)")
        say(
            "the first page takes 3-15 s, most of it loading libraries and tables; "
            "then a change shows in under half a second\n"
            "首页需 3–15 秒，主要用于加载程序库和数据表；之后每次改动半秒内可见"
        )
        if browser:
            import webbrowser

            webbrowser.open(address)

    from traitlets.config import Config

    config = Config()
    config.Voila.ip = ADDRESS
    config.Voila.port = port
    config.Voila.port_retries = 0
    config.Voila.open_browser = False
    config.Voila.log_level = "CRITICAL"
    # a name other than this machine's in the request is refused: no page elsewhere can reach in
    # and the page may end its own process without a cookie (its id is the secret; origin is checked)
    config.Voila.tornado_settings = {"allow_remote_access": False, "disable_check_xsrf": True}
    config.VoilaConfiguration.preheat_kernel = False
    config.VoilaConfiguration.allow_template_override = "NO"
    config.VoilaConfiguration.allow_theme_override = "NO"
    config.VoilaConfiguration.show_tracebacks = False
    config.MappingKernelManager.cull_idle_timeout = 4 * 3600
    config.MappingKernelManager.cull_interval = 300
    Explorer.told = staticmethod(told)
    app = Explorer(config=config)
    app.initialize([str(NOTEBOOK)])
    app.start()


def page(data=None):
    """What the notebook ends in: answers the page of this visit, or is itself the page.

    Parameters
    ----------
    data : path, optional
        Folder of the tables.

    Returns
    -------
    anywidget.AnyWidget or None
        In JupyterLab the page as a widget; None where ``xc explore`` serves it.
    """
    answer = _answering(data)
    if os.environ.get("XC_EXPLORE_LANG"):
        from comm import get_comm_manager

        def opened(comm, _):
            comm.on_msg(lambda m: answer(m["content"]["data"], comm.send))

        get_comm_manager().register_target(TARGET, opened)
        return None
    import anywidget

    class Page(anywidget.AnyWidget):
        _esm = "".join((PAGE / name).read_text("utf-8") for name in ("explorer.js", "widget.js"))
        _css = (PAGE / "explorer.css").read_text("utf-8")

    shown = Page()
    shown.on_msg(lambda _, content, __: answer(content, shown.send))
    return shown


def _answering(data):
    """Answers messages; the first one loads what is needed and tells how far it has come."""
    made: dict = {}

    def answer(message, send) -> None:
        if not made:
            steps = [time.perf_counter()]

            def step(text: str) -> None:
                send({"do": "progress", "text": text})
                steps.append(time.perf_counter())

            step("加载程序库 · loading libraries")
            import matplotlib.pyplot  # noqa: F401  (what the first figure would wait for)

            from .explorer import Explorer

            step("读取数据表 · reading tables")
            made["explorer"] = Explorer(data)
            step("绘制第一幅图 · drawing the first figure")
            reply = made["explorer"].answer(message)
            steps.append(time.perf_counter())
            names = ("libraries", "tables", "figure")
            spent = [round(b - a, 2) for a, b in zip(steps[1:], steps[2:], strict=False)]
            send(reply | {"spent": dict(zip(names, spent, strict=True))})
            return
        send(made["explorer"].answer(message))

    return answer
