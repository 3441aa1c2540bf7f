"""Augmentation: months, quarters and bands are dropped in training, so that the encoder can do with less.

Every function takes series (N, T, C, H, W), reflectance x 10000, NaN = missing, and a generator on their device; the
months that stay keep their calendar position. Temporal: Jain et al. 2026, section on temporal augmentation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.training.options import TrainingOptions

MONTHS = tuple(range(1, 13))
#: Calendar months of the composites; None = told by their number, as the encoder reads them.
Months = Sequence[int] | None


def augmented(
    values: Tensor, encoder: SeriesEncoder, options: TrainingOptions, generator: Generator
) -> tuple[Tensor, Months]:
    """The series as an encoder sees them in training, and their months."""
    absent = encoder.config.absent_bands
    if absent:
        values = drop_bands(values, generator)
    if options.spectral_masking:
        kept = [i for i, band in enumerate(encoder.config.bands) if band in ("B2", "B3", "B4")]
        values = drop_bands(values, generator, torch.nan if absent else encoder.offset, kept, p=0.7)
    return temporal(values, generator) if options.augment else (values, None)


def annual_median(values: Tensor) -> Tensor:
    """One composite, the median of the months that are there (the lower middle of an even number)."""
    return torch.nanmedian(values, dim=1, keepdim=True).values


def drop_quarter(values: Tensor, generator: Generator) -> tuple[Tensor, Months]:
    """Drop three months in a row."""
    start = _integer(0, 10, generator)
    return _keep(values, [m for m in range(12) if not start <= m < start + 3])


def drop_months(values: Tensor, generator: Generator) -> tuple[Tensor, Months]:
    """Drop 1 to 11 months, drawn at random."""
    kept = torch.randperm(12, generator=generator, device=generator.device)[: 12 - _integer(1, 12, generator)]
    return _keep(values, sorted(kept.tolist()))


def temporal(values: Tensor, generator: Generator, p: float = 0.5) -> tuple[Tensor, Months]:
    """With probability p one of three: the annual median, a quarter dropped, 1 to 11 months dropped; else unchanged.

    Series of other lengths than twelve months come back as they are. A series may be left without any valid month:
    leave it out of the loss.

    Args:
        values: (n, T, C, H, W), NaN = missing.
        generator: what chance is drawn from.
        p: of any change.

    Returns:
        The series that stay and their months, both as the encoder takes them.
    """
    if values.shape[1] != 12 or _uniform(generator) >= p:
        return values, None
    which = _integer(0, 3, generator)
    if which == 0:
        return annual_median(values), None
    return drop_quarter(values, generator) if which == 1 else drop_months(values, generator)


def drop_bands(
    values: Tensor,
    generator: Generator,
    fill: Tensor | float = torch.nan,
    protected: Sequence[int] = (),
    p: float = 0.3,
) -> Tensor:
    """With probability p a series loses some of its bands, in every month.

    The number that goes is even between one and all the others; where there are no others, none goes.

    Args:
        values: (n, T, C, H, W), NaN = missing.
        generator: what chance is drawn from.
        fill: what takes their place: NaN, or a value (C, 1, 1) such as the normalisation's offset.
        protected: bands that always stay; without any, one drawn at random stays.
        p: of a loss.

    Returns:
        The series, shaped as before.
    """
    n, _, c = values.shape[:3]
    score = torch.rand(n, c, generator=generator, device=values.device)
    score[:, list(protected)] = 2.0
    free = c - max(len(protected), 1)
    if free < 1:
        return values
    gone = torch.randint(1, free + 1, (n, 1), generator=generator, device=values.device)
    gone *= torch.rand(n, 1, generator=generator, device=values.device) < p
    lost = score.argsort(dim=1).argsort(dim=1) < gone  # the lowest ``gone`` scores of each row
    return torch.where(lost[:, None, :, None, None], torch.as_tensor(fill, device=values.device), values)


def _keep(values: Tensor, months: list[int]) -> tuple[Tensor, Months]:
    return values[:, months], [m + 1 for m in months]


def _integer(low: int, high: int, generator: Generator) -> int:
    return int(torch.randint(low, high, (), generator=generator, device=generator.device))


def _uniform(generator: Generator) -> float:
    return float(torch.rand((), generator=generator, device=generator.device))
