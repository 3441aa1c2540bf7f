"""The way out for kernels: nothing inside a private network is reached, by whatever client and detour."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from timesen_nb.sources.public_addresses import check_public
from timesen_nb.widgets.server.outward import Outward


class Inside(BaseHTTPRequestHandler):
    """A server of the private network; /away sends on to another spelling of itself."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/secret")
            self.send_header("Content-Length", "0")
        else:
            self.send_response(200)
            self.send_header("Content-Length", "6")
        self.end_headers()
        if self.path != "/away":
            self.wfile.write(b"inside")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def inside() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Inside) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@contextmanager
def way_out(monkeypatch, check=check_public) -> Iterator[dict[str, str]]:
    """The environment of a process whose requests go this way, in a machine that has a proxy of no use."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    ready, done = Future(), threading.Event()

    async def run() -> None:
        outward = Outward(check)
        ready.set_result(await outward.start())
        await asyncio.to_thread(done.wait)
        await outward.stop()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        yield ready.result(20)
    finally:
        done.set()
        thread.join()


def ask(env: dict[str, str], address: str, **options: object) -> requests.Response:
    return requests.get(
        address, proxies={"http": env["http_proxy"], "https": env["https_proxy"]}, timeout=20, **options
    )


def test_a_private_address_is_not_reached(monkeypatch, inside) -> None:
    with way_out(monkeypatch) as env:
        for host in ("127.0.0.1", "localhost"):
            answer = ask(env, f"http://{host}:{inside.server_port}/secret")
            assert answer.status_code == 403
            assert "inside a private network" in answer.text
        with pytest.raises(requests.exceptions.ProxyError, match="403"):
            ask(env, f"https://127.0.0.1:{inside.server_port}/secret")
    assert inside.asked == []


def only_localhost(host: str, addresses) -> None:
    if host != "localhost":
        raise ValueError("not this one")


def test_what_may_be_asked_is_handed_through(monkeypatch, inside) -> None:
    with way_out(monkeypatch, only_localhost) as env, requests.Session() as session:
        session.proxies = {"http": env["http_proxy"]}
        answers = [session.get(f"http://localhost:{inside.server_port}/a?b=c", timeout=20) for _ in range(3)]
    assert [answer.text for answer in answers] == ["inside"] * 3
    assert inside.asked == ["/a?b=c"] * 3


def test_a_redirect_to_what_may_not_be_asked_ends_there(monkeypatch, inside) -> None:
    with way_out(monkeypatch, only_localhost) as env:
        answer = ask(env, f"http://localhost:{inside.server_port}/away")
    assert answer.status_code == 403
    assert inside.asked == ["/away"]


def test_a_tunnel_carries_bytes_both_ways(monkeypatch, inside) -> None:
    with way_out(monkeypatch, only_localhost) as env:
        where = ("127.0.0.1", int(env["http_proxy"].rpartition(":")[2]))
        with socket.create_connection(where, timeout=20) as tunnel, tunnel.makefile("rwb") as stream:
            stream.write(
                f"CONNECT localhost:{inside.server_port} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            stream.flush()
            assert b" 200 " in stream.readline()
            assert stream.readline() == b"\r\n"
            stream.write(b"GET /through HTTP/1.0\r\n\r\n")
            stream.flush()
            assert stream.read().endswith(b"inside")
    assert inside.asked == ["/through"]


def test_a_name_is_looked_up_once_and_the_address_that_was_checked_is_called(monkeypatch, inside) -> None:
    """A name that is public when it is checked and private when it is called reaches nothing."""
    answers = iter(["192.0.2.1", "127.0.0.1"])
    checked = []

    def lookup(host: str, port: int, *args: object, **kwargs: object) -> list:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    with way_out(monkeypatch, lambda host, addresses: checked.extend(addresses)) as env:
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda h, *a, **k: lookup(h, *a, **k) if h == "turns.example" else real(h, *a, **k)
        )  # fmt: skip
        answer = ask(env, f"http://turns.example:{inside.server_port}/")
    assert answer.status_code == 502
    assert checked == ["192.0.2.1"]
    assert inside.asked == []


def test_what_is_open_is_closed_at_the_end(monkeypatch, inside) -> None:
    """Both ends of a tunnel that nobody uses, and a connection that has said nothing yet."""
    with way_out(monkeypatch, only_localhost) as env:
        where = ("127.0.0.1", int(env["http_proxy"].rpartition(":")[2]))
        silent, tunnel = (socket.create_connection(where, timeout=20) for _ in range(2))
        tunnel.sendall(f"CONNECT localhost:{inside.server_port} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in tunnel.recv(100)
    for connection in (silent, tunnel):
        with connection:
            assert connection.recv(100) == b""


def test_it_is_no_server_of_pages(monkeypatch) -> None:
    with way_out(monkeypatch) as env:
        assert requests.get(env["http_proxy"], timeout=20).status_code == 403


GDAL = """
import sys, rasterio
from rasterio.warp import calculate_default_transform
calculate_default_transform("EPSG:32631", "EPSG:3857", 2, 2, 0, 0, 20, 20)
for path in sys.argv[1:]:
    try:
        with rasterio.open(path) as file:
            print(file.driver)
    except rasterio.RasterioIOError:
        print("not read")
"""


def test_gdal_reaches_nothing_and_goes_on_working(monkeypatch, inside, tmp_path: Path) -> None:
    service = tmp_path / "service.tif"
    service.write_text(
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:{inside.server_port}/${{x}}</ServerUrl></Service>'
        "<DataWindow><SizeX>9</SizeX><SizeY>9</SizeY></DataWindow><BandsCount>1</BandsCount></GDAL_WMS>"
    )
    address = f"http://127.0.0.1:{inside.server_port}/secret.tif"
    with way_out(monkeypatch) as env:
        said = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", GDAL, str(service), address, f"/vsicurl/{address}"],
            env={**os.environ, **env}, capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
    assert said == ["not read"] * 3
    assert inside.asked == []
