"""A Nominatim of three places on 127.0.0.1: what the real client asks, and answers in the form of the real service."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PLACES = {
    "vilvoorde": ("Vilvoorde, Flanders, Belgium", 4.43, 50.93, (4.39, 50.91, 4.46, 50.96)),
    "fiji": ("Fiji", 179.01, -18.12, (-180.0, -21.94, 180.0, -12.26)),
    "taveuni": ("Taveuni, Fiji", 179.97, -16.85, (179.8, -17.1, -179.8, -16.6)),
    "the middle": ("The Middle <b>of the map</b>", 9.0, 50.0, (9.0, 50.0, 9.0, 50.0)),
}


class Gazetteer:
    """address: of the server. asked: the names so far. keys: what they came with. status: of answers, if not 200.

    body: what is answered, None for the places.
    """

    def __init__(self) -> None:
        self.address, self.asked, self.agents, self.keys, self.status = "", [], [], [], 200
        self.body: str | None = None


@contextmanager
def served() -> Iterator[Gazetteer]:
    """The server, until the block ends."""
    state = Gazetteer()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            assert url.path == "/search", url.path
            name = parse_qs(url.query)["q"][0]
            state.asked.append(name)
            state.agents.append(self.headers["User-Agent"])
            state.keys.append(self.headers["Authorization"])
            found = PLACES.get(name.lower())
            body = [self._place(*found)] if found else []
            self.send_response(state.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write((json.dumps(body) if state.body is None else state.body).encode())

        @staticmethod
        def _place(name: str, lon: float, lat: float, bounds: tuple[float, ...]) -> dict:
            west, south, east, north = bounds
            box = [f"{edge:.7f}" for edge in (south, north, west, east)]
            return {"display_name": name, "lon": f"{lon}", "lat": f"{lat}", "boundingbox": box}

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    state.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
