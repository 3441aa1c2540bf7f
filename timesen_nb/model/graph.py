"""The series encoder as an ONNX graph, made from its weights: what ``SeriesEncoder.forward`` computes, in less work.

The result is the same (differences near 1e-7):

- what enters the first layer is linear in the bands of a composite, so its tokens, queries, keys and values are each
  one small product of the bands with a table;
- only the class token leaves the last layer: its one query goes through the key weights instead of every token, and
  attention sums tokens before, not after, the value weights;
- the bias of what a residual adds is in the norm before it, so that the residual goes into the product itself.

Shapes as in :mod:`timesen_nb.model.encoder`; L = 1 + T tokens, the class token first; tokens are rows (N L, W).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from timesen_nb.model.config import RECALL_SCALE, RECALL_SHARE, EncoderConfig
from timesen_nb.model.graph_products import Products, Ranges, float32
from timesen_nb.model.inputs import POSITIONS
from timesen_nb.model.onnx_file import Graph

EPSILON = 1e-5  # torch's, of layer norms
MASKED = -1e9  # added to what attention must not look at

Weights = Mapping[str, np.ndarray]


def shapes(config: EncoderConfig) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every weight of a ``SeriesEncoder`` of this configuration, as in torch."""
    w, f, features = config.width, config.feedforward, len(config.bands) * config.patch**2
    layer = {
        "self_attn.in_proj_weight": (3 * w, w), "self_attn.in_proj_bias": (3 * w,),
        "self_attn.out_proj.weight": (w, w), "self_attn.out_proj.bias": (w,),
        "linear1.weight": (f, w), "linear1.bias": (f,), "linear2.weight": (w, f), "linear2.bias": (w,),
        "norm1.weight": (w,), "norm1.bias": (w,), "norm2.weight": (w,), "norm2.bias": (w,),
    }  # fmt: skip
    return {
        "time_pos_encoding": (1, 12, w),
        **({"year_pos_encoding": (1, 1, w)} if config.annual_position == "own" else {}),
        "class_token": (1, 1, w),
        **({"absent_band": (len(config.bands), w)} if config.absent_bands else {}),
        "spectral_embedding.1.weight": (w, features),
        "spectral_embedding.1.bias": (w,),
        **{f"transformer.layers.{i}.{k}": s for i in range(config.depth) for k, s in layer.items()},
        "mlp_head.0.weight": (w,),
        "mlp_head.0.bias": (w,),
        "mlp_head.1.weight": (config.embedding, w),
        "mlp_head.1.bias": (config.embedding,),
        **({"recall.photos": (config.photos, config.embedding)} if config.photos else {}),
    }


def positions(config: EncoderConfig, weights: Weights) -> np.ndarray:
    """(17, W): what is added to a composite, by month, quarter (lower median of three) or year."""
    months = np.asarray(weights["time_pos_encoding"])[0]
    quarters = np.sort(months.reshape(4, 3, -1), axis=1)[:, 1]
    if config.annual_position == "own":
        year = np.asarray(weights["year_pos_encoding"])[0]
    else:
        year = months[:1] if config.annual_position == "january" else months.mean(axis=0, keepdims=True)
    return np.concatenate([months, quarters, year])


def series_graph(
    config: EncoderConfig,
    weights: Weights,
    ranges: Ranges | None = None,
    *,
    watch: bool = False,
    about: Mapping[str, str] | None = None,
) -> bytes:
    """The graph of an encoder.

    Its inputs are values (N, T, C) reflectance x 10000, NaN = missing; (N, T, C, H * W) where the patch is larger; and
    positions (N, T) int64: 0 to 11 months, 12 to 15 quarters, 16 the year. Its output is vectors (N, D), unit length,
    NaN for a series without any composite to read.

    Args:
        config: of the encoder.
        weights: its weights, named as in torch.
        ranges: for products in int8, what they are to expect; None: float32.
        watch: also put out the tokens that go into each product, for ranges.
        about: the file's metadata.

    Returns:
        The content of an ONNX file.
    """
    graph = Graph()
    product = Products(graph, ranges)
    encoder = _Encoder(config, weights, graph, product)
    out = encoder.vectors()
    channels = [len(config.bands), config.patch**2][: 1 + (config.patch > 1)]
    watched = list(product.inputs) if watch else []
    return graph.model(
        {"values": ("float32", ["N", "T", *channels]), "positions": ("int64", ["N", "T"])},
        {out: ("float32", ["N", config.embedding]), **{name: ("float32", ["M", "K"]) for name in watched}},
        about,
    )


class _Encoder:
    """Writes the encoder into a graph, from the bands to the vectors."""

    def __init__(self, config: EncoderConfig, weights: Weights, graph: Graph, product: Products) -> None:
        self.config, self.graph, self.product = config, graph, product
        self.weights = {k: np.asarray(v, dtype=np.float64) for k, v in weights.items()}
        self.head = config.width // config.heads  # numbers of one head
        self.length = graph("Add", graph("Shape", "positions", start=1, end=2), _ints(1))  # L
        self.missing = self.mask = ""  # (N, T) float, 1 = missing; (N, L) added to the scores

    def layer(self, i: int, name: str) -> np.ndarray:
        """A weight of layer i."""
        return self.weights[f"transformer.layers.{i}.{name}"]

    def carried(self, i: int) -> np.ndarray:
        """(W,): what tokens before layer i hold beyond themselves, the bias that its attention would add to them."""
        if i == self.config.depth - 1:
            return np.zeros(self.config.width)
        return self.layer(i, "self_attn.out_proj.bias")

    def shaped(self, x: str, *sizes: int) -> str:
        """Rows (N L, ...) as (N, L, *sizes)."""
        shape = self.graph("Concat", _ints(-1), self.length, _ints(*sizes), axis=0)
        return str(self.graph("Reshape", x, shape))

    def norm(self, x: str, name: str, extra: np.ndarray | float = 0.0) -> str:
        """LayerNorm, plus ``extra`` (W,)."""
        scale, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"] + extra
        return str(
            self.graph("LayerNormalization", x, float32(scale), float32(bias), axis=-1, epsilon=EPSILON)
        )

    def vectors(self) -> str:
        """The name of the output."""
        graph, last = self.graph, self.config.depth - 1
        x, queries = self.entry()
        for i in range(last):
            x = self.block(i, x, queries if i == 0 else [])
        token = self.norm(self.class_token(last, x), "mlp_head.0")
        out = graph(
            "Gemm",
            token,
            float32(self.weights["mlp_head.1.weight"].T),
            float32(self.weights["mlp_head.1.bias"]),
        )
        out = self.unit(out)
        if self.config.photos:
            photos = self.weights["recall.photos"]
            shares = graph("Softmax", graph("MatMul", out, float32(RECALL_SCALE * photos.T)), axis=-1)
            out = self.unit(graph("Add", out, graph("MatMul", shares, float32(RECALL_SHARE * photos))))
        empty = graph("Cast", graph("ReduceMin", self.missing, _ints(1), keepdims=1), to=9)
        return graph.rename(graph("Where", empty, np.float32(np.nan), out), "vectors")

    def unit(self, x: str) -> str:
        """Rows of unit length."""
        length = self.graph("ReduceL2", x, _ints(1), keepdims=1)
        return str(self.graph("Div", x, self.graph("Max", length, 1e-12)))

    def entry(self) -> tuple[str, list[str]]:
        """Tokens (N L, W) before the first layer, and its queries, keys and values where a table gives them."""
        graph, config = self.graph, self.config
        features, rows = self.features()
        table = np.concatenate(rows)
        x = table.copy()
        x[-POSITIONS - 1 :] += self.carried(0)
        tokens = graph("MatMul", features, float32(x))
        # with more features than numbers in a token it is less work to go through the tokens
        if config.depth == 1 or len(table) >= config.width:
            return tokens, []
        weight, bias = self.queries_keys_values(0)
        folded = table @ weight
        # every token has exactly one of these features
        folded[-POSITIONS - 1 :] += bias
        return tokens, [graph("MatMul", features, float32(part)) for part in np.split(folded, 3, axis=1)]

    def features(self) -> tuple[str, list[np.ndarray]]:
        """What tokens are made of: normalised bands, which are absent where that was learned, and the position.

        Returns:
            The name of the features (N L, F), and the rows of the table (F, W) that makes tokens of them.
        """
        graph, c, weights = self.graph, self.config, self.weights
        larger = c.patch > 1
        statistics = (len(c.bands), 1) if larger else (len(c.bands),)
        offset, scale = (float32(s).reshape(statistics) for s in (c.offset, c.scale))
        absent = graph("Cast", graph("IsNaN", "values"), to=1)
        if larger:
            absent = graph("ReduceMax", absent, _ints(3), keepdims=1)
        x = graph("Clip", graph("Div", graph("Sub", "values", offset), scale), 0.0, 1.0)
        x = graph("Where", graph("Cast", absent, to=9), 0.0, x)
        if larger:
            x = graph("Reshape", x, _ints(0, 0, -1))
            absent = graph("Squeeze", absent, _ints(3))
        # one row of the identity a position; ONNX Runtime refuses numbers beyond its end, and so do we below 0
        place = graph("Where", graph("Less", "positions", np.int64(0)), np.int64(POSITIONS), "positions")
        place = graph("Gather", np.eye(POSITIONS, POSITIONS + 1, dtype=np.float32), place)
        parts, rows = [x], [weights["spectral_embedding.1.weight"].T]
        if c.absent_bands:
            parts.append(absent)
            rows.append(weights["absent_band"])
        rows += [positions(c, weights) + weights["spectral_embedding.1.bias"], weights["class_token"][0]]
        size = sum(map(len, rows))
        first = np.eye(1, size, size - 1, dtype=np.float32)[None]
        many = graph("Concat", graph("Shape", "positions", start=0, end=1), _ints(1, 1), axis=0)
        tokens = graph("Concat", graph("Expand", first, many), graph("Concat", *parts, place, axis=2), axis=1)
        reduce = "ReduceMin" if c.absent_bands else "ReduceMax"
        self.missing = graph(reduce, absent, _ints(2), keepdims=0)
        self.mask = graph("Pad", graph("Mul", self.missing, MASKED), _ints(0, 1, 0, 0))
        return graph("Reshape", tokens, _ints(-1, size)), rows

    def queries_keys_values(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Weights (W, 3 W) and bias (3 W,) of layer i; queries are divided by the root of their size already."""
        scale = np.repeat([self.head**-0.5, 1.0, 1.0], self.config.width)
        return self.layer(i, "self_attn.in_proj_weight").T * scale, self.layer(
            i, "self_attn.in_proj_bias"
        ) * scale

    def block(self, i: int, x: str, queries: list[str]) -> str:
        """One layer: tokens (N L, W) that carry :meth:`carried` of this layer -> those of the next."""
        graph, product = self.graph, self.product
        if not queries:
            weight, bias = self.queries_keys_values(i)
            bias = bias - self.carried(i) @ weight
            # one product each: taking one apart costs more than it saves
            parts = zip(np.split(weight, 3, axis=1), np.split(bias, 3), strict=True)
            queries = [product(x, *part) for part in parts]
        summed = self.attention(*queries)
        x = product(summed, self.layer(i, "self_attn.out_proj.weight").T, x)
        extra = self.layer(i, "linear2.bias")
        x = self.norm(x, f"transformer.layers.{i}.norm1", extra)
        widen, narrow = self.layer(i, "linear1.weight").T, self.layer(i, "linear2.weight").T
        hidden = graph("Relu", product(x, widen, self.layer(i, "linear1.bias") - extra @ widen))
        return self.norm(product(hidden, narrow, x), f"transformer.layers.{i}.norm2", self.carried(i + 1))

    def attention(self, q: str, k: str, v: str) -> str:
        """Queries, keys and values (N L, W) -> (N L, W)."""
        graph = self.graph
        sizes = self.config.heads, self.head
        q, v = (graph("Transpose", self.shaped(t, *sizes), perm=(0, 2, 1, 3)) for t in (q, v))
        k = graph("Transpose", self.shaped(k, *sizes), perm=(0, 2, 3, 1))
        scores = graph("Add", graph("MatMul", q, k), graph("Unsqueeze", self.mask, _ints(1, 2)))
        summed = graph("MatMul", graph("Softmax", scores, axis=-1), v)  # (N, heads, L, d)
        return str(
            graph("Reshape", graph("Transpose", summed, perm=(0, 2, 1, 3)), _ints(-1, self.config.width))
        )

    def class_token(self, i: int, x: str) -> str:
        """The class token after the last layer.

        With one query q a head, q . (K x) = (K^T q) . x and sum a (V x) = V (sum a x): tokens are never multiplied by K
        and V. The bias of the keys adds the same to every token and drops out of the softmax.

        Args:
            i: number of the last layer.
            x: name of the tokens (N L, W) before it.

        Returns:
            The name of the class token (N, W).
        """
        graph, c, (heads, size) = self.graph, self.config, (self.config.heads, self.head)
        weight, bias = self.queries_keys_values(i)
        to_q, to_k, to_v = np.split(weight, 3, axis=1)
        tokens = self.shaped(x, c.width)
        token = graph("Gather", tokens, np.int64(0), axis=1)
        q = graph(
            "Reshape", graph("Gemm", token, float32(to_q), float32(bias[: c.width])), _ints(-1, heads, size)
        )
        keys = to_k.T.reshape(heads, size, c.width)
        q = graph("MatMul", graph("Transpose", q, perm=(1, 0, 2)), float32(keys))  # (heads, N, W)
        scores = graph(
            "MatMul", graph("Transpose", q, perm=(1, 0, 2)), graph("Transpose", tokens, perm=(0, 2, 1))
        )
        scores = graph("Add", scores, graph("Unsqueeze", self.mask, _ints(1)))  # (N, heads, L)
        seen = graph("MatMul", graph("Softmax", scores, axis=-1), tokens)  # (N, heads, W)
        values = to_v.T.reshape(heads, size, c.width).transpose(0, 2, 1)
        v = graph("MatMul", graph("Transpose", seen, perm=(1, 0, 2)), float32(values))  # (heads, N, d)
        v = graph("Reshape", graph("Transpose", v, perm=(1, 0, 2)), _ints(-1, c.width))
        join = self.layer(i, "self_attn.out_proj.weight").T
        # the bias of the values passes attention, whose shares sum to 1
        bias = bias[2 * c.width :] @ join + self.layer(i, "self_attn.out_proj.bias")
        x = self.norm(
            graph("Add", graph("Gemm", v, float32(join), float32(bias)), token),
            f"transformer.layers.{i}.norm1",
        )
        widen, narrow = (self.layer(i, f"linear{n}.weight").T for n in (1, 2))
        hidden = graph("Relu", graph("Gemm", x, float32(widen), float32(self.layer(i, "linear1.bias"))))
        out = graph("Gemm", hidden, float32(narrow), float32(self.layer(i, "linear2.bias")))
        return self.norm(graph("Add", out, x), f"transformer.layers.{i}.norm2")


def _ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)
