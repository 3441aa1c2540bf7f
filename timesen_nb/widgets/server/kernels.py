"""The kernels of the served map: one for each page, one prepared for the next, none for nobody."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections import defaultdict
from pathlib import Path
from typing import Protocol

from tornado.ioloop import IOLoop, PeriodicCallback
from voila.app import Voila
from voila.notebook_renderer import NotebookRenderer
from voila.utils import get_page_config

log = logging.getLogger("timesen_nb.widgets.server")

#: Seconds between two checks of the kernels.
CHECKED = 1.0
#: Seconds after a page was sent until the next kernel is prepared: the page that a browser makes of it comes first.
REFILL = 5.0
#: Seconds that a visitor waits for the place that a reloaded page is giving up.
MAKE_ROOM = 1.0


class Full(Exception):
    """As many kernels run as may run at once."""


class Connection(Protocol):
    """A page's websocket to its kernel."""

    kernel_id: str

    def close(self) -> None:
        """End it."""
        ...


class Page:
    """One kernel, and the HTML that shows what it made.

    html: the rest of the page, when the kernel has made its map. waiting_since: when it was last without a
    connection; None before it was handed out.
    """

    def __init__(self) -> None:
        self.kernel_id: str | None = None
        self.html: asyncio.Task[str]
        self.waiting_since: float | None = None


class Kernels:
    """Starts, prepares, checks and ends kernels.

    Args:
        server: the Voila application whose kernel manager starts them.
        most: how many may run at once.
        linger: seconds that a kernel waits for its page to connect, at first or again, before it ends.
    """

    def __init__(self, server: Voila, most: int, linger: float) -> None:
        self._server, self._most, self._linger = server, most, linger
        #: Variables of the environment that kernels have beside the server's own.
        self.env: dict[str, str] = {}
        self._pages: set[Page] = set()
        self._prepared: Page | None = None
        self._channels: dict[str, set[Connection]] = defaultdict(set)
        self._ending: set[asyncio.Future[None]] = set()
        self._checks = PeriodicCallback(self._check, 1000 * CHECKED)

    def begin(self) -> None:
        """Prepare the first kernel, and watch."""
        self._prepare()
        self._checks.start()

    async def take(self) -> Page:
        """A page of its own for a visitor.

        Returns:
            The page; its ``html`` may still be in the making.

        Raises:
            Full: no kernel may be started now.
        """
        loop = IOLoop.current()
        ends = loop.time() + MAKE_ROOM
        while self._prepared is None and len(self._pages) >= self._most:
            if loop.time() > ends:
                raise Full
            await asyncio.sleep(CHECKED / 10)
        page, self._prepared = self._prepared or self._start(), None
        return page

    def hand_out(self, page: Page) -> None:
        """The page was sent: from now on its kernel needs a connection to live."""
        page.waiting_since = IOLoop.current().time()
        self._prepare_later()

    def give_back(self, page: Page) -> None:
        """Nobody waits for a page any more that was taken and not sent: the next visitor gets it."""
        if self._prepared is None and page in self._pages:
            self._prepared = page
        else:
            self.end(page.kernel_id)

    async def tell(self, kernel_id: str, code: str) -> None:
        """Run a line in a page's kernel; what it writes or raises goes nowhere. HTTPError 404 without that kernel."""
        client = self._server.kernel_manager.get_kernel(kernel_id).client()
        client.start_channels(stdin=False, hb=False)
        try:
            await client.execute(code, silent=True, reply=True, timeout=10)
        except TimeoutError:
            log.warning("a kernel was too busy to take up the address of its page")
        finally:
            client.stop_channels()

    def end(self, kernel_id: str | None) -> None:
        """Stop a kernel at once, whatever it is doing; nothing happens where it has gone already."""
        for page in self._pages:
            if kernel_id is not None and page.kernel_id == kernel_id:
                self._end(page)
                self._prepare_later()

    def connected(self, channels: Connection) -> None:
        """A page opened its connection."""
        self._channels[channels.kernel_id].add(channels)

    def disconnected(self, channels: Connection) -> None:
        """A page's connection closed."""
        self._channels[channels.kernel_id].discard(channels)

    async def close(self) -> None:
        """Stop all of them, those too that are about to start or to end."""
        self._checks.stop()
        pages = list(self._pages)
        for page in pages:
            page.html.cancel()
        await asyncio.gather(*(page.html for page in pages), return_exceptions=True)
        await asyncio.gather(*map(self._drop, pages), *self._ending)

    def _prepare(self) -> None:
        if any(page is not self._prepared and not page.html.done() for page in self._pages):
            return  # somebody waits for a page that is in the making, and the next comes when it was sent
        if self._prepared is None and len(self._pages) < self._most:
            self._prepared = self._start()

    def _prepare_later(self) -> None:
        IOLoop.current().call_later(REFILL, self._prepare)

    def _start(self) -> Page:
        page = Page()
        page.html = asyncio.ensure_future(self._make(page))
        page.html.add_done_callback(
            lambda task: task.cancelled() or task.exception()
        )  # whoever waits is told
        self._pages.add(page)
        return page

    async def _make(self, page: Page) -> str:
        server = self._server
        try:
            renderer = await self._renderer()
            starting = asyncio.ensure_future(self._start_kernel(page, renderer))
            try:
                await asyncio.shield(starting)
            except asyncio.CancelledError:
                await starting  # cut off half way, its manager would neither know it nor forget it
                raise
            kernel = server.kernel_manager.get_kernel(page.kernel_id)
            html = str(await renderer.generate_content_str(page.kernel_id, kernel))
            if not await kernel.is_alive():  # else the page would show Voila's report of it
                raise RuntimeError("a kernel ended before its map was made")
            return html
        except BaseException:
            await self._drop(page)
            raise

    async def _start_kernel(self, page: Page, renderer: NotebookRenderer) -> None:
        page.kernel_id = await self._server.kernel_manager.start_kernel(
            kernel_name=renderer.notebook.metadata.kernelspec.name,
            path=os.path.dirname(self._notebook),
            env={**os.environ, **self.env},
        )

    @property
    def _notebook(self) -> str:
        """The notebook's file name, in the server's folder."""
        return Path(self._server.notebook_path).name

    async def _renderer(self) -> NotebookRenderer:
        server = self._server
        renderer = NotebookRenderer(
            voila_configuration=server.voila_configuration,
            traitlet_config=server.config,
            notebook_path=self._notebook,
            template_paths=server.template_paths,
            config_manager=server.config_manager,
            contents_manager=server.contents_manager,
            base_url=server.base_url,
            kernel_spec_manager=server.kernel_spec_manager,
            page_config=get_page_config(
                base_url=server.base_url,
                settings=server.app.settings,
                log=server.log,
                voila_configuration=server.voila_configuration,
            ),
        )
        await renderer.initialize()
        return renderer

    def _end(self, page: Page) -> asyncio.Future[None]:
        ending = asyncio.ensure_future(self._drop(page))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        return ending

    async def _check(self) -> None:
        now = IOLoop.current().time()
        for page in list(self._pages):
            kernel_id = page.kernel_id
            if kernel_id is None:
                continue
            if kernel_id not in self._server.kernel_manager or not await self._alive(kernel_id):
                await self._end(page)
            elif self._channels[kernel_id]:
                page.waiting_since = now
            elif page.waiting_since is not None and now - page.waiting_since > self._linger:
                await self._end(page)

    async def _alive(self, kernel_id: str) -> bool:
        return bool(await self._server.kernel_manager.get_kernel(kernel_id).is_alive())

    async def _drop(self, page: Page) -> None:
        """End a page's kernel and tell the page, if one is still there, by closing its connections."""
        if page not in self._pages:
            return
        self._pages.discard(page)
        if self._prepared is page:
            self._prepared = None
        kernel_id = page.kernel_id
        if kernel_id is None:
            return
        if kernel_id in self._server.kernel_manager:
            await self._server.kernel_manager.shutdown_kernel(kernel_id, now=True)
        for channels in list(self._channels.pop(kernel_id, ())):
            channels.close()
        gc.collect()  # templates and clients of a page hold each other: left to itself the server grows by 2 MB a page
