"""Published TimeSenCLIP checkpoints: Lightning files, read without running anything that is in them.

Layout after the released code of Jain et al. 2026 (doi 10.1016/j.isprsjprs.2026.03.043).
"""

from __future__ import annotations

import argparse
import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from timesen_nb.bands import BANDS, OFFSET, SCALE, band_name
from timesen_nb.model.checkpoint import Checkpoint, check_weights, plain_names
from timesen_nb.model.config import EncoderConfig, is_number

#: Where the series encoder sits, best first: ``TS_ViT`` alone is a copy for validation, and may be an epoch old. A bare
#: state dict has no prefix.
PREFIXES = ("learner.TS_ViT.", "learner.ts_encoder.", "TS_ViT.", "")
#: What stands beside the encoder and needs no word: scale, memory bank, pooling of photos, CLIP, copies of the encoder.
EXPECTED_BESIDE = re.compile(
    r"(learner\.)?(logit_scale|queue|queue_ptr|(TS_ViT|ts_encoder|pooling_layer|clip_model)\..*)"
)
#: Where the learned scale of the series encoder stands, best first; other models, such as CLIP, have their own.
SCALES = ("learner.logit_scale", "logit_scale")
#: Names that the training settings may use for the number of attention heads and for the CLIP tower.
HEADS, TOWERS, CHANNELS = ("heads", "num_heads", "n_heads", "nhead"), ("ARCH", "clip_arch"), ("channels",)
#: Under these names settings hold further ones of the series encoder; under others, those of other models.
HOLDERS = (
    "args", "hparams", "hyper_parameters", "config", "model", "encoder", "learner", "TS_ViT", "ts_encoder",
)  # fmt: skip
#: Settings that no tensor's size tells, and the one value of each that this reader computes by.
COMPUTED = {"norm_first": False, "activation": "relu", "layer_norm_eps": 1e-5}
#: Width, layers and hidden width of the published model, which has 8 heads.
PUBLISHED_SIZES = (512, 6, 256)
#: The learned log scale was clamped to 0 to ln 100.
LARGEST_LOG_SCALE = math.log(100.0)
LISTED = 20  # so many keys are named one by one; more are counted by module


def read_published(path: Path, given: dict[str, Any], tower_given: bool = False) -> Checkpoint:
    """What a published .ckpt holds; sizes are read off the tensors.

    Keys beside the encoder that are not known are named in a warning, and so is what the file does not say, for which
    the published model's is taken.

    Args:
        path: of the file.
        given: fields of :class:`EncoderConfig` that the file does not say (heads, bands, offset, scale): a file whose
            statistics were mixed up in training is read with the ones it was trained with.
        tower_given: whether the words' tower is the user's, whatever the file says.

    Returns:
        The model as our own files hold it.

    Raises:
        ValueError: it is no such file.
    """
    file = _unpickle(path)
    if {"settings", "learner", "optimizer"} <= set(file):
        raise ValueError(
            f"{path.name} is what a run of tn.fit goes on from; expected a model. Call tn.fit again with this folder: "
            "it gives the model, which model.save(path) keeps."
        )
    state = file.get("state_dict", file)
    if not isinstance(state, Mapping):
        raise ValueError(
            f"{path.name} has a {type(state).__name__} as its state_dict; expected names with tensors."
        )
    state = plain_names(state, path.name)
    prefix = next((p for p in PREFIXES if f"{p}class_token" in state), None)
    if prefix is None:
        keys = ", ".join(map(str, list(state)[:5])) or "nothing"
        raise ValueError(
            f"{path.name} holds no series encoder: its keys begin {keys}; expected class_token under one of "
            f"{', '.join(map(repr, PREFIXES))}."
        )
    beside = [k for k in state if not k.startswith(prefix) or (not prefix and EXPECTED_BESIDE.fullmatch(k))]
    weights = {k.removeprefix(prefix): v for k, v in state.items() if k not in beside}
    unread = [k for k in beside if not EXPECTED_BESIDE.fullmatch(k)]
    if unread:
        warnings.warn(f"{path.name}: unexpected keys, not read: {_listed(unread)}.", stacklevel=3)
    foreign = [k for k, v in weights.items() if not isinstance(v, Tensor) or v.layout != torch.strided]
    if foreign:
        raise ValueError(
            f"{path.name} has no plain tensor at {_listed(foreign)}; expected weights. Download it again."
        )
    rounded = [k for k, v in weights.items() if not v.is_floating_point()]
    if rounded:
        kind = str(weights[rounded[0]].dtype).removeprefix("torch.")
        raise ValueError(
            f"{path.name} has {kind} at {_listed(rounded)}; expected floating-point numbers. Weights that were rounded "
            "to whole numbers mean nothing without their factors: give the file from before that."
        )
    settings = dict(_flat(file.get("hyper_parameters", {})))
    _check_computed(settings, path.name)
    config = _config(weights, settings, path.name, given)
    _say_what_is_taken(state, settings, path.name, config, {*given, *(["tower"] if tower_given else [])})
    scale = _logit_scale(state, path.name)
    architecture = str(_said(settings, TOWERS, "ViT-B/32")).replace("/", "-")
    arrays = {k: v.float().numpy() for k, v in weights.items()}
    check_weights(arrays, config, path.name)
    return Checkpoint(config, arrays, f"clip:{architecture}:openai", scale, scale)


def _say_what_is_taken(
    state: Mapping[str, Any], settings: Mapping[str, Any], name: str, config: EncoderConfig, given: set[str]
) -> None:
    """Warn of what the file does not say: no tensor's size tells it, and a wrong guess gives wrong vectors."""
    sizes = (config.width, config.depth, config.feedforward)
    taken = []
    if "heads" not in given and _said(settings, HEADS, None) is None and sizes != PUBLISHED_SIZES:
        taken.append(f"number of attention heads ({config.heads}: heads=)")
    if "tower" not in given and _said(settings, TOWERS, None) is None:
        taken.append("CLIP tower (ViT-B/32: tower=)")
    if not any(key in state for key in SCALES):
        taken.append("logit scale (CLIP's at its start)")
    if taken:
        warnings.warn(
            f"{name} does not say its {', '.join(taken)}; the published model's is taken. If it was trained with "
            "another, every answer is wrong: give it.",
            stacklevel=5,
        )
    channels = _channels(settings)
    if "bands" not in given and not {"offset", "scale"} <= given and len(channels) == len(BANDS):
        moved = [f"{b} has those of {c}" for b, c in zip(BANDS, channels, strict=True) if b != c]
        if moved:
            # the released code reads all ten bands in file order, and their statistics in the order asked for
            warnings.warn(
                f"{name} was trained with channels={', '.join(channels)}; it is read with the bands as "
                f"{', '.join(BANDS)}, each with its own statistics. If training mixed them up ({', '.join(moved)}), "
                "every vector is a little wrong: give offset= and scale= as it was trained, or bands=, offset= and "
                "scale= if its bands were in that order too.",
                stacklevel=5,
            )


def _check_computed(settings: Mapping[str, Any], name: str) -> None:
    """Refuse settings that ask for another computation than this reader's: the same weights, other vectors."""
    for setting, ours in COMPUTED.items():
        said = settings.get(setting, ours)
        if (said.lower() if isinstance(said, str) else said) not in (None, ours):
            raise ValueError(
                f"{name} says {setting}={said!r}; this reader computes with {setting}={ours!r}, as the published model "
                "does, and the vectors would be wrong. Encode with the code it was trained by, or load one trained so."
            )


def _logit_scale(state: Mapping[str, Any], name: str) -> float:
    """What cosines are multiplied by: the learned one, clamped as in training, or CLIP's at its start."""
    learned = next((state[key] for key in SCALES if key in state), math.log(1 / 0.07))
    if isinstance(learned, Tensor) and learned.numel() == 1:
        learned = learned.item()
    if not is_number(learned):
        raise ValueError(
            f"{name} has {learned!r} as its logit_scale; expected one finite number. Download it again."
        )
    return math.exp(min(max(learned, 0.0), LARGEST_LOG_SCALE))


def _unpickle(path: Path) -> Mapping[str, Any]:
    """Tensors, plain values and argparse.Namespace of a .ckpt; whatever else it holds is refused, not run."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            file = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # noqa: BLE001 - a damaged pickle raises whatever it likes
        # not torch's own words, nor the problem itself: they advise to run what is in the file
        found = re.search(r"GLOBAL ([\w.]+)", str(problem))
        why = (
            f"It holds {found[1]}, which would be run by reading it, and is refused. Ask for a file of weights alone, "
            "best as safetensors."
            if found
            else "It is cut off, damaged or something else: download it again."
        )
        raise ValueError(
            f"{path.name} cannot be read as a checkpoint; expected safetensors written by model.save, or a "
            f"published .ckpt of tensors, plain values and argparse.Namespace. {why}"
        ) from None
    if not isinstance(file, Mapping):
        raise ValueError(
            f"{path.name} holds a {type(file).__name__}; expected a dictionary with a state_dict."
        )
    return file


def _listed(keys: list[str]) -> str:
    if len(keys) <= LISTED:
        return ", ".join(keys)
    modules = Counter(".".join(k.split(".")[:2]) for k in keys)
    return ", ".join(f"{module}.* ({n})" for module, n in modules.items())


def _flat(settings: Any) -> Iterator[tuple[str, Any]]:
    """Name and value of every setting of the encoder, nested ones too; the outer ones last, so that they win."""
    if isinstance(settings, argparse.Namespace):
        settings = vars(settings)
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            if name in HOLDERS:
                yield from _flat(value)
        yield from ((str(k), v) for k, v in settings.items())


def _said(settings: Mapping[str, Any], names: tuple[str, ...], otherwise: Any) -> Any:
    return next((settings[n] for n in names if settings.get(n) is not None), otherwise)


def _config(
    weights: Mapping[str, Tensor], settings: Mapping[str, Any], name: str, given: dict[str, Any]
) -> EncoderConfig:
    """The encoder's configuration from its tensors; heads and a subset of bands from the settings."""
    unknown = sorted(set(given) - {f.name for f in fields(EncoderConfig)})
    if unknown:
        known = "heads, bands, offset, scale, annual_position, tower or device"
        raise ValueError(f"options given: {', '.join(unknown)}; expected {known}.")
    sizes = ("spectral_embedding.1.weight", "transformer.layers.0.linear1.weight", "mlp_head.1.weight")
    missing = [k for k in sizes if k not in weights]
    if missing:
        raise ValueError(f"{name}: missing {', '.join(missing)}; without them its sizes are not known.")
    flat = [k for k in sizes if weights[k].ndim != 2]
    if flat:
        raise ValueError(
            f"{name}: {flat[0]} has shape {tuple(weights[flat[0]].shape)}; expected (outputs, inputs)."
        )
    width, features = weights[sizes[0]].shape
    bands = tuple(given.get("bands") or _bands(settings, name))
    patch = math.isqrt(features // len(bands))
    if patch**2 * len(bands) != features:
        raise ValueError(
            f"{name} reads {features} numbers a month: no square patch of {len(bands)} bands. Give bands=, "
            "offset= and scale= as it was trained."
        )
    layers = [int(m.group(1)) for k in weights if (m := re.match(r"transformer\.layers\.(\d+)\.", k))]
    heads = _said(settings, HEADS, 8)
    if not str(heads).isdecimal():
        raise ValueError(
            f"{name} says heads={heads!r}; expected a whole number. Give heads= as it was trained."
        )
    statistics = {b: (o, s) for b, o, s in zip(BANDS, OFFSET, SCALE, strict=True)}
    foreign = [b for b in bands if b not in statistics]
    if foreign and not {"offset", "scale"} <= set(given):
        raise ValueError(f"no statistics are known for {', '.join(foreign)}. Give offset= and scale=.")
    read: dict[str, Any] = {
        "bands": bands,
        "offset": tuple(statistics[b][0] for b in bands) if not foreign else (),
        "scale": tuple(statistics[b][1] for b in bands) if not foreign else (),
        "patch": patch,
        "width": width,
        "depth": 1 + max(layers),
        "heads": int(heads),
        "feedforward": weights[sizes[1]].shape[0],
        "embedding": weights[sizes[2]].shape[0],
        "annual_position": "january",
    }
    return EncoderConfig(**{**read, **given})


def _bands(settings: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """All ten in file order, whatever order training asked for; a subset in the order asked for."""
    channels = _channels(settings)
    foreign = [c for c in channels if c not in BANDS]
    if foreign or len(set(channels)) < len(channels):
        raise ValueError(
            f"{name} says channels={_said(settings, CHANNELS, None)!r}; expected a list of some of "
            f"{', '.join(BANDS)}, each once. Give bands=, offset= and scale= as it was trained."
        )
    return channels if 0 < len(channels) < len(BANDS) else BANDS


def _channels(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The bands that training asked for, by their standard names."""
    channels = _said(settings, CHANNELS, BANDS)
    return tuple(band_name(c) for c in (channels if isinstance(channels, list | tuple) else [channels]))
