"""A small STAC API on 127.0.0.1 over the items and files of a folder, in a program of its own.

Of its own because rasterio holds Python's lock during some reads: a server in the same program could not answer.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Api:
    """What a test sees of the server: its address, what it was asked, and how it is to answer."""

    def __init__(self, address: str) -> None:
        self.address = address

    @property
    def searches(self) -> list[dict]:
        """Bodies of the searches so far."""
        return self._ask()["searches"]

    @property
    def times(self) -> list[float]:
        """When each search arrived, seconds."""
        return self._ask()["times"]

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Query and Authorization of each request but those for files."""
        return [tuple(key) for key in self._ask()["keys"]]

    @property
    def files(self) -> list[str]:
        """Names of the files that were read, once for each request."""
        return self._ask()["files"]

    def set(self, **how: Any) -> None:
        """How it is to answer from now on.

        answers: status codes of the next searches, then 200. retry_after: what it says with an error. wait, files_wait:
        seconds before each search and file. page: items. endless: there is always another page. failing: a status, or
        seconds to wait, for searches of a collection.
        """
        self._ask(json.dumps(how).encode())

    def _ask(self, body: bytes | None = None) -> dict:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{self.address}/control", body, timeout=20
        ) as answer:
            return json.load(answer)


@contextmanager
def served(folder: Path) -> Iterator[Api]:
    """The server, until the block ends."""
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield Api(server.stdout.readline().strip())
        finally:
            server.terminate()


class State:
    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, ""
        self.searches: list[dict] = []
        self.files: list[str] = []
        self.answers: list[int] = []
        self.times: list[float] = []
        self.keys: list[tuple[str, str]] = []
        self.failing: dict[str, float] = {}
        self.retry_after: str | None = None
        self.endless = False
        self.wait, self.files_wait, self.page = 0.0, 0.0, 1000
        self.never = threading.Event()

    def search(self, asked: dict) -> dict:
        west, south, east, north = asked["bbox"]
        first, last = asked["datetime"].split("/")
        found = []
        for file in sorted(self.folder.glob("*.json")):
            item = json.loads(file.read_text())
            if item["type"] != "Feature":
                continue
            box = item.get("bbox") or [-180, -90, 180, 90]
            w, s, e, n = (*box[:2], *box[-3:-1]) if len(box) == 6 else box
            if item["collection"] not in asked.get("collections", [item["collection"]]):
                continue
            inside = w <= east and e >= west and s <= north and n >= south
            if inside and first <= (item["properties"].get("datetime") or first) <= last:
                for asset in filter(lambda a: isinstance(a, dict), item["assets"].values()):
                    asset["href"] = f"{self.address}/{asset['href'].removeprefix('./')}"
                found.append(item)
        start = int(asked.get("start", 0))
        page: dict[str, Any] = {"type": "FeatureCollection", "links": []}
        page["features"] = found[start : start + self.page]
        if self.endless:
            page["features"], start = found[:1], 0
        if start + self.page < len(found) or self.endless:
            body = {**asked, "start": start + self.page}
            page["links"].append(
                {"rel": "next", "href": f"{self.address}/search", "method": "POST", "body": body}
            )
        return page

    def landing(self) -> dict:
        search = {"rel": "search", "href": f"{self.address}/search", "type": "application/geo+json"}
        return {
            "type": "Catalog",
            "stac_version": "1.0.0",
            "id": "small-api",
            "description": "simulated scenes",
            "conformsTo": [
                "https://api.stacspec.org/v1.0.0/core",
                "https://api.stacspec.org/v1.0.0/item-search",
            ],
            "links": [
                {"rel": "self", "href": self.address, "type": "application/json"},
                {"rel": "root", "href": self.address, "type": "application/json"},
                {**search, "method": "POST"},
            ],
        }


class Handler(BaseHTTPRequestHandler):
    state: State
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def reply(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def say(self, answer: dict, status: int = 200) -> None:
        self.reply(json.dumps(answer).encode(), status, Content_Type="application/json")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        state = self.state
        path, _, query = self.path.partition("?")
        if path == "/":
            state.keys.append((query, self.headers.get("Authorization", "")))
            return self.say(state.landing())
        if self.path == "/control":
            seen = {
                "searches": state.searches,
                "files": state.files,
                "times": state.times,
                "keys": state.keys,
            }
            return self.say(seen)
        file = state.folder / self.path.partition("?")[0].strip("/")
        if not file.is_file():
            return self.reply(b"not there", 404)
        state.files.append(file.name)
        state.never.wait(state.files_wait)
        content = file.read_bytes()
        asked = self.headers.get("Range")
        if asked is None:
            return self.reply(content, Accept_Ranges="bytes")
        first, last = asked.removeprefix("bytes=").split("-")
        if int(first) >= len(content):
            return self.reply(b"", 416, Content_Range=f"bytes */{len(content)}")
        part = content[int(first) : int(last or len(content)) + 1]
        where = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
        return self.reply(part, 206, Content_Range=where)

    def do_POST(self) -> None:
        state = self.state
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/control":
            for name, value in asked.items():
                setattr(state, name, value)
            return self.say({})
        state.searches.append(asked)
        state.times.append(time.monotonic())
        state.keys.append((self.path.partition("?")[2], self.headers.get("Authorization", "")))
        state.never.wait(state.wait)
        fails = [state.failing[c] for c in asked.get("collections", []) if c in state.failing]
        if fails and fails[0] < 100:
            state.never.wait(fails[0])
        status = state.answers.pop(0) if state.answers else 200
        if fails and fails[0] >= 100:
            status = int(fails[0])
        if status != 200:
            headers = {"Retry_After": state.retry_after} if state.retry_after else {}
            return self.reply(b'{"code": "Busy", "description": "try later"}', status, **headers)
        return self.say(state.search(asked))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *args: object) -> None:
        """A client that has gone away is no fault of the test."""


if __name__ == "__main__":
    Handler.state = State(Path(sys.argv[1]))
    with Server(("127.0.0.1", 0), Handler) as server:
        Handler.state.address = f"http://127.0.0.1:{server.server_address[1]}"
        print(Handler.state.address, flush=True)
        server.serve_forever()
