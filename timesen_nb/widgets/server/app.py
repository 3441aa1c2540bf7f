"""Voila's parts, put together for one notebook: the click map."""

from __future__ import annotations

import logging
import signal
import webbrowser
from contextlib import suppress
from typing import Any

from jupyter_server.auth.identity import PasswordIdentityProvider
from tornado.ioloop import IOLoop
from traitlets import Bool, Float, Integer
from voila.app import Voila

from timesen_nb.sources.public_addresses import PUBLIC_ONLY
from timesen_nb.widgets.server.gate import Gate
from timesen_nb.widgets.server.kernels import Kernels
from timesen_nb.widgets.server.outward import Outward
from timesen_nb.widgets.server.pages import Address, Channels, Farewell, MapPage
from timesen_nb.widgets.server.shell import Shell

ID = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
#: Milliseconds: a page whose network broke off is noticed after two of them.
PING = 10_000


class _HeaderFirst(PasswordIdentityProvider):
    """A token in the header, which a proxy sets, counts before one in the address, which may be the proxy's own."""

    def get_token(self, handler: Any) -> str | None:
        given = self.auth_header_pat.match(handler.request.headers.get("Authorization", ""))
        return given.group(2) if given else super().get_token(handler)


class Server(Voila):
    """Voila with kernels that come when they are needed and go when nobody looks, and a gate before all of it."""

    most = Integer(help="How many kernels may run at once.").tag(config=True)
    linger = Float(60.0, help="Seconds that a kernel waits for its page to connect again.").tag(config=True)
    private_addresses = Bool(False, help="Whether kernels may ask private addresses.").tag(config=True)
    opens_browser = Bool(False, help="Whether to open a browser when the server listens.").tag(config=True)

    def init_settings(self) -> dict[str, Any]:
        """Voila's settings, and the kernels that live by them."""
        self.asked = self.port
        self.identity_provider_class = _HeaderFirst
        self.kernels = Kernels(self, self.most, self.linger)
        self.outward: Outward | None = None
        return {**super().init_settings(), "ws_ping_interval": PING, "ws_ping_timeout": 2 * PING}

    def init_handlers(self) -> list[Any]:
        """The gate, our own handlers, then Voila's for what is left."""
        base = self.server_url.rstrip("/")
        ours = {"kernels": self.kernels}
        page = {**ours, "shell": Shell(self.base_url), "voila_configuration": self.voila_configuration}
        return [
            Gate(check_host=not self.token),
            (f"{base}/?", MapPage, page),
            (rf"{base}/api/kernels/{ID}/channels", Channels, ours),
            (rf"{base}/voila/api/shutdown/{ID}", Farewell, ours),
            (rf"{base}/voila/api/address/{ID}", Address, ours),
            *super().init_handlers(),
        ]

    @property
    def address(self) -> str:
        """What to type into a browser."""
        return f"http://127.0.0.1:{self.port}{self.base_url}" + (f"?token={self.token}" if self.token else "")

    def listen(self) -> None:
        """Listen until Ctrl-C or SIGTERM, then stop every kernel."""
        signal.signal(signal.SIGINT, self._handle_signal_stop)  # not an exception in whatever runs just then
        IOLoop.current().add_callback(self._begin)
        super().listen()
        # whoever started the server may have gone before it
        with suppress(BrokenPipeError):
            print("Stopped.", flush=True)

    def stop(self) -> None:
        """Stop every kernel at once, and then their way out."""
        self.log.setLevel(logging.CRITICAL)  # a kernel that is cut off in its work is no news now
        IOLoop.current().run_sync(self._end)

    async def _end(self) -> None:
        await self.kernels.close()
        if self.outward is not None:
            await self.outward.stop()

    async def _begin(self) -> None:
        if not self.private_addresses:
            self.outward = Outward()
            self.kernels.env = {PUBLIC_ONLY: "1", **await self.outward.start()}
        self.kernels.begin()
        if self.port != self.asked:
            print(f"Port {self.asked} is taken; using {self.port}.")
        print(f"The click map is at {self.address}  (Ctrl-C stops it)", flush=True)
        if self.opens_browser:
            webbrowser.open(self.address)
