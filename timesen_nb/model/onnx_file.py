"""ONNX files, written: what the package ``onnx`` does with 31 MB, for the few kinds of nodes that models here have.

A model is a protobuf message; the numbers below are those of onnx.proto3 (github.com/onnx/onnx). ONNX Runtime reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

#: Versions of the file format and of the standard operators (the first that has Gelu).
IR_VERSION, OPSET = 9, 20
#: Operators that only ONNX Runtime has.
MICROSOFT = "com.microsoft"
#: Element types by numpy's names.
TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int64": 7, "bool": 9}

#: A tensor of the graph by name, or a constant.
Tensor = str | np.ndarray | np.generic | float


class Graph:
    """A computation, node by node: ``y = graph("MatMul", x, weights)``. Tensors are names; arrays become constants."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._tensors = 0

    def __call__(
        self,
        op: str,
        *inputs: Tensor,
        outputs: int = 1,
        domain: str = "",
        **attributes: Any,
    ) -> Any:
        """Add a node.

        Args:
            op: operator, as the ONNX standard names it.
            inputs: tensors by name, constants as arrays; a float is a float32 constant.
            outputs: how many there are.
            domain: "" for the standard, or :data:`MICROSOFT`.
            attributes: of the node: int, float or a sequence of int.

        Returns:
            The name of its output, or a list of so many.
        """
        names = [self._name() for _ in range(outputs)]
        given = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        self._nodes.append(
            _text(1, *given)
            + _text(2, *names)
            + _text(4, op)
            + b"".join(_field(5, _attribute(name, value)) for name, value in attributes.items())
            + (_text(7, domain) if domain else b"")
        )
        return names[0] if outputs == 1 else names

    def constant(self, value: np.ndarray | np.generic | float) -> str:
        """Add an array, types as they are; returns its name."""
        array = np.asarray(value, dtype=np.float32 if isinstance(value, float) else None, order="C")
        name = self._name()
        self._constants.append(
            _field(1, b"".join(_varint(n) for n in array.shape))
            + _number(2, TYPES[array.dtype.name])
            + _text(8, name)
            + _field(9, array.tobytes())
        )
        return name

    def model(
        self,
        inputs: Mapping[str, tuple[str, Sequence[int | str]]],
        outputs: Mapping[str, tuple[str, Sequence[int | str]]],
        about: Mapping[str, str] | None = None,
    ) -> bytes:
        """The graph as a file.

        Args:
            inputs: name -> (type by numpy's name, shape); a size that varies is a word.
            outputs: the same, of tensors of the graph.
            about: the file's metadata.

        Returns:
            Its content.
        """
        graph = (
            b"".join(_field(1, node) for node in self._nodes)
            + _text(2, "timesen_nb")
            + b"".join(_field(5, constant) for constant in self._constants)
            + b"".join(_field(11, _value(name, *what)) for name, what in inputs.items())
            + b"".join(_field(12, _value(name, *what)) for name, what in outputs.items())
        )
        return (
            _number(1, IR_VERSION)
            + _text(2, "timesen_nb")
            + _field(7, graph)
            + _field(8, _text(1, "") + _number(2, OPSET))
            + _field(8, _text(1, MICROSOFT) + _number(2, 1))
            + b"".join(_field(14, _text(1, key) + _text(2, text)) for key, text in (about or {}).items())
        )

    def rename(self, tensor: str, name: str) -> str:
        """The tensor under a name of one's own, for outputs."""
        self._nodes.append(_text(1, tensor) + _text(2, name) + _text(4, "Identity"))
        return name

    def _name(self) -> str:
        self._tensors += 1
        return f"t{self._tensors}"


def _attribute(name: str, value: Any) -> bytes:
    """AttributeProto: a float, an int or several int."""
    if isinstance(value, float):
        return _text(1, name) + b"\x15" + np.float32(value).tobytes() + _number(20, 1)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, 2)
    return _text(1, name) + b"".join(_number(8, n) for n in value) + _number(20, 7)


def _value(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    """ValueInfoProto: a tensor's name, type and shape."""
    sizes = b"".join(_field(1, _number(1, n) if isinstance(n, int) else _text(2, n)) for n in shape)
    return _text(1, name) + _field(2, _field(1, _number(1, TYPES[dtype]) + _field(2, sizes)))


def _varint(n: int) -> bytes:
    return bytes(_groups(n & (1 << 64) - 1))


def _groups(n: int) -> Iterator[int]:
    """Seven bits at a time, lowest first; the eighth says that more follow."""
    while n > 127:
        yield n & 127 | 128
        n >>= 7
    yield n


def _number(field: int, n: int) -> bytes:
    return _varint(field << 3) + _varint(n)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, *texts: str) -> bytes:
    return b"".join(_field(field, text.encode()) for text in texts)
