"""Published checkpoints: read without running them, and the same output as the published description."""

import argparse
import pickle
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from published_files import (
    ARGS,
    SMALL,
    Reference,
    Trap,
    lightning_file,
    normalised,
    pixels,
    prefixed,
    reference,
)
from torch import nn
from torch.nn import functional as F

import timesen_nb as tn
from timesen_nb.bands import OFFSET, SCALE


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
