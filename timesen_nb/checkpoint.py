"""Save and load models: one safetensors file with its configuration inside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from timesen_nb.model import EncoderConfig, SeriesEncoder
from timesen_nb.tensor_file import read_tensors, write_tensors
from timesen_nb.timesenclip import TimeSenCLIP
from timesen_nb.towers import open_tower

if TYPE_CHECKING:
    from timesen_nb.towers import Tower

FORMAT = "timesen_nb"  # the key of our JSON among the safetensors metadata
VERSION = 1


def save(model: TimeSenCLIP, path: str | Path) -> Path:
    """Write ``model`` as one safetensors file; returns its path.

    Its metadata hold, as JSON under timesen_nb: version, encoder (class), config (bands, statistics, sizes),
    tower (name), logit_scale and probability_scale. The file has its name only once it is complete.
    """
    about = {
        "version": VERSION,
        "encoder": type(model.encoder).__name__,
        "config": model.encoder.config.as_dict(),
        "tower": model.tower.name,
        "logit_scale": model.logit_scale,
        "probability_scale": model.probability_scale,
    }
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.encoder.state_dict().items()}
    return write_tensors(path, tensors, FORMAT, about)


def load(
    which: str | Path,
    *,
    tower: Tower | str | None = None,
    device: str | torch.device = "cpu",
    **config: Any,
) -> TimeSenCLIP:
    """A model by name or file.

    which: "pocket" (bundled, offline), a file written by ``model.save``, a published Lightning .ckpt, or
    "hf:OWNER/REPO/FILE" for either from the Hugging Face hub.
    tower: instead of the one the file names; none is opened before words or photos are given.
    config: what a published .ckpt does not say: heads, bands, offset, scale, annual_position as in
    :class:`~timesen_nb.model.EncoderConfig`.
    Raises FileNotFoundError when there is no such file, ConnectionError when the hub cannot be reached, and
    ValueError when the file is no checkpoint of these kinds or its keys and sizes do not fit.
    """
    path = _find(str(which))
    if _is_safetensors(path):
        if config:
            raise ValueError(
                f"options given: {', '.join(config)}; but {path.name} says its own configuration. "
                "Load it without them; only tower= and device= may be given."
            )
        encoder, said, *scales = _read(path)
    else:
        from timesen_nb.published import read_published

        settings, weights, said, *scales = read_published(path, config)
        encoder = SeriesEncoder(settings)
        fill(encoder, weights, path.name)
    held = open_tower(said) if tower is None else open_tower(tower) if isinstance(tower, str) else tower
    if tower is not None and held.width != encoder.config.embedding:
        raise ValueError(
            f"the tower given, {held.name}, has vectors of {held.width} numbers; {path.name} puts series among vectors "
            f"of {encoder.config.embedding}. Give the tower it was trained with; the file says {said!r}."
        )
    return TimeSenCLIP(encoder, held, *scales).to(device)


def _find(which: str) -> Path:
    """The file that ``which`` names."""
    if which == "pocket":
        from timesen_nb.towers.pocket import weights_folder

        path = weights_folder() / "series.safetensors"
        if not path.is_file():
            raise FileNotFoundError(
                f"the bundled {path.name} is missing. Reinstall timesen_nb, or run `make pocket`."
            )
        return path
    if which.startswith("hf:"):
        return _download(which)
    path = Path(which).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"no model {which!r}; expected 'pocket', a file that exists, or 'hf:OWNER/REPO/FILE'. "
            f"Check the path (looked in {path.resolve().parent})."
        )
    return path


def _download(which: str) -> Path:
    """A file of the Hugging Face hub: the one on this machine, whatever is there now, else a download."""
    parts = which.removeprefix("hf:").split("/", 2)
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"model given: {which!r}; expected hf:OWNER/REPO/FILE, as in hf:me/model/a.ckpt.")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, RepositoryNotFoundError

    owner, repository, name = parts
    try:
        try:
            return Path(hf_hub_download(f"{owner}/{repository}", name, local_files_only=True))
        except LocalEntryNotFoundError:
            return Path(hf_hub_download(f"{owner}/{repository}", name))
    except LocalEntryNotFoundError as problem:
        raise ConnectionError(
            f"{which} is not on this machine, and the Hugging Face hub cannot be reached. Connect once, or "
            "download the file elsewhere and load it by its path; tn.load('pocket') needs no network."
        ) from problem
    except (RepositoryNotFoundError, EntryNotFoundError) as problem:
        raise FileNotFoundError(
            f"the Hugging Face hub has no {name!r} in {owner}/{repository}. Check owner, repository and file "
            "name; private ones need a login (`hf auth login`)."
        ) from problem


def _is_safetensors(path: Path) -> bool:
    """Whether the file is named so, or begins as safetensors do: eight bytes of header length, then JSON."""
    with path.open("rb") as file:
        return path.suffix == ".safetensors" or file.read(9)[8:] == b"{"


def _read(path: Path) -> tuple[SeriesEncoder, str, float, float]:
    """Encoder, tower name, logit scale and probability scale of one of our own files."""
    state, about = read_tensors(
        path,
        FORMAT,
        "holds weights but no timesen_nb configuration; expected a file written by model.save(path).",
    )
    if about["version"] > VERSION:
        raise ValueError(
            f"{path.name} has format version {about['version']}; this timesen_nb reads up to {VERSION}. "
            "Upgrade timesen_nb."
        )
    encoder = encoder_class(about["encoder"])(EncoderConfig.from_dict(about["config"]))
    fill(encoder, state, path.name)
    return encoder, about["tower"], about["logit_scale"], about["probability_scale"]


def encoder_class(name: str) -> type[SeriesEncoder]:
    """The class that a file names: the series encoder, or one of the ablation's. ValueError for another."""
    if name == "SeriesEncoder":
        return SeriesEncoder
    from timesen_nb.encoders import ENCODERS

    known = {e.__name__: e for e in ENCODERS.values()}
    if name not in known:
        raise ValueError(f"the file holds an encoder {name!r}; expected one of {', '.join(known)}.")
    return known[name]


def fill(encoder: SeriesEncoder, state: Mapping[str, Tensor], name: str) -> None:
    """Put weights into the encoder; ValueError that names every missing, unexpected or misshapen key."""
    expected = {k: tuple(v.shape) for k, v in encoder.state_dict().items()}
    given = {k: tuple(v.shape) for k, v in state.items()}
    wrong = [f"missing {k}" for k in expected if k not in given]
    wrong += [f"unexpected {k}" for k in given if k not in expected]
    wrong += [
        f"{k} has shape {given[k]}, expected {shape}"
        for k, shape in expected.items()
        if k in given and given[k] != shape
    ]
    if wrong:
        raise ValueError(
            f"{name} does not fit {type(encoder).__name__}: {'; '.join(wrong)}. "
            "Is it a checkpoint of another model?"
        )
    encoder.load_state_dict(dict(state))
