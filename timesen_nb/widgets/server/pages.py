"""What the browser asks for: the page, its connection, and its farewell."""

from __future__ import annotations

from typing import Any

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
        super().initialize(**kwargs)
        self._kernels, self._shell = kernels, shell
        self._page: Page | None = None
        self._told = self._gone = False

    @web.authenticated
    async def get(self) -> None:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        try:
            page = self._page = await self._kernels.take()
        except Full:
            self.set_status(503)
            self.set_header("Retry-After", "30")
            self.finish(self._shell.full)
            return
        _ = self.xsrf_token  # sets the cookie that the page's farewell must show
        self.write(self._shell.head)
        try:
            await self.flush()
            rest = await page.html
            if self._gone:
                return
            if self.request.query:
                self._told = True
                await self._kernels.tell(page, f"app.open_link({self.request.query!r})")
        except StreamClosedError:
            return  # on_connection_close has seen to it
        except Exception:
            log.exception("a page could not be made")
            self.finish(self._shell.failed)
            return
        self._kernels.hand_out(page)
        self.finish(rest)

    def on_connection_close(self) -> None:
        """The browser went away before it had the whole page."""
        self._gone, page = True, self._page
        if page is None:
            return
        if self._told:
            self._kernels.end(page.kernel_id)
        else:
            self._kernels.give_back(page)


class Farewell(APIHandler):
    """A page that is closed or reloaded says so, and its kernel ends; saying it twice is no error."""

    def initialize(self, kernels: Kernels) -> None:
        self._kernels = kernels

    @web.authenticated
    async def post(self, kernel_id: str) -> None:
        self._kernels.end(kernel_id)
        self.set_status(204)
        self.finish()


class Channels(VoilaKernelWebsocketHandler):
    """The page's connection to its kernel, in the one protocol that Voila's handler understands."""

    def initialize(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self.kernel_id = ""

    async def get(self, kernel_id: str) -> None:
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        if PROTOCOL not in [name.strip() for name in offered.split(",")]:
            raise web.HTTPError(400, f"a connection must speak {PROTOCOL}")
        if kernel_id not in self.kernel_manager:
            raise web.HTTPError(404, "this kernel has ended")
        await super().get(kernel_id=kernel_id)

    async def open(self, kernel_id: str) -> None:
        self._kernels.connected(self)
        await super().open(kernel_id)

    def on_message(self, ws_message: bytes | str) -> None:
        # The number of parts comes first: one larger than the message would keep the server counting.
        if isinstance(ws_message, bytes) and 8 * int.from_bytes(ws_message[:8], "little") <= len(ws_message):
            super().on_message(ws_message)
        else:
            self.close(1003, "not a message of this protocol")

    def on_close(self) -> None:
        self._kernels.disconnected(self)
        super().on_close()
