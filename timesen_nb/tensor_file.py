"""Arrays with a few words about them in one safetensors file: what models and pairs are kept in. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

#: The types of safetensors that numpy has, by their names there.
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1",
    "BOOL": "?",
}  # fmt: skip


#: What stands where a file should be, by its first bytes: how it is called, and what to do.
STAND_INS = (
    (
        b"version https://git-lfs",
        "a Git LFS pointer",
        "Fetch the content itself: `git lfs pull`, or download it.",
    ),
    (b"<!doctype html", "a web page", "Download the file itself, not the page that shows it."),
    (b"<html", "a web page", "Download the file itself, not the page that shows it."),
    (b"<?xml", "an XML answer of a server", "Download the file again."),
)


def check_content(path: Path, expected: str) -> None:
    """Refuse a file that stands in the place of another: a Git LFS pointer, a web page, nothing at all.

    Args:
        path: of the file.
        expected: what should be in it, for the message.

    Raises:
        ValueError: the file is one of these; the message says which, and what to do.
    """
    with path.open("rb") as file:
        head = file.read(512)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise ValueError(f"{path.name} is empty; expected {expected}. Download or write it again.")
    for first, what, cure in STAND_INS:
        if start.startswith(first):
            raise ValueError(f"{path.name} is {what}, not the content; expected {expected}. {cure}")


#: What to do where nothing can be written.
_CURE = "Make room there, or give another folder, and save again."


@contextmanager
def explained(path: Any, failures: tuple[type[Exception], ...] = (), cure: str = _CURE) -> Iterator[None]:
    """What fails within, as on a full disk, says what was being written and what to do.

    Args:
        path: of what is written.
        failures: what else than OSError the writer raises there.
        cure: what to do.

    Yields:
        Nothing: it is for what stands within.

    Raises:
        OSError: it could not be written.
    """
    known: tuple[type[Exception], ...] = (OSError, *failures)
    try:
        yield
    except known as problem:
        raise OSError(
            f"{path} could not be written whole ({problem}). Is the disk full, or are you not allowed to write "
            f"there? {cure}"
        ) from problem


@contextmanager
def whole_file(path: Path, failures: tuple[type[Exception], ...] = (), cure: str = _CURE) -> Iterator[Path]:
    """Where to write a file that has its name only once it is complete: a kill at any moment leaves the old or the new.

    Args:
        path: of the file; folders are made.
        failures: what else than OSError the writer raises where it cannot write.
        cure: what to do then.

    Yields:
        The path to write to, beside it and with its suffix; gone if writing fails.

    Raises:
        OSError: it could not be written whole, as where the disk is full.
    """
    partial = path.with_name(f"{path.stem}.part{path.suffix}")
    with explained(path, failures, cure):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def write_tensors(
    path: str | Path, tensors: Mapping[str, np.ndarray], key: str, about: Mapping[str, Any]
) -> Path:
    """Write arrays, types as they are, with a few words about them.

    Folders are made. The file has its name only once it is complete: what was there before stays until then.

    Args:
        path: of the safetensors file.
        tensors: name -> array.
        key: of the metadata.
        about: what stands under ``key``, as JSON.

    Returns:
        The path.

    Raises:
        OSError: it could not be written whole, as where the disk is full.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    path = Path(path).expanduser()
    # without order="C" an array that lies otherwise in memory would be written in its own order
    arrays = {k: np.asarray(v, order="C") for k, v in tensors.items()}
    with whole_file(path, (SafetensorError,)) as partial:
        save_file(arrays, partial, {key: json.dumps(about)})
    return path


def read_tensors(path: Path, key: str, otherwise: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays of a safetensors file, and what :func:`write_tensors` said about them.

    Args:
        path: of the file.
        key: of the metadata.
        otherwise: what is said of a file that has nothing under ``key``.

    Returns:
        Name -> array, mapped from disk and not to be written to; and what stands under ``key``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is cut off, holds types that numpy has not, has nothing under ``key``, or what stands there is no
            JSON.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            said = (file.metadata() or {}).get(key)
    except SafetensorError as problem:
        raise ValueError(
            f"{path.name} is not a whole safetensors file ({problem}). Copy, download or write it again."
        ) from problem
    if said is None:
        raise ValueError(f"{path.name} {otherwise}")
    # safe_open would copy whole arrays into memory: the file says where each of them lies
    with path.open("rb") as raw:
        length = int.from_bytes(raw.read(8), "little")
        header = json.loads(raw.read(length))
    content = np.memmap(path, np.uint8, "r", offset=8 + length) if path.stat().st_size > 8 + length else b""
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in DTYPES:
            raise ValueError(
                f"{path.name}: {name} is stored as {entry['dtype']}; expected one of {', '.join(DTYPES)}."
            )
        start, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(content[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    try:
        return tensors, json.loads(said)
    except (ValueError, RecursionError) as problem:
        raise ValueError(
            f"{path.name} has a description that cannot be read ({problem}). Download or write it again."
        ) from problem
