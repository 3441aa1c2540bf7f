"""What the browser asks for: the page, its connection, and its farewell."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError
from voila.handler import BaseVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from timesen_nb.widgets.server.kernels import Full, Kernels, Page, log
from timesen_nb.widgets.server.shell import Shell

PROTOCOL = "v1.kernel.websocket.jupyter.org"


class MapPage(BaseVoilaHandler):
    """The page: its head and a drawing of what will come at once, the rest when the kernel has made the map."""

    def initialize(self, kernels: Kernels, shell: Shell, **kwargs: Any) -> None:
        """What tornado hands to every request."""
        super().initialize(**kwargs)
        self._kernels, self._shell = kernels, shell
        self._page: Page | None = None

    # looked after below: Jupyter's page to log in speaks of its own server, and is not there below a base URL
    @allow_unauthenticated
    async def get(self) -> None:
        """The head at once, then what the kernel made; 403 in words without the token, 503 when no kernel is free."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        if not self.current_user:
            self.set_status(403)
            self.finish(self._shell.token)
            return
        try:
            page = self._page = await self._kernels.take()
        except Full:
            self.set_status(503)
            self.set_header("Retry-After", "30")
            self.finish(self._shell.full)
            return
        _ = self.xsrf_token  # sets the cookie that the page's farewell must show
        self.write(self._shell.head)
        with suppress(StreamClosedError):
            await self.flush()
        await asyncio.wait([page.html])
        if self._page is None or page.html.cancelled():  # the browser has gone, or the server is going
            return
        problem = page.html.exception()
        if problem is not None:
            log.error("a page could not be made", exc_info=problem)
        self._kernels.hand_out(page)
        self.finish(self._shell.failed if problem else page.html.result())

    def on_connection_close(self) -> None:
        """The browser went away before it had the whole page."""
        page, self._page = self._page, None
        if page is not None:
            self._kernels.give_back(page)


class _OfAPage(APIHandler):
    """What a page says about its own kernel."""

    def initialize(self, kernels: Kernels) -> None:
        """What tornado hands to every request."""
        self._kernels = kernels


class Farewell(_OfAPage):
    """A page that is closed or reloaded says so, and its kernel ends; saying it twice is no error."""

    @web.authenticated
    async def post(self, kernel_id: str) -> None:
        """End the kernel."""
        self._kernels.end(kernel_id)
        self.set_status(204)
        self.finish()


class Address(_OfAPage):
    """A page that stands there says what its address asks for, and its map takes that up.

    Not before it stands there: what a kernel changes while the page's widgets are being made is lost to them.
    """

    @web.authenticated
    async def post(self, kernel_id: str) -> None:
        """Hand the part of the address after the # to the map."""
        link = self.request.body.decode("utf-8", "replace")
        await self._kernels.tell(kernel_id, f"app.open_link({link!r})")
        self.set_status(204)
        self.finish()


class Channels(VoilaKernelWebsocketHandler):
    """The page's connection to its kernel, in the one protocol that Voila's handler understands."""

    def initialize(self, kernels: Kernels) -> None:
        """What tornado hands to every request."""
        self._kernels = kernels
        self.kernel_id = ""

    async def get(self, kernel_id: str) -> None:
        """Let the connection be made, or say why not."""
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        if PROTOCOL not in [name.strip() for name in offered.split(",")]:
            raise web.HTTPError(400, f"a connection must speak {PROTOCOL}")
        if kernel_id not in self.kernel_manager:
            raise web.HTTPError(404, "this kernel has ended")
        await super().get(kernel_id=kernel_id)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Why no connection is made, in a line: Jupyter's page of an error is not for a connection."""
        self.finish(f"{status_code}\n")

    async def open(self, kernel_id: str) -> None:
        """The connection is there."""
        self._kernels.connected(self)
        await super().open(kernel_id)

    def on_message(self, ws_message: bytes | str) -> None:
        """Hand a message on to the kernel."""
        # The number of parts comes first: one larger than the message would keep the server counting.
        if isinstance(ws_message, bytes) and 8 * int.from_bytes(ws_message[:8], "little") <= len(ws_message):
            super().on_message(ws_message)
        else:
            self.close(1003, "not a message of this protocol")

    def on_close(self) -> None:
        """The connection is gone."""
        self._kernels.disconnected(self)
        super().on_close()
