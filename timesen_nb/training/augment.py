"""What is hidden from the encoder in training, so that it can do with less: months, quarters, bands.

Every function takes series (N, T, C, H, W), reflectance x 10000, NaN = missing, and a generator on their device; the
months that stay keep their calendar position. Temporal: Jain et al. 2026, section on temporal augmentation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

MONTHS = tuple(range(1, 13))
#: Calendar months of the composites; None = told by their number, as the encoder reads them.
Months = Sequence[int] | None


def median_of_year(values: Tensor) -> Tensor:
    """One composite, the median of the months that are there (the lower middle of an even number)."""
    return torch.nanmedian(values, dim=1, keepdim=True).values


def without_quarter(values: Tensor, generator: Generator) -> tuple[Tensor, Months]:
    """Three months in a row are gone."""
    start = _integer(0, 10, generator)
    return _keep(values, [m for m in range(12) if not start <= m < start + 3])


def without_months(values: Tensor, generator: Generator) -> tuple[Tensor, Months]:
    """1 to 11 months, by chance, are gone."""
    kept = torch.randperm(12, generator=generator, device=generator.device)[: 12 - _integer(1, 12, generator)]
    return _keep(values, sorted(kept.tolist()))


def temporal(values: Tensor, generator: Generator, chance: float = 0.5) -> tuple[Tensor, Months]:
    """With ``chance`` one of the three: median of the year, a quarter gone, 1 to 11 months gone; else unchanged.

    Returns the series that stay and their months, both as the encoder takes them. Series of other lengths than twelve
    months are returned as they are. A series may be left without any valid month: leave it out of the loss.
    """
    if values.shape[1] != 12 or _chance(generator) >= chance:
        return values, None
    which = _integer(0, 3, generator)
    if which == 0:
        return median_of_year(values), None
    return without_quarter(values, generator) if which == 1 else without_months(values, generator)


def without_bands(
    values: Tensor,
    generator: Generator,
    fill: Tensor | float = torch.nan,
    protected: Sequence[int] = (),
    chance: float = 0.3,
) -> Tensor:
    """In a share of the series, some bands are gone in every month.

    fill: what takes their place: NaN, or a value (C, 1, 1) such as the normalisation's offset. protected: bands that
    always stay; without any, one by chance stays. The number that goes is even between one and all the others.
    """
    n, _, c = values.shape[:3]
    score = torch.rand(n, c, generator=generator, device=values.device)
    score[:, list(protected)] = 2.0
    free = c - max(len(protected), 1)
    gone = torch.randint(1, free + 1, (n, 1), generator=generator, device=values.device)
    gone *= torch.rand(n, 1, generator=generator, device=values.device) < chance
    lost = score.argsort(dim=1).argsort(dim=1) < gone  # the lowest ``gone`` scores of each row
    return torch.where(lost[:, None, :, None, None], torch.as_tensor(fill, device=values.device), values)


def _keep(values: Tensor, months: list[int]) -> tuple[Tensor, Months]:
    return values[:, months], [m + 1 for m in months]


def _integer(low: int, high: int, generator: Generator) -> int:
    return int(torch.randint(low, high, (), generator=generator, device=generator.device))


def _chance(generator: Generator) -> float:
    return float(torch.rand((), generator=generator, device=generator.device))
