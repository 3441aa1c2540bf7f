"""Tensors with a few words about them in one safetensors file: what models and pairs are kept in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], key: str, about: Mapping[str, Any]
) -> Path:
    """Write tensors, types as they are, and ``about`` as JSON under ``key`` of the metadata; returns the path.

    Folders are made. The file has its name only once it is complete: what was there before stays until then.
    """
    from safetensors.torch import save_file

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    save_file(dict(tensors), partial, {key: json.dumps(about)})
    partial.replace(path)
    return path


def read_tensors(path: Path, key: str, otherwise: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors, mapped from disk, and what :func:`write_tensors` said about them.

    Raises FileNotFoundError when there is no such file; ValueError when it is cut off, or, in the words of
    ``otherwise``, when it says nothing under ``key``.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            said = (file.metadata() or {}).get(key)
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 - no mapping
    except SafetensorError as problem:
        raise ValueError(
            f"{path.name} is not a whole safetensors file ({problem}). Copy, download or write it again."
        ) from problem
    if said is None:
        raise ValueError(f"{path.name} {otherwise}")
    return tensors, json.loads(said)
