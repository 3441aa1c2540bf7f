"""Models as ONNX files: one graph of a series encoder, with what a checkpoint says of it in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf

from timesen_nb.model.checkpoint import FORMAT, Checkpoint, about_checkpoint, checkpoint_from
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder_weights import EncoderWeights
from timesen_nb.model.fingerprint import fingerprint
from timesen_nb.model.graph import series_graph
from timesen_nb.model.inference import GraphSession, encode
from timesen_nb.model.inputs import composite_positions
from timesen_nb.tensor_file import whole_file

#: The key of the fingerprint of the weights among the metadata.
WEIGHTS = "timesen_nb.weights"


def is_onnx(path: Path) -> bool:
    """Whether the file is named so."""
    return path.suffix == ".onnx"


def write_onnx(path: str | Path, checkpoint: Checkpoint) -> Path:
    """Write a model as :meth:`timesen_nb.model.timesenclip.TimeSenCLIP.export`.

    Folders are made. The file has its name only once it is complete.

    Args:
        path: of the file, which ends in .onnx.
        checkpoint: the model.

    Returns:
        The path.

    Raises:
        ValueError: another name, an encoder other than SeriesEncoder, or patches larger than a pixel.
    """
    path = Path(path).expanduser()
    if path.suffix != ".onnx":
        raise ValueError(f"path given: {path.name}; expected a name that ends in .onnx.")
    if checkpoint.encoder != "SeriesEncoder":
        raise ValueError(
            f"this model's encoder is {checkpoint.encoder}; only SeriesEncoder can be exported to ONNX. Keep the model "
            "with model.save(path)."
        )
    if checkpoint.config.patch != 1:
        raise ValueError(
            f"this model reads patches of {checkpoint.config.patch} x {checkpoint.config.patch} pixels; only models of "
            "one pixel can be exported to ONNX. Keep the model with model.save(path)."
        )
    about = {FORMAT: json.dumps(about_checkpoint(checkpoint)), WEIGHTS: fingerprint(checkpoint.weights)}
    with whole_file(path) as partial:
        partial.write_bytes(series_graph(checkpoint.config, checkpoint.weights, about=about))
    return path


def read_onnx(path: Path) -> tuple[Checkpoint, ExportedWeights]:
    """What :func:`write_onnx` wrote.

    Args:
        path: of the file.

    Returns:
        What the file says of the model, and its encoder, which is that graph.

    Raises:
        ValueError: the file is cut off, no ONNX, none of ours, or of a later version.
    """
    graph = path.read_bytes()
    try:
        session = GraphSession(graph)
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf) as problem:
        raise ValueError(
            f"{path.name} is not a whole ONNX file ({problem}). Copy, download or export it again."
        ) from problem
    metadata = session.session.get_modelmeta().custom_metadata_map
    said = metadata.get(FORMAT)
    if said is None:
        raise ValueError(
            f"{path.name} holds a graph but no timesen_nb configuration; expected a file written by model.export(path)."
        )
    checkpoint = checkpoint_from(json.loads(said), {}, path.name)
    return checkpoint, ExportedWeights(checkpoint.config, graph, path.name, metadata.get(WEIGHTS))


class ExportedWeights(EncoderWeights):
    """An encoder that is an ONNX graph and nothing else: it encodes, in float32, and cannot be trained or saved."""

    def __init__(self, config: EncoderConfig, graph: bytes, file: str, weights: str | None = None) -> None:
        super().__init__(config, {})
        # it answers as the weights do that it was exported from; a file that does not name them stands for itself
        self._fingerprint = weights or sha256(graph).hexdigest()
        self.graph, self.file = graph, file
        self._session: GraphSession | None = None

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """There are none."""
        self._refuse()

    def _build(self, what: str, file: str = "the model") -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ValueError(
            f"the model was loaded from {self.file}, a graph without weights to train, save or move to a GPU. Load the "
            "checkpoint that it was exported from."
        )

    def vectors(self, x: np.ndarray, months: Sequence[int] | None, exact: bool | None) -> np.ndarray:
        """(N, T, C, H, W) float32 -> (N, D) float32, NaN for a series without any composite to read."""
        self._session = self._session or GraphSession(self.graph)
        return encode(self._session, x, composite_positions(x.shape[1], months), self.config)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_session": None}
