"""``xc explore``: the panel as a page on this machine, a process of its own for each visit."""

import os
import secrets
import socket
import tempfile
import time
import webbrowser
from inspect import isawaitable
from pathlib import Path

from tornado.web import HTTPError
from traitlets.config import Config

from ..running import kernel_environment
from ..tables import data_dir, load
from ..words import error, language, use_language, word

PAGE = Path(__file__).with_name("page")
ADDRESS = "127.0.0.1"
EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"]
KERNELS = 8
UNUSED = 60  # seconds after which a kernel that no page is connected to is ended


def free_port(wanted: int | None = None) -> int:
    """Return the port asked for if it is free, else one that the system hands out."""
    if wanted is not None and not 1024 <= wanted <= 65535:
        raise error("error.port", port=wanted)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, wanted or 0))
        except OSError:
            raise error("error.port_taken", port=wanted) from None
        return probe.getsockname()[1]


def is_foreign(headers, port: int) -> bool:
    """Tell whether a request names another host or comes from another site's page."""
    own = {f"{name}:{port}" for name in (ADDRESS, "localhost")}
    origin = headers.get("Origin")
    if headers.get("Host", "").lower() not in own:
        return True
    if origin is not None and origin.lower() not in {f"http://{host}" for host in own}:
        return True
    return headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


def limit_kernels(manager, most: int = KERNELS) -> None:
    """Let a manager start so many kernels at most, those that are just starting counted."""
    start, starting = manager.start_kernel, []

    async def start_kernel(*args, **options):
        if len(manager.list_kernel_ids()) + len(starting) >= most:
            raise HTTPError(503)
        starting.append(None)
        try:
            return await start(*args, **options)
        finally:
            starting.pop()

    manager.start_kernel = start_kernel


def _guarded(handler, port: int):
    """Return a handler that refuses foreign requests, and a visit too many, before all else."""
    from voila.handler import VoilaHandler

    class Guarded(handler):
        async def prepare(self):
            kernels, text = self.settings["kernel_manager"].list_kernel_ids(), ""
            if is_foreign(self.request.headers, port):
                self.set_status(403)
                text = word("page.foreign")
            elif issubclass(handler, VoilaHandler) and len(kernels) >= KERNELS:
                self.set_status(503)
                text = word("page.too_many", most=KERNELS, seconds=UNUSED)
            if text:
                self.set_header("Content-Type", "text/plain; charset=utf-8")
                self.finish(text + "\n")
            elif isawaitable(done := super().prepare()):
                await done

    return Guarded


def _application(config, port: int, on_listening):
    """Return the Voila application with its own page, guard and nothing from outside."""
    from tornado.ioloop import IOLoop
    from voila.app import Voila

    class Explorer(Voila):
        name = "xc-explore"

        def setup_template_dirs(self):
            super().setup_template_dirs()
            self.template_paths.insert(0, str(PAGE))

        def init_handlers(self):
            return [(h[0], _guarded(h[1], port), *h[2:]) for h in super().init_handlers()]

        def init_settings(self):
            settings = super().init_settings()
            limit_kernels(settings["kernel_manager"])
            return settings

        def listen(self):
            IOLoop.current().add_callback(on_listening)
            super().listen()

    return Explorer(config=config)


def serve(*, lang: str, port: int | None = None, browser: bool = True) -> None:
    """Serve the panel as a page until interrupted, and open the system's browser at it."""
    began = time.perf_counter()
    use_language(lang)
    load("targets")
    port, token = free_port(port), secrets.token_urlsafe(24)
    address = f"http://{ADDRESS}:{port}/?token={token}"

    def on_listening() -> None:
        print(word("page.address", address=address), flush=True)
        print(word("page.how_long", seconds=f"{time.perf_counter() - began:.1f}"), flush=True)
        if browser:
            webbrowser.open(address)

    config = Config()
    config.Voila.update(ip=ADDRESS, port=port, port_retries=0, token=token)
    config.Voila.update(open_browser=False, log_level="CRITICAL")
    # the token's cookie, the origin and the kernel's own id guard what a page may post
    config.Voila.tornado_settings = {"allow_remote_access": False, "disable_check_xsrf": True}
    config.VoilaConfiguration.update(allow_template_override="NO", allow_theme_override="NO")
    config.VoilaConfiguration.update(show_tracebacks=False, extension_allowlist=EXTENSIONS)
    if os.name == "posix":  # no port of a kernel's own that another account could reach
        config.KernelManager.transport = "ipc"
    config.MappingKernelManager.update(cull_idle_timeout=UNUSED, cull_interval=10)
    with tempfile.TemporaryDirectory(prefix="xc-explore-") as home:
        # kernels get folders of their own: a machine without a home must do
        environment = kernel_environment(Path(home)) | {"MPLBACKEND": "Agg", "XC_EXPLORE": "1"}
        environment |= {"XC_DATA": str(Path(data_dir()).resolve()), "XC_LANG": language()}
        lasting = Path(os.environ.get("MPLCONFIGDIR") or Path.home() / ".cache" / "matplotlib")
        if os.access(lasting, os.W_OK):  # the list of fonts is there already
            environment["MPLCONFIGDIR"] = str(lasting)
        os.environ.update(environment)
        app = _application(config, port, on_listening)
        app.initialize([str(PAGE / "explore.ipynb")])
        app.start()
