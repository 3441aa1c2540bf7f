"""A small STAC API on 127.0.0.1 over the items and files of a folder, in a program of its own.

Of its own because rasterio holds Python's lock during some reads: a server in the same program could not answer.
"""

import json
import subprocess
import sys
import threading
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
    def files(self) -> list[str]:
        """Names of the files that were read, once for each request."""
        return self._ask()["files"]

    def set(self, **how: Any) -> None:
        """answers: status codes of the next searches, then 200. wait, files_wait: seconds before each search and
        file. page: items.
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
            w, s, e, n = item["bbox"]
            inside = w <= east and e >= west and s <= north and n >= south
            if inside and first <= item["properties"]["datetime"] <= last:
                for asset in item["assets"].values():
                    asset["href"] = f"{self.address}/{asset['href'].removeprefix('./')}"
                found.append(item)
        start = int(asked.get("start", 0))
        page: dict[str, Any] = {"type": "FeatureCollection", "links": []}
        page["features"] = found[start : start + self.page]
        if start + self.page < len(found):
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
        if self.path == "/":
            return self.say(state.landing())
        if self.path == "/control":
            return self.say({"searches": state.searches, "files": state.files})
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
        state.never.wait(state.wait)
        status = state.answers.pop(0) if state.answers else 200
        if status != 200:
            return self.say({"code": "Busy", "description": "try later"}, status)
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
