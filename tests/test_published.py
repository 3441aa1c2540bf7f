"""Published checkpoints: read without running them, and the same output as the published description."""

import argparse
import os
import pickle
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import timesen_nb as tn
from timesen_nb.bands import OFFSET, SCALE


class Reference(nn.Module):
    """The model of the paper and its released settings, built of torch's own transformer.

    Post-norm layers with ReLU; a month is flattened bands first; positions: twelve as they are, four as the median of
    three months each, one as January's. Input is normalised already, output is not L2-normalised.
    """

    def __init__(
        self,
        width: int = 512,
        depth: int = 6,
        heads: int = 8,
        hidden: int = 256,
        patch: int = 1,
        bands: int = 10,
    ):
        super().__init__()
        self.spectral_embedding = nn.Sequential(nn.Flatten(2), nn.Linear(bands * patch * patch, width))
        self.time_pos_encoding = nn.Parameter(torch.randn(1, 12, width))
        self.class_token = nn.Parameter(torch.randn(1, 1, width))
        layer = nn.TransformerEncoderLayer(width, heads, hidden, dropout=0.2, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.mlp_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width))
        for p in self.parameters():  # layer norms and biases too, so that each of them matters
            nn.init.normal_(p, std=0.5 if p.ndim == 1 else 2 * p.shape[-1] ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.spectral_embedding(x)
        position = self.time_pos_encoding[0]
        if x.shape[1] == 4:
            position = torch.stack([position[q : q + 3].sort(dim=0).values[1] for q in (0, 3, 6, 9)])
        elif x.shape[1] == 1:
            position = position[:1]
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), tokens + position], dim=1)
        return self.mlp_head(self.transformer(tokens)[:, 0])


def reference(seed: int = 0, **sizes: int) -> Reference:
    torch.manual_seed(seed)
    return Reference(**sizes).eval()


SMALL = {"width": 48, "depth": 2, "hidden": 32}
ARGS = argparse.Namespace(ARCH="ViT-B/32", heads=8, channels=list(tn.BANDS), LR=1e-4, resume=False, id=None)


def lightning_file(path: Path, state: dict[str, Tensor], args: Any = ARGS, **more: Any) -> Path:
    """A checkpoint as Lightning lays it out."""
    torch.save(
        {
            "epoch": 3, "global_step": 411, "pytorch-lightning_version": "1.9.5", "state_dict": state, "loops": {},
            "callbacks": {"EarlyStopping{'monitor': 'val_loss'}": {"best_score": torch.tensor(1.5), "wait_count": 0}},
            "optimizer_states": [{"state": {}, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999)}]}],
            "lr_schedulers": [], "hparams_name": "kwargs",
            "hyper_parameters": {"args": args, "classes": ["Cropland", "Woodland"]}, **more,
        },
        path,
    )  # fmt: skip
    return path


def prefixed(model: nn.Module, prefix: str) -> dict[str, Tensor]:
    beside = {
        "logit_scale": torch.tensor(3.5),
        "learner.queue": torch.zeros(4, 8),
        "learner.queue_ptr": torch.zeros(1),
    }
    return beside | {prefix + k: v for k, v in model.state_dict().items()}


def pixels(n: int, t: int, patch: int, bands: int = 10) -> Tensor:
    """Reflectance x 10000, beyond both ends of the normalisation too."""
    torch.manual_seed(1)
    return torch.rand(n, t, bands, patch, patch) * 7000


def normalised(values: Tensor, scale: Sequence[float] = SCALE) -> Tensor:
    low, high = torch.tensor(OFFSET).view(-1, 1, 1), torch.tensor(scale).view(-1, 1, 1)
    return ((values - low) / high).clamp(0, 1)


@pytest.mark.parametrize("patch", [1, 5])
@pytest.mark.parametrize("t", [12, 4, 1])
def test_output_is_the_published_one(tmp_path: Path, t: int, patch: int) -> None:
    theirs = reference(patch=patch)
    model = tn.load(lightning_file(tmp_path / "model.ckpt", prefixed(theirs, "learner.TS_ViT.")))
    values = pixels(7, t, patch)
    with torch.inference_mode():
        expected = F.normalize(theirs(normalised(values)), dim=-1).numpy()
    out = model.encode(values if patch > 1 else values[..., 0, 0]).numpy()
    assert np.abs(out - expected).max() < 1e-5
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1, atol=1e-5)


def test_the_published_size() -> None:
    assert sum(p.numel() for p in Reference().parameters()) == 8_169_472


@pytest.mark.parametrize("prefix", ["learner.TS_ViT.", "TS_ViT.", "learner.ts_encoder.", ""])
def test_every_prefix_is_read(tmp_path: Path, prefix: str) -> None:
    theirs = reference(**SMALL)
    model = tn.load(lightning_file(tmp_path / "m.ckpt", prefixed(theirs, prefix)))
    with torch.inference_mode():
        expected = F.normalize(theirs(normalised(pixels(3, 12, 1))), dim=-1)
    torch.testing.assert_close(model.encode(pixels(3, 12, 1)), expected, atol=1e-5, rtol=0)


def test_the_learner_wins_over_the_validation_copy(tmp_path: Path) -> None:
    """``TS_ViT`` may be an epoch older; CLIP and the pooling of photos stand beside and need no word."""
    theirs, old = reference(**SMALL), reference(seed=5, **SMALL)
    state = prefixed(old, "TS_ViT.") | prefixed(theirs, "learner.ts_encoder.")
    state |= {
        "clip_model.visual.proj": torch.zeros(3),
        "learner.pooling_layer.attention.weight": torch.zeros(3),
    }
    model = tn.load(lightning_file(tmp_path / "m.ckpt", state))
    with torch.inference_mode():
        expected = F.normalize(theirs(normalised(pixels(3, 12, 1))), dim=-1)
    torch.testing.assert_close(model.encode(pixels(3, 12, 1)), expected, atol=1e-5, rtol=0)


def test_sizes_scale_and_tower_come_from_the_file(tmp_path: Path) -> None:
    sizes = {"width": 32, "depth": 3, "hidden": 20, "patch": 3}
    args = argparse.Namespace(ARCH="RN50", heads=4)
    state = prefixed(reference(heads=4, **sizes), "TS_ViT.")
    model = tn.load(lightning_file(tmp_path / "m.ckpt", state, args))
    config = model.encoder.config
    assert (config.width, config.depth, config.feedforward, config.patch) == (32, 3, 20, 3)
    assert (config.heads, config.embedding, config.bands) == (4, 32, tn.BANDS)
    assert model.logit_scale == pytest.approx(np.exp(3.5))
    assert model.tower.name == "clip:RN50:openai"
    assert tn.load(tmp_path / "m.ckpt", heads=8).encoder.config.heads == 8
    with pytest.raises(ValueError, match=r"pocket:2, has vectors of 128 numbers; .* says 'clip:RN50:openai'"):
        tn.load(tmp_path / "m.ckpt", tower="pocket")


def test_what_the_file_does_not_say_is_said(tmp_path: Path) -> None:
    """Four heads and eight have tensors of the same sizes, and other vectors."""
    theirs = reference(heads=4, **SMALL)
    state = {f"TS_ViT.{k}": v for k, v in theirs.state_dict().items()}
    path = lightning_file(tmp_path / "m.ckpt", state, argparse.Namespace(LR=1e-4))
    with pytest.warns(
        UserWarning, match=r"m\.ckpt does not say its number of attention heads \(8: heads=\), CLIP tower"
    ):
        wrong = tn.load(path).encode(pixels(3, 12, 1))
    with pytest.warns(
        UserWarning, match=r"does not say its CLIP tower \(ViT-B/32: tower=\), logit scale"
    ) as said:
        right = tn.load(path, heads=4).encode(pixels(3, 12, 1))
    assert "heads" not in str(said[0].message)
    with torch.inference_mode():
        expected = F.normalize(theirs(normalised(pixels(3, 12, 1))), dim=-1)
    torch.testing.assert_close(right, expected, atol=1e-5, rtol=0)
    assert (wrong - expected).abs().max() > 1e-3


def test_the_published_size_has_eight_heads(tmp_path: Path) -> None:
    state = prefixed(reference(), "TS_ViT.")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tn.load(lightning_file(tmp_path / "m.ckpt", state, argparse.Namespace(ARCH="ViT-B/32")))


def test_fewer_bands_keep_their_order_and_statistics(tmp_path: Path) -> None:
    args = argparse.Namespace(ARCH="ViT-B/32", heads=8, channels=["B4", "B3", "B2"])
    theirs = reference(bands=3, **SMALL)
    model = tn.load(lightning_file(tmp_path / "m.ckpt", prefixed(theirs, "TS_ViT."), args))
    assert model.encoder.config.bands == ("B4", "B3", "B2")
    values = pixels(3, 12, 1, bands=3)
    picked = [tn.BANDS.index(b) for b in ("B4", "B3", "B2")]
    scale = torch.tensor(SCALE)[picked].view(-1, 1, 1)
    normal = ((values - torch.tensor(OFFSET)[picked].view(-1, 1, 1)) / scale).clamp(0, 1)
    with torch.inference_mode():
        torch.testing.assert_close(
            model.encode(values), F.normalize(theirs(normal), dim=-1), atol=1e-5, rtol=0
        )


def test_statistics_that_training_mixed_up_can_be_given(tmp_path: Path) -> None:
    theirs = reference(**SMALL)
    args = argparse.Namespace(ARCH="ViT-B/32", heads=8, channels=["B4", "B3", "B2", *tn.BANDS[3:]])
    path = lightning_file(tmp_path / "m.ckpt", prefixed(theirs, "TS_ViT."), args)
    swapped = (SCALE[2], SCALE[1], SCALE[0], *SCALE[3:])
    out = tn.load(path, offset=OFFSET, scale=swapped).encode(pixels(3, 12, 1))
    with torch.inference_mode():
        expected = F.normalize(theirs(normalised(pixels(3, 12, 1), swapped)), dim=-1)
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=0)
    with pytest.warns(
        UserWarning, match=r"channels=B4, B3, B2, B5.*B2 has those of B4, .*offset= and scale="
    ):
        assert (out - tn.load(path).encode(pixels(3, 12, 1))).abs().max() > 1e-3


def test_missing_and_unexpected_keys_are_all_named(tmp_path: Path) -> None:
    state = prefixed(reference(**SMALL), "TS_ViT.")
    del state["TS_ViT.transformer.layers.1.norm2.weight"], state["TS_ViT.mlp_head.0.bias"]
    state["TS_ViT.extra.weight"] = torch.zeros(2)
    state["TS_ViT.class_token"] = torch.zeros(1, 1, 47)
    with pytest.raises(ValueError, match="does not fit SeriesEncoder") as said:
        tn.load(lightning_file(tmp_path / "m.ckpt", state))
    for part in ("missing transformer.layers.1.norm2.weight", "missing mlp_head.0.bias", "unexpected extra.weight",
                 "class_token has shape (1, 1, 47), expected (1, 1, 48)"):  # fmt: skip
        assert part in str(said.value)


def test_strange_keys_beside_the_encoder_are_said(tmp_path: Path) -> None:
    state = prefixed(reference(**SMALL), "TS_ViT.") | {"decoder.weight": torch.zeros(2)}
    with pytest.warns(UserWarning, match=r"m\.ckpt: unexpected keys, not read: decoder\.weight"):
        tn.load(lightning_file(tmp_path / "m.ckpt", state))


def test_a_file_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no series encoder: its keys begin a, b"):
        tn.load(lightning_file(tmp_path / "m.ckpt", {"a": torch.zeros(1), "b": torch.zeros(1)}))
    torch.save([1, 2], tmp_path / "list.ckpt")
    with pytest.raises(ValueError, match="holds a list"):
        tn.load(tmp_path / "list.ckpt")
    (tmp_path / "text.ckpt").write_text("not a checkpoint")
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        tn.load(tmp_path / "text.ckpt")
    whole = lightning_file(tmp_path / "m.ckpt", prefixed(reference(**SMALL), "TS_ViT.")).read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        tn.load(tmp_path / "cut.ckpt")


class Trap:
    """What a pickle runs when it is read the careless way."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("where", ["file", "hyper_parameters", "namespace", "plain pickle", "old format"])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path: Path, where: str) -> None:
    path, mark = tmp_path / "m.ckpt", tmp_path / "it ran"
    state = prefixed(reference(**SMALL), "TS_ViT.")
    if where == "plain pickle":
        path.write_bytes(pickle.dumps({"state_dict": Trap(mark)}, protocol=2))
    elif where == "old format":
        torch.save({"state_dict": state, "more": Trap(mark)}, path, _use_new_zipfile_serialization=False)
    elif where == "namespace":
        lightning_file(path, state, argparse.Namespace(ARCH="ViT-B/32", id=Trap(mark)))
    else:
        lightning_file(path, state, **{where: Trap(mark)})
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        tn.load(path)
    assert not mark.exists()
    with suppress(Exception):
        torch.load(path, weights_only=False)
    assert mark.exists()  # the trap is real


def test_a_file_that_lightning_wrote(tmp_path: Path) -> None:
    """Through Lightning itself, with its own save_hyperparameters."""
    import lightning.pytorch as pl

    class Learner(pl.LightningModule):
        def __init__(self, args: argparse.Namespace, classes: list[str]) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.TS_ViT = reference(**SMALL)
            self.logit_scale = nn.Parameter(torch.tensor(9.0))

    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    learner = Learner(ARGS, ["Water"])
    trainer.strategy.connect(learner)
    trainer.save_checkpoint(tmp_path / "m.ckpt")
    model = tn.load(tmp_path / "m.ckpt")
    assert model.logit_scale == pytest.approx(100)  # clamped, as in training
    assert model.tower.name == "clip:ViT-B-32:openai"
    with torch.inference_mode():
        expected = F.normalize(learner.TS_ViT.eval()(normalised(pixels(3, 4, 1))), dim=-1)
    torch.testing.assert_close(model.encode(pixels(3, 4, 1)), expected, atol=1e-5, rtol=0)


def test_wrong_options_are_refused(tmp_path: Path) -> None:
    path = lightning_file(tmp_path / "m.ckpt", prefixed(reference(patch=2, **SMALL), "TS_ViT."))
    with pytest.raises(ValueError, match="options given: layers"):
        tn.load(path, layers=3)
    with pytest.raises(ValueError, match="no square patch of 7 bands"):
        tn.load(path, bands=tn.BANDS[:7])
    with pytest.raises(ValueError, match="not divisible by 7 heads"):
        tn.load(path, heads=7)


# Wrapped modules, and files that say what cannot be ------------------------------------------------------------------


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
