"""Products of tokens with weights in an ONNX graph, in float32 or in int8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from timesen_nb.model.onnx_file import MICROSOFT, Graph

#: Lowest and highest number that each product's tokens are expected to hold, in the order of the graph.
Ranges = Sequence[tuple[float, float]]


class Products:
    """Products of tokens with weights, in float32, or in int8 where ranges are given.

    int8: a scale a tensor of tokens, fixed beforehand so that no series sees what is encoded beside it; a scale an
    output of the weights; sums in int32.
    """

    def __init__(self, graph: Graph, ranges: Ranges | None) -> None:
        self.graph, self.ranges = graph, ranges
        self.inputs: dict[str, Any] = {}  # tokens -> the same in bytes, their step and the byte that means 0

    def __call__(self, x: str, weight: np.ndarray, add: np.ndarray | str) -> str:
        """x (M, in) by weight (in, out), plus a bias (out,) or a tensor (M, out)."""
        graph = self.graph
        if self.ranges is None:
            self.inputs[x] = None
            return str(graph("Gemm", x, float32(weight), add if isinstance(add, str) else float32(add)))
        if x not in self.inputs:
            low, high = self.ranges[len(self.inputs)]
            step = np.float32(max(high - low, 1e-12) / 255)
            zero = np.uint8(np.clip(round(-low / step), 0, 255))
            self.inputs[x] = graph("QuantizeLinear", x, step, zero), step, zero
        tokens, step, zero = self.inputs[x]
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-12) / 127
        narrow = np.round(weight / scale).astype(np.int8)
        zeros = np.zeros(len(scale), np.int8)
        bias = [] if isinstance(add, str) else [float32(add)]
        out = graph(
            "MatMulIntegerToFloat", tokens, narrow, step, float32(scale), zero, zeros, *bias, domain=MICROSOFT
        )
        return str(graph("Add", out, add) if isinstance(add, str) else out)


def float32(array: np.ndarray | Sequence[float]) -> np.ndarray:
    """As weights are written."""
    return np.asarray(array, dtype=np.float32)
