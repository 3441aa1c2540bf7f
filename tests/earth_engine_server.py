"""An Earth Engine on 127.0.0.1 for tests: the real client talks to it, and it computes what it is asked.

    with EarthEngineServer(scenes_of(cube)) as server:
        server.initialize()
        source = tn.open_source("earthengine", cache=False)
        source.pixel(*cube.place(3, 4))
        assert server.count == 1

It serves the discovery document and the list of functions that the client's wheel carries for its own tests, evaluates
expressions over images in memory (tests/earth_engine_algorithms.py), counts, and can refuse, wait or never answer.
"""

import gc
import io
import json
import threading
from collections import Counter, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from earth_engine_algorithms import Algorithms, Habits, Refused
from earth_engine_images import Feature, Grid, Image

MOST_BYTES = 50_331_648

# Newer than the list in the wheel; after developers.google.com/earth-engine/apidocs/ee-image-linkcollection.
_LINK = {
    "name": "algorithms/Image.linkCollection",
    "description": "Links the source image to a matching image from an image collection.",
    "returnType": "Image",
    "arguments": [
        {"argumentName": "input", "type": "Image"},
        {"argumentName": "imageCollection", "type": "ImageCollection"},
        {"argumentName": "linkedBands", "type": "Object", "optional": True, "defaultValue": None},
        {"argumentName": "linkedProperties", "type": "Object", "optional": True, "defaultValue": None},
        {
            "argumentName": "matchPropertyName",
            "type": "String",
            "optional": True,
            "defaultValue": "system:index",
        },
    ],
}


class EarthEngineServer:
    """See the module's words. seen: how many requests of each kind came in; headers: those of the last one.

    operations: how often each of Earth Engine's functions was called: what a project pays for by computation.
    """

    def __init__(self, catalog: dict[str, list[Image]], habits: Habits | None = None) -> None:
        self.algorithms = Algorithms(catalog, habits or Habits())
        self.operations: Counter[str] = Counter()
        for name, function in self.algorithms.table.items():
            self.algorithms.table[name] = self._counted(name, function)
        self.seen: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.exports: dict[str, dict[str, Any]] = {}
        self.requests: list[dict[str, Any]] = []
        self._faults: deque[tuple[str, int, str, dict[str, str], str]] = deque()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self.delay = 0.0

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(**given: Any) -> Any:
            self.operations[name] += 1
            return function(**given)

        return call

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def count(self) -> int:
        """Requests for data: what a project's quota pays for."""
        return self.seen["compute"] + self.seen["pixels"] + self.seen["export"]

    def refuse(
        self, status: int, message: str = "no", times: int = 1, at: str = "", reason: str = "", **headers: str
    ) -> None:
        """Answer the next ``times`` requests (of the kind ``at``) so; status 0 never answers, -1 hangs up."""
        self._faults.extend([(at, status, message, headers, reason)] * times)

    def forgive(self) -> None:
        """Refuse nothing any more."""
        self._faults.clear()

    def initialize(self, project: str = "test-project") -> None:
        """The client's own session, without an account."""
        import ee
        from google.auth.credentials import AnonymousCredentials

        ee.Initialize(AnonymousCredentials(), url=self.url, project=project)

    def __enter__(self) -> "EarthEngineServer":
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.handle(self, None)

            def do_POST(self) -> None:
                server.handle(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, *words: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        import ee

        self._closing.set()
        if ee.data.is_initialized():
            session = ee.data._get_state().requests_session
            if session is not None:
                session.close()
        ee.Reset()
        self.stop()

    def stop(self) -> None:
        """Be gone: connections are refused from now on."""
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def handle(self, request: BaseHTTPRequestHandler, body: bytes | None) -> None:
        path = request.path.split("?")[0]
        kind = _kind(path)
        if self._closing.is_set():
            request.close_connection = True
            return
        with self._lock:
            self.seen[kind] += 1
            self.headers = dict(request.headers)
            fault = self._faults[0] if self._faults and self._faults[0][0] in ("", kind) else None
            if fault:
                self._faults.popleft()
        if self.delay:
            self._closing.wait(self.delay)
        if fault:
            _, status, message, headers, reason = fault
            if status == 0:
                self._closing.wait()
            if status <= 0:
                request.close_connection = True
                return
            return _send(
                request,
                status,
                _error(status, message, reason),
                {k.replace("_", "-"): v for k, v in headers.items()},
            )
        try:
            if kind == "token":
                answer: Any = {
                    "access_token": "ya29.of-a-service-account",
                    "expires_in": 3600,
                    "token_type": "Bearer",
                }
            else:
                given = json.loads(body) if body else {}
                self.requests.append(given)
                answer = getattr(self, f"_{kind}")(path, given)
            _send(request, 200, answer)
        except Refused as problem:
            _send(request, 400, _error(400, str(problem)))
        except Exception as problem:  # noqa: BLE001 - a fault of this server: the client fails with its words
            _send(
                request,
                400,
                _error(400, f"the server of the tests failed: {type(problem).__name__}: {problem}"),
            )

    def _discovery(self, path: str, given: Any) -> bytes:
        return _of_the_wheel("cloud_api_discovery_document.json")

    def _algorithms(self, path: str, given: Any) -> Any:
        known = json.loads(_of_the_wheel("algorithms.json"))
        return {"algorithms": [*known["algorithms"], _LINK]}

    def _compute(self, path: str, given: Any) -> Any:
        return {"result": _plain(self.evaluate(given["expression"]))}

    def _pixels(self, path: str, given: Any) -> bytes:
        """NPY: a field a band; a masked pixel is 0, as there."""
        assert given["fileFormat"] == "NPY"
        image = self.evaluate(given["expression"])
        size, t = given["grid"]["dimensions"], given["grid"]["affineTransform"]
        needed = size["width"] * size["height"] * len(image.names) * (4 + 1)
        if needed > MOST_BYTES:
            raise Refused(
                f"Total request size ({needed} bytes) must be less than or equal to {MOST_BYTES} bytes."
            )
        keys = ("scaleX", "shearX", "translateX", "shearY", "scaleY", "translateY")
        grid = Grid(given["grid"]["crsCode"], tuple(float(t[k]) for k in keys), size["width"], size["height"])
        values, masks = image(grid)
        out = np.zeros((grid.height, grid.width), [(name, "<f4") for name in image.names])
        for name, band, mask in zip(image.names, values, masks, strict=True):
            out[name] = np.where(mask, band, 0)
        stream = io.BytesIO()
        np.save(stream, out)
        return stream.getvalue()

    def _export(self, path: str, given: Any) -> Any:
        """Starts a job, once for a request's number; it ends after being asked for twice."""
        name = f"projects/test-project/operations/{given['requestId']}"
        if name not in self.exports:
            rows = [_plain(f)["properties"] for f in self.evaluate(given["expression"])]
            self.exports[name] = {
                "rows": rows,
                "given": given,
                "asked": 0,
                "ends": "SUCCEEDED",
                "error": None,
            }
        return self._operation(f"/v1/{name}", None)

    def _operation(self, path: str, given: Any) -> Any:
        name = path.split("/", 2)[2].removesuffix(":cancel")
        job = self.exports[name]
        if path.endswith(":cancel"):
            job["ends"], job["asked"] = "CANCELLED", 9
            return {}
        state = ["PENDING", "RUNNING", "RUNNING", job["ends"]][min(job["asked"], 3)]
        about = {"state": state, "progress": min(job["asked"], 3) / 3}
        if state == "SUCCEEDED":
            about["destinationUris"] = ["https://drive.google.com/#folders/0"]
        job["asked"] += 1
        failed = {"error": {"code": 3, "message": job["error"]}} if state == "FAILED" else {}
        return {"name": name, "done": state == job["ends"], "metadata": about, **failed}

    def evaluate(self, expression: dict[str, Any]) -> Any:
        gc.disable()  # a graph makes very many small objects that all stay: looking for garbage takes half the time
        try:
            return _Evaluation(expression["values"], self.algorithms.table)(expression["result"])
        finally:
            gc.enable()


class _Evaluation:
    """An expression graph made into functions of its arguments; each is computed once for the same arguments."""

    def __init__(self, values: dict[str, Any], table: dict[str, Any]) -> None:
        self.values, self.table = values, table
        self.made: dict[str, tuple[Made, frozenset[str]]] = {}

    def __call__(self, result: str) -> Any:
        return self.named(result)[0]({})

    def named(self, name: str) -> "tuple[Made, frozenset[str]]":
        if name not in self.made:
            self.made[name] = self.make(self.values[name])
        return self.made[name]

    def make(self, node: dict[str, Any]) -> "tuple[Made, frozenset[str]]":
        """A function from arguments to the node's value, and the names of the arguments it needs."""
        ((kind, value),) = node.items()
        if kind == "constantValue":
            return (lambda given: value), frozenset()
        if kind == "valueReference":
            return self.named(value)
        if kind == "argumentReference":
            return (lambda given: given[value]), frozenset([value])
        if kind == "functionDefinitionValue":
            return self.function(value["argumentNames"], *self.named(value["body"]))
        if kind == "arrayValue":
            parts = [self.make(v) for v in value["values"]]
            makers = [m for m, _ in parts]
            return _once(lambda given: [m(given) for m in makers], frozenset().union(*(n for _, n in parts)))
        inner = value["values"] if kind == "dictionaryValue" else value.get("arguments", {})
        named = {k: self.make(v) for k, v in inner.items()}
        arguments = [(k, m) for k, (m, _) in named.items()]
        needs = frozenset().union(*(n for _, n in named.values()))
        if kind == "dictionaryValue":
            return _once(lambda given: {k: m(given) for k, m in arguments}, needs)
        if value["functionName"] not in self.table:
            raise Refused(f"this server does not know {value['functionName']}.")
        compute = self.table[value["functionName"]]
        return _once(lambda given: compute(**{k: m(given) for k, m in arguments}), needs)

    def function(
        self, names: list[str], body: "Made", needs: frozenset[str]
    ) -> "tuple[Made, frozenset[str]]":
        free = needs - set(names)

        def define(outer: dict[str, Any]) -> Any:
            return lambda *given: body({**outer, **dict(zip(names, given, strict=True))})

        return _once(define, free)


Made = Callable[[dict[str, Any]], Any]


def _once(compute: Made, needs: frozenset[str]) -> tuple[Made, frozenset[str]]:
    """Remember values by the identity of the arguments they were computed from (which are kept alive for that)."""
    known: dict[Any, tuple[Any, Any]] = {}
    order = tuple(sorted(needs))

    def remembered(given: dict[str, Any]) -> Any:
        arguments = [given[name] for name in order]
        key = tuple(map(id, arguments))
        if key not in known:
            known[key] = compute(given), arguments
        return known[key][0]

    return remembered, needs


def _kind(path: str) -> str:
    for end, kind in (
        ("value:compute", "compute"), ("image:computePixels", "pixels"), ("table:export", "export"),
        ("/algorithms", "algorithms"), ("/$discovery/rest", "discovery"), ("/token", "token"),
    ):  # fmt: skip
        if path.endswith(end):
            return kind
    return "operation" if "/operations/" in path else "unknown"


def _of_the_wheel(name: str) -> bytes:
    import ee

    return (Path(ee.__file__).parent / "tests" / name).read_bytes()


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, Feature):
        return {"type": "Feature", "geometry": None, "properties": _plain(value.properties)}
    if isinstance(value, list) and value and isinstance(value[0], Feature):
        return {"type": "FeatureCollection", "columns": {}, "features": [_plain(v) for v in value]}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _error(status: int, message: str, reason: str = "") -> dict[str, Any]:
    words = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    words |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
    told: dict[str, Any] = {"code": status, "message": message, "status": words.get(status, "UNKNOWN")}
    if reason:
        told["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]
    return {"error": told}


def _send(
    request: BaseHTTPRequestHandler, status: int, answer: Any, headers: dict[str, str] | None = None
) -> None:
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    npy = isinstance(answer, bytes) and answer[:1] == b"\x93"
    try:
        request.send_response(status)
        request.send_header(
            "Content-Type", "application/octet-stream" if npy else "application/json; charset=UTF-8"
        )
        request.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(raw)
    except OSError:
        request.close_connection = True  # whoever asked is gone
