"""Published checkpoints of wrapped modules, of other models, and with what cannot be."""

import argparse
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from published_files import ARGS, SMALL, Trap, lightning_file, normalised, pixels, prefixed, reference
from torch.nn import functional as F

import timesen_nb as tn
from timesen_nb.bands import OFFSET, SCALE


@pytest.mark.parametrize(
    "prefix",
    [
        "module.",
        "_orig_mod.",
        "module.learner.TS_ViT.",
        "learner.module.TS_ViT.",
        "learner.TS_ViT._orig_mod.",
        "TS_ViT.module._orig_mod.",
        "_orig_mod.learner.ts_encoder.",
    ],
)
def test_names_of_wrapped_modules_are_read(tmp_path: Path, prefix: str) -> None:
    theirs = reference(**SMALL)
    state = {prefix + k: v for k, v in theirs.state_dict().items()}
    model = tn.load(lightning_file(tmp_path / "m.ckpt", state | {"module.logit_scale": torch.tensor(3.5)}))
    with torch.inference_mode():
        expected = F.normalize(theirs(normalised(pixels(3, 12, 1))), dim=-1)
    torch.testing.assert_close(model.encode(pixels(3, 12, 1)), expected, atol=1e-5, rtol=0)
    assert model.logit_scale == pytest.approx(np.exp(3.5))


@pytest.mark.parametrize("old", [False, True])
def test_advice_to_run_what_is_in_a_file_is_not_passed_on(tmp_path: Path, old: bool) -> None:
    torch.save(
        {"state_dict": {}, "more": Trap(tmp_path / "it ran")},
        tmp_path / "m.ckpt",
        _use_new_zipfile_serialization=not old,
    )
    with pytest.raises(
        ValueError, match=r"holds \w+\.mkdir, which would be run by reading it, and is refused"
    ) as said:
        tn.load(tmp_path / "m.ckpt")
    told = "".join(traceback.format_exception(said.value))
    assert "weights_only=False" not in told
    assert "weights_only` to `False" not in told
    assert "arbitrary code" not in told


def without_tensor(state: dict[str, Any]) -> None:
    state["TS_ViT.class_token"] = 3


def flat_weight(state: dict[str, Any]) -> None:
    state["TS_ViT.spectral_embedding.1.weight"] = torch.zeros(10)


def far_layer(state: dict[str, Any]) -> None:
    state["TS_ViT.transformer.layers.999999999.linear1.weight"] = torch.zeros(1)


def no_number(state: dict[str, Any]) -> None:
    state["TS_ViT.class_token"] = torch.full((1, 1, 48), torch.nan)


def lost_scale(state: dict[str, Any]) -> None:
    state["logit_scale"] = torch.tensor(torch.nan)


def wide_scale(state: dict[str, Any]) -> None:
    state["logit_scale"] = torch.zeros(3)


def number_as_name(state: dict[Any, Any]) -> None:
    state[7] = torch.zeros(1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_tensor, "no plain tensor at class_token"),
        (flat_weight, r"spectral_embedding\.1\.weight has shape \(10,\)"),
        (far_layer, r"1000000000 layers and holds \d+ weights"),
        (no_number, "weights that are no numbers, in class_token"),
        (lost_scale, "has nan as its logit_scale"),
        (wide_scale, "as its logit_scale; expected one finite number"),
        (number_as_name, "a weight named 7"),
    ],
)
def test_tensors_that_cannot_be_are_said(tmp_path: Path, change: Any, said: str) -> None:
    state = prefixed(reference(**SMALL), "TS_ViT.")
    change(state)
    with pytest.raises(ValueError, match=said):
        tn.load(lightning_file(tmp_path / "m.ckpt", state))


@pytest.mark.parametrize("heads", ["many", -2, 2.5, float("nan"), 0])
def test_heads_that_cannot_be_are_said(tmp_path: Path, heads: Any) -> None:
    path = lightning_file(
        tmp_path / "m.ckpt", prefixed(reference(**SMALL), "TS_ViT."), argparse.Namespace(heads=heads)
    )
    with pytest.raises(ValueError, match="heads"):
        tn.load(path)


def test_a_state_that_is_none(tmp_path: Path) -> None:
    for state in (None, [1], 3):
        torch.save({"state_dict": state}, tmp_path / "m.ckpt")
        with pytest.raises(ValueError, match="as its state_dict; expected names with tensors"):
            tn.load(tmp_path / "m.ckpt")


# What settings say of another model, or of another computation ------------------------------------------------------


def test_the_scale_is_that_beside_the_series_encoder(tmp_path: Path) -> None:
    """CLIP has a scale of its own, which ends in the same name."""
    state = {"learner.clip_model.logit_scale": torch.tensor(np.log(100.0))}
    state |= {f"learner.TS_ViT.{k}": v for k, v in reference(**SMALL).state_dict().items()}
    with pytest.warns(UserWarning, match="does not say its logit scale"):
        assert tn.load(lightning_file(tmp_path / "m.ckpt", state)).logit_scale == pytest.approx(1 / 0.07)
    state |= {"logit_scale": torch.tensor(np.log(50.0))}
    assert tn.load(lightning_file(tmp_path / "m.ckpt", state)).logit_scale == pytest.approx(50)
    state |= {"learner.logit_scale": torch.tensor(np.log(20.0))}
    assert tn.load(lightning_file(tmp_path / "m.ckpt", state)).logit_scale == pytest.approx(20)


def test_settings_of_another_model_are_not_the_encoders(tmp_path: Path) -> None:
    path = lightning_file(tmp_path / "m.ckpt", prefixed(reference(**SMALL), "TS_ViT."), hyper_parameters={
        "args": ARGS, "text_tower": {"heads": 4, "activation": "gelu", "norm_first": True, "channels": ["B4"]},
    })  # fmt: skip
    config = tn.load(path).config
    assert (config.heads, config.bands) == (8, tn.BANDS)


@pytest.mark.parametrize("settings", [{"norm_first": True}, {"activation": "gelu"}, {"layer_norm_eps": 1e-3}])
def test_another_computation_is_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    """The weights would fit, and every vector would be another."""
    state = prefixed(reference(**SMALL), "TS_ViT.")
    with pytest.raises(ValueError, match=r"says \w+=.*; this reader computes with"):
        tn.load(lightning_file(tmp_path / "m.ckpt", state, argparse.Namespace(**vars(ARGS) | settings)))
    said = argparse.Namespace(**vars(ARGS), norm_first=False, activation="ReLU", layer_norm_eps=1e-5)
    tn.load(lightning_file(tmp_path / "m.ckpt", state, said))


@pytest.mark.parametrize("channels", ["B4,B3,B2", ["B4", "B4", "B2"], [*tn.BANDS[:9], "B1"], 10])
def test_channels_that_cannot_be_read_are_said(tmp_path: Path, channels: Any) -> None:
    args = argparse.Namespace(ARCH="ViT-B/32", heads=8, channels=channels)
    path = lightning_file(tmp_path / "m.ckpt", prefixed(reference(**SMALL), "TS_ViT."), args)
    with pytest.raises(ValueError, match=r"says channels=.*Give bands=, offset= and scale="):
        tn.load(path)
    assert tn.load(path, bands=tn.BANDS, offset=OFFSET, scale=SCALE).config.bands == tn.BANDS


@pytest.mark.parametrize("kind", [torch.int8, torch.int64, torch.bool])
def test_whole_numbers_are_no_weights(tmp_path: Path, kind: torch.dtype) -> None:
    state = prefixed(reference(**SMALL), "TS_ViT.")
    state["TS_ViT.transformer.layers.0.linear1.weight"] = (
        state["TS_ViT.transformer.layers.0.linear1.weight"] * 9
    ).to(kind)
    with pytest.raises(
        ValueError, match=r"at transformer\.layers\.0\.linear1\.weight; expected floating-point"
    ):
        tn.load(lightning_file(tmp_path / "m.ckpt", state))


def test_a_run_s_checkpoint_is_no_model_and_says_how_to_have_it(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"settings": {"epochs": 2}, "learner": {}, "optimizer": {}, "scaler": {}, "watch": {}}, path)
    with pytest.raises(
        ValueError, match=r"run of tn\.fit goes on from; expected a model\. Call tn\.fit again"
    ):
        tn.load(path)
