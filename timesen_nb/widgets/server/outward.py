"""The way out for kernels: a proxy on 127.0.0.1 that reaches public addresses only.

A check of what was typed is not enough: a public address may redirect to a private one, a name may change what it
stands for between two questions, a file may name others, and GDAL asks by itself. All of them go through here, where
a name is looked up once and the address that was checked is the one that is called.
"""

from __future__ import annotations

import asyncio
import socket
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterable
from contextlib import suppress
from urllib.parse import SplitResult, unquote, urlsplit

from timesen_nb.sources.public_addresses import check_public

PATIENCE = 20.0  # seconds to be connected, and to be read at the end
LONGEST = 65_536  # bytes of a request's head
#: GDAL drivers whose files are lists of other files or addresses, whatever the name of the file says. Not VRT, which
#: rasterio itself needs: sources open files as images only.
INDIRECT = "GTI WMS WMTS WCS OGCAPI HTTP STACIT STACTA PLMOSAIC EEDA EEDAI NGW DAAS"
_HOP = (b"proxy-", b"connection:", b"keep-alive:")


class Outward:
    """A forward proxy; a proxy that the environment names is used on the way, after the check.

    Args:
        check: called with a host and its addresses, raises ValueError for those that may not be asked.
    """

    def __init__(self, check: Callable[[str, Iterable[str]], None] = check_public) -> None:
        self._check = check
        self._beyond = urllib.request.getproxies()
        self._serving = set[asyncio.Task[None]]()

    async def start(self) -> dict[str, str]:
        """Listen.

        Returns:
            Environment variables that send a process' requests this way, GDAL's too.
        """
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LONGEST)
        address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy")
        return {
            **{name: address for lower in names for name in (lower, lower.upper())},
            **dict.fromkeys(("no_proxy", "NO_PROXY"), ""),
            "GDAL_HTTP_PROXY": address,
            "GDAL_SKIP": INDIRECT,
        }

    async def stop(self) -> None:
        """Listen no longer, and close every connection."""
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                try:
                    await self._relay(reader, writer)
                except ValueError as problem:
                    writer.write(_answer(403, str(problem)))
                except (OSError, TimeoutError):
                    writer.write(_answer(502, "The address cannot be reached."))
                await writer.drain()
        finally:
            await _close(writer)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *fields = head[:-4].split(b"\r\n")
        method, _, rest = line.partition(b" ")
        target = rest.rpartition(b" ")[0].decode("ascii", "replace")
        tunnel = (
            method == b"CONNECT"
        )  # of https; plain http comes with its whole address, one request a connection
        parts = urlsplit(f"//{target}" if tunnel else target)
        if not parts.hostname or (not tunnel and parts.scheme != "http"):
            raise ValueError("This is the way out for a map's requests, and no page.")
        port = parts.port or (443 if tunnel else 80)
        beyond = self._proxy_beyond("https" if tunnel else "http", parts.hostname)
        out_reader, out_writer = await self._connect(parts.hostname, port, beyond)
        try:
            if tunnel and beyond is None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                if not tunnel:
                    fields = [f for f in fields if not f.lower().startswith(_HOP)] + [b"Connection: close"]
                if beyond is None:
                    path = parts._replace(scheme="", netloc="").geturl() or "/"
                    line = b" ".join([method, path.encode(), b"HTTP/1.1"])
                elif beyond.username:
                    fields.append(_credentials(beyond))
                out_writer.write(b"\r\n".join([line, *fields, b"", b""]))
            await _both_ways((reader, out_writer), (out_reader, writer))
        finally:
            await _close(out_writer)

    async def _connect(
        self, host: str, port: int, beyond: SplitResult | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to an address that was checked, or to the proxy beyond, which looks names up itself."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            if beyond is None:
                raise
            found = []
        addresses = [str(entry[4][0]) for entry in found]
        self._check(host, addresses)
        if beyond is not None:
            addresses, port = [str(beyond.hostname)], beyond.port or 80
        failed = OSError(f"{host} has no address")
        for address in addresses:
            try:
                return await asyncio.wait_for(asyncio.open_connection(address, port), PATIENCE)
            except OSError as problem:
                failed = problem
        raise failed

    def _proxy_beyond(self, scheme: str, host: str) -> SplitResult | None:
        """The proxy that the environment names for a host."""
        named = self._beyond.get(scheme) or self._beyond.get("all")
        if not named or urllib.request.proxy_bypass(host):
            return None
        return urlsplit(named if "://" in named else f"http://{named}")


def _credentials(proxy: SplitResult) -> bytes:
    given = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}"
    return b"Proxy-Authorization: Basic " + b64encode(given.encode())


async def _both_ways(*ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """Hand on what comes, until one side has said all."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(LONGEST):
            writer.write(part)
            await writer.drain()

    tasks = [asyncio.ensure_future(hand_on(*way)) for way in ways]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close once the other side has taken what was written, or takes it no longer."""
    writer.close()
    try:
        with suppress(OSError):
            await asyncio.wait_for(writer.wait_closed(), PATIENCE)
    finally:
        writer.transport.abort()


def _answer(status: int, words: str) -> bytes:
    body = words.encode()
    phrase = {403: "Forbidden", 502: "Bad Gateway"}[status]
    head = f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
