"""How the series encoder of the pocket model is trained: from four kinds of simulated places, across views.

A batch holds so much of each kind, whatever their numbers; a batch of annual composites is mostly European, for one
median says less of a place than twelve months do, and what it says depends on where that is. Each series is pulled to
the mean of the drawn photos of its cover type, and away from those of the others, with odds that do not depend on how
often each is drawn (Menon et al. 2021, logit adjustment).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from recipes.earth import earth_places
from recipes.elsewhere import elsewhere_places, moved
from recipes.side_by_side import average_gradients, place
from recipes.untidy import untidy
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.simulate.places import observe, simulate_places
from timesen_nb.training import augment


@dataclass(frozen=True)
class Share:
    """One kind of places: values (n, 12, 10) as composites show them, NaN = missing; cover_type (n,)."""

    values: np.ndarray
    cover_type: np.ndarray


@dataclass(frozen=True)
class Stage:
    """Some steps at a peak learning rate, and how much of a batch each part is: of months, and of annual composites.

    year: share of the batches that are annual composites. bare: by what the odds of bare land are multiplied.
    """

    steps: int
    rate: float
    shares: tuple[float, ...]
    annual: tuple[float, ...]
    year: float = 0.17
    bare: float = 1.0


#: Shares of Europe, Europe by other chains, Europe moved, the earth by climate, class statistics of regions elsewhere.
#: What lies elsewhere is learned first; the end is mostly Europe, where most is known.
STAGES = (
    Stage(2400, 1.5e-3, (0.40, 0.10, 0.15, 0.17, 0.18), (0.60, 0.15, 0.05, 0.10, 0.10)),
    Stage(450, 7e-4, (0.60, 0.10, 0.08, 0.08, 0.14), (0.62, 0.15, 0.03, 0.08, 0.12)),
    Stage(900, 7e-4, (0.78, 0.09, 0.02, 0.03, 0.08), (0.68, 0.12, 0.02, 0.08, 0.10)),
)
#: The last: the position of annual composites alone. By the odds of the others three of ten real bare places would be
#: found, for they are told from fields and towns less well than simulated ones.
YEAR = Stage(900, 3e-3, (), STAGES[-1].annual, year=1.0, bare=500.0)


@dataclass(frozen=True)
class Effort:
    """How much is spent on an encoder.

    places: of Europe in a set; of the others there are as many or a third more. sets: of simulated places, each of a
    seed of its own, shared out among the processes. batch: series a step, of all processes. times: so many steps for
    each of a stage. bare: as of :data:`YEAR`; the less was learned, the less it takes.
    """

    places: int = 12_000
    sets: int = 2
    batch: int = 1024
    times: float = 1
    bare: float = YEAR.bare


#: On two cores; on a GPU, which sees ten times as many series: what ships.
SMALL, LARGE = Effort(bare=30.0), Effort(places=18_000, sets=16, batch=2048, times=5)


def weights_of_types() -> np.ndarray:
    """(cover types,) how much each counts, 1 in the mean of its land cover: as often as it is met there in Europe.

    What grows elsewhere alone counts as the rarest: else a score of annual crops that hardly a place has, all near
    "vegetables" in words, draws to itself every vineyard that light leaves open.
    """
    share = np.array([max(t.share, 1.0) for t in COVER_TYPES])
    cover = np.array([t.land_cover for t in COVER_TYPES])
    mean = {c: share[cover == c].mean() for c in np.unique(cover)}
    out: np.ndarray = share / np.array([mean[c] for c in cover])
    return out


def training_parts(n: int, seed: int, without: tuple[str, ...] = ()) -> list[Share]:
    """About 6 n series: Europe, Europe moved, the earth by climate, and the class statistics of regions elsewhere.

    Args:
        n: places of Europe; of the others there are as many or a third more.
        seed: of the random numbers.
        without: tasks whose class statistics are left out, as in :func:`elsewhere_places`.
    """
    rng = np.random.default_rng([seed, 1])
    europe = simulate_places(n, seed, clouds=False)
    cloudy = np.clip(rng.uniform(0, 0.5, (n, 1)) * rng.uniform(0.3, 1.5, (n, 12)), 0, 0.9)
    near = [observe(europe, rng).values for _ in range(2)]
    untidied = untidy(europe.values, cloudy, rng)
    far = [untidy(moved(europe.values, rng), cloudy, rng) for _ in range(2)]
    parts = [
        Share(np.concatenate(near), np.tile(europe.cover_type, 2)),
        Share(untidied, europe.cover_type),
        Share(np.concatenate(far), np.tile(europe.cover_type, 2)),
    ]
    for places in (earth_places(n * 4 // 3, seed), elsewhere_places(n, seed, without)):
        seen = [untidy(places.values, places.cloudy, rng) for _ in range(2)]
        parts.append(Share(np.concatenate(seen), np.tile(places.cover_type, 2)))
    return parts


def many_parts(effort: Effort, seed: int) -> list[Share]:
    """:func:`training_parts` of several seeds put together: those of this process."""
    first, processes = place()
    seeds = [seed + 1000 * k for k in range(first, effort.sets, processes)]
    sets = [training_parts(effort.places, s) for s in seeds]
    return [
        Share(np.concatenate([p.values for p in same]), np.concatenate([p.cover_type for p in same]))
        for same in zip(*sets, strict=True)
    ]


def thinned(values: Tensor, generator: torch.Generator) -> Tensor:
    """Series (n, 12, C, H, W) as they are, some without a quarter, some without 1 to 11 months; each loses its own."""
    n, device = len(values), values.device

    def numbers(low: int, high: int) -> Tensor:
        return torch.randint(low, high, (n, 1), generator=generator, device=device)

    chance = torch.rand(n, 1, generator=generator, device=device)
    after = torch.arange(12, device=device) - numbers(0, 10)
    rank = torch.rand(n, 12, generator=generator, device=device).argsort(dim=1).argsort(dim=1)
    quarter, several = (after >= 0) & (after < 3), rank < numbers(1, 12)
    gone = torch.where(chance < 0.12, quarter, (chance < 0.46) & several)
    return values.masked_fill(gone[:, :, None, None, None], torch.nan)


def quick(device: torch.device) -> bool:
    """Whether the device multiplies in bfloat16 faster than in float32."""
    # older versions of torch do not say
    can = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cuda" or bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def train(
    encoder: SeriesEncoder, parts: list[Share], photos: np.ndarray, stage: Stage, seed: int, batch: int = 512,
    learned: Sequence[nn.Parameter] | None = None,
) -> float:  # fmt: skip
    """Train the encoder through a stage, on the device where it is; returns the scale that cosines were multiplied by.

    Args:
        encoder: what is trained, in place.
        parts: what it is trained on.
        photos: (cover types, D) unit vectors: the mean of the photos of each.
        stage: how long, how fast, and how much of each part.
        seed: of the batches; each process draws its own.
        batch: series a step, of all processes that train together (:mod:`recipes.side_by_side`).
        learned: which of the encoder's weights; None: all.
    """
    device = encoder.class_token.device
    own, processes = place()
    torch.manual_seed(seed + 500 * own)
    draw, rng = torch.Generator(device).manual_seed(seed + 500 * own), np.random.default_rng(seed)
    encoder.train()
    ground = torch.from_numpy(photos).to(device)
    log_scale = torch.nn.Parameter(torch.tensor(math.log(14.0), device=device))
    values = [torch.from_numpy(p.values).to(device)[..., None, None] for p in parts]
    labels = [torch.from_numpy(p.cover_type).to(device) for p in parts]
    often = torch.stack([torch.bincount(y, minlength=len(ground)) / len(y) for y in labels])
    bare = np.array([t.land_cover == "F" for t in COVER_TYPES])
    wanted = torch.from_numpy(weights_of_types() * np.where(bare, stage.bare, 1.0)).float().to(device)
    weights = [*(encoder.parameters() if learned is None else learned), log_scale]
    optimizer = torch.optim.AdamW(weights, stage.rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, stage.rate, total_steps=stage.steps, pct_start=0.1
    )
    for _ in tqdm(range(stage.steps), desc="series encoder", mininterval=5, disable=own > 0):
        year = rng.random() < stage.year
        shares = stage.annual if year else stage.shares
        rows = [
            torch.randint(len(y), (round(s * batch / processes),), generator=draw, device=device)
            for y, s in zip(labels, shares, strict=True)
        ]
        x = augment.drop_bands(torch.cat([v[r] for v, r in zip(values, rows, strict=True)]), draw)
        y = torch.cat([y[r] for y, r in zip(labels, rows, strict=True)])
        x = augment.annual_median(x) if year else thinned(x, draw)
        prior = torch.log((torch.tensor(shares, device=device) @ often + 1e-9) / wanted)
        with torch.autocast(device.type, torch.bfloat16, enabled=quick(device)):
            vectors = encoder(x).float()
        seen = ~torch.isnan(vectors).any(dim=1)
        loss = F.cross_entropy(log_scale.exp() * vectors[seen] @ ground.T + prior, y[seen])
        optimizer.zero_grad()
        loss.backward()
        average_gradients(weights)
        torch.nn.utils.clip_grad_norm_(weights[:-1], 1.0)
        optimizer.step()
        schedule.step()
        log_scale.data.clamp_(0.0, math.log(40.0))
    encoder.eval()
    return log_scale.exp().item()
