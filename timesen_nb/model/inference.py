"""Vectors by ONNX Runtime, on a processor and without torch: float32, or int8 where that is asked for.

Series with equally many composites are encoded together, so that missing ones are left out and not masked; every core
takes batches of its own, small enough for its cache, and never waits for another within a product.

In int8 every product has scales of its own, fixed by the weights alone: they are found on series that are drawn here,
so that a place has the same vector whatever is encoded beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

import numpy as np
import onnxruntime

from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.graph import series_graph
from timesen_nb.model.graph_products import Ranges
from timesen_nb.model.inputs import QUARTERS, YEAR, readable
from timesen_nb.model.onnx_file import MICROSOFT, Graph

#: Series a core takes at once: their tokens stay in its cache (measured: 32 and 128 are a little slower).
BATCH = 64
#: int8 is for encoders from this width on. The bundled one (128) would gain a quarter by it, and lose the sameness of
#: maps and clicks: one place in a hundred changes its most probable of 40 crops.
INT8_WIDTH = 256
#: The least cosine between int8 and float32 vectors of the series drawn for it; below it there is no int8.
AGREEMENT = 0.999
#: Series drawn for the scales of int8, by their number of composites.
DRAWN = {12: 96, 5: 96, 4: 64, 1: 64}

#: values (n, k, C[, H * W]), positions (n, k) -> vectors (n, D).
Run = Callable[[np.ndarray, np.ndarray], np.ndarray]

_cores: ContextVar[int | None] = ContextVar("cores", default=None)


class GraphSession:
    """A graph, ready to run on the core that asks.

    Args:
        graph: an ONNX file, or its content.
    """

    def __init__(self, graph: bytes | str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(graph, options, ["CPUExecutionProvider"])

    def all(self, **inputs: np.ndarray) -> list[np.ndarray]:
        """Every output."""
        out: list[np.ndarray] = self.session.run(None, inputs)
        return out

    def __call__(self, values: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """The vectors of a graph of series."""
        return self.all(values=values, positions=positions)[0]


class Inference:
    """An encoder that is ready to run. Sessions are made when they are first needed.

    Args:
        config: of the encoder.
        weights: its weights, named as in torch.
    """

    def __init__(self, config: EncoderConfig, weights: Mapping[str, np.ndarray]) -> None:
        self.config, self.weights = config, weights
        self._lock = Lock()
        self._sessions: dict[bool, GraphSession] = {}

    def session(self, exact: bool) -> GraphSession:
        """The session in float32, or in int8; that in float32 where int8 loses too much or the processor cannot."""
        with self._lock:
            if True not in self._sessions:
                self._sessions[True] = GraphSession(series_graph(self.config, self.weights))
            if exact not in self._sessions:
                self._sessions[False] = self._narrow(self._sessions[True])
            return self._sessions[exact]

    def _narrow(self, plain: GraphSession) -> GraphSession:
        if self.config.width < INT8_WIDTH or not sums_bytes():
            return plain
        drawn = draw_series(self.config)
        graph = series_graph(self.config, self.weights, token_ranges(self, drawn))
        narrow = GraphSession(graph)
        cosines = [(plain(*some) * narrow(*some)).sum(axis=1).min() for some in drawn]
        return narrow if min(cosines) >= AGREEMENT else plain

    def __call__(self, values: np.ndarray, positions: np.ndarray, exact: bool = True) -> np.ndarray:
        """(N, T, C, H, W) float32 and positions (T,) -> unit vectors (N, D), NaN for an empty series."""
        run = self.session(exact)
        return encode(run, values, positions, self.config)


def encode(run: Run, values: np.ndarray, positions: np.ndarray, config: EncoderConfig) -> np.ndarray:
    """Vectors by a graph, on every core.

    Args:
        run: the graph.
        values: (N, T, C, H, W) float32 reflectance x 10000, NaN = missing.
        positions: (T,) int64, as the graph takes them.
        config: of the encoder.

    Returns:
        (N, D) float32, unit length; NaN for a series without any composite to read.
    """
    valid = readable(values, config)  # (N, T)
    flat = values[..., 0, 0] if config.patch == 1 else values.reshape(*values.shape[:3], -1)
    out = np.full((len(values), config.embedding), np.nan, dtype=np.float32)

    def work(rows: np.ndarray) -> None:
        # rows: (n,), all with the same number k of composites
        there = np.nonzero(valid[rows])[1].reshape(len(rows), -1)  # (n, k)
        # a single row would go through other products than two do, which round otherwise
        twice = np.repeat(rows, 2) if len(rows) == 1 else rows
        there = np.broadcast_to(there, (len(twice), there.shape[1]))
        out[rows] = run(flat[twice[:, None], there], positions[there])[: len(rows)]

    on_every_core(work, list(equally_many(valid, BATCH)))
    return out


def equally_many(valid: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """valid (N, T) -> batches of so many rows at most, with equally many valid composites each; not those without."""
    counts = valid.sum(axis=1)
    for k in range(1, valid.shape[1] + 1):
        rows = np.flatnonzero(counts == k)
        yield from (rows[start : start + size] for start in range(0, len(rows), size))


def on_every_core(work: Callable[[np.ndarray], None], batches: list[np.ndarray]) -> None:
    """Do ``work`` on every batch; each core takes the next one."""
    cores = 1 if len(batches) < 2 else cores_allowed() or count_cores()
    if cores == 1:
        for batch in batches:
            work(batch)
        return
    with ThreadPoolExecutor(min(cores, len(batches))) as pool:
        list(pool.map(work, batches))


def cores_allowed() -> int | None:
    """Cores that this thread was told to stay within; None: all there are."""
    return _cores.get()


def count_cores() -> int:
    """Cores that this process may use, by its affinity and its container's quota."""
    from joblib import cpu_count

    return int(cpu_count())


@contextmanager
def on_one_core() -> Iterator[None]:
    """Encode on the core of this thread alone, for those who keep the others busy themselves."""
    token = _cores.set(1)
    try:
        yield
    finally:
        _cores.reset(token)


def sums_bytes() -> bool:
    """Whether this processor sums products of bytes without loss: older ones (AVX2 without VNNI) cut pairs off."""
    graph = Graph()
    x = graph.constant(np.full((4, 64), 255, np.uint8))
    weight = np.full((64, 16), 127, np.int8)
    out = graph("MatMulIntegerToFloat", x, weight, 1.0, 1.0, domain=MICROSOFT)
    graph.rename(out, "sums")
    [sums] = GraphSession(graph.model({}, {"sums": ("float32", [4, 16])})).all()
    return bool((sums == 64 * 255 * 127).all())


def draw_series(config: EncoderConfig) -> list[tuple[np.ndarray, np.ndarray]]:
    """Series for the scales of int8, the same every time: years with seasons, and noise.

    They fill the range that an encoder's statistics span, and miss bands where it has learned to do without.

    Args:
        config: of the encoder.

    Returns:
        For each number of composites values and positions, as a graph takes them.
    """
    rng = np.random.default_rng(0)
    channels, pixels = len(config.bands), config.patch**2
    out = []
    for t, n in DRAWN.items():
        wide = {12: np.arange(12), 4: np.arange(QUARTERS, YEAR), 1: np.array([YEAR])}
        positions = np.stack([wide.get(t, rng.permutation(12)[:t]) for _ in range(n)])
        level, season, phase = rng.uniform(0, 1, (3, n, 1, channels))
        month = positions[..., None] if t not in (4, 1) else np.arange(t)[:, None] * 3.0
        x = level + 0.5 * season * np.cos(2 * np.pi * (month / 12 - phase))
        x += rng.normal(0, 0.05, x.shape)
        x[:: n // 8] = rng.uniform(0, 1, x[:: n // 8].shape)  # some are noise alone
        x = np.clip(x, 0, 1)[..., None] + rng.normal(0, 0.02, (*x.shape, pixels))
        if config.absent_bands:
            x[rng.random(x.shape[:3]) < 0.1 * rng.random((n, 1, 1))] = np.nan
            x[:, :, 0][np.isnan(x).all(axis=(2, 3))] = 0.0  # a composite has some band
        values = np.array(config.offset)[:, None] + x * np.array(config.scale)[:, None]
        values = values[..., 0] if config.patch == 1 else values
        out.append((values.astype(np.float32), positions.astype(np.int64)))
    return out


def token_ranges(encoder: Inference, drawn: list[tuple[np.ndarray, np.ndarray]]) -> Ranges:
    """Lowest and highest number (with 0 between them) of the tokens that go into each product."""
    watching = GraphSession(series_graph(encoder.config, encoder.weights, watch=True))
    seen = [watching.all(values=values, positions=positions)[1:] for values, positions in drawn]
    return [
        (min(0.0, *(float(x.min()) for x in each)), max(0.0, *(float(x.max()) for x in each)))
        for each in zip(*seen, strict=True)
    ]
