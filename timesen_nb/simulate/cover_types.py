"""The cover types that can be simulated, read from ``cover_types.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class CoverType:
    """One thing that grows or stands at a place.

    Attributes:
        name: ours.
        lc1: LUCAS 2018 land-cover code.
        share: how often it is drawn within its land cover in Europe; 0 for what grows elsewhere alone, which stands
            last.
        words: nouns a person would use for it.
        statistics: the group in ``statistics/monthly.csv`` whose level and spread it honours; "" where there is none.
        habitat: EUNIS level 2 name.
        form: the cover type whose ground view it shares; "" its own.
    """

    name: str
    lc1: str
    share: float
    words: tuple[str, ...]
    statistics: str = ""
    habitat: str = "Arable land and market gardens"
    form: str = ""

    @property
    def land_cover(self) -> str:
        """The LUCAS letter, A to H; permanent snow (G50) counts as water there."""
        return self.lc1[0]


def _read() -> tuple[CoverType, ...]:
    table = tomllib.loads(files(__package__).joinpath("cover_types.toml").read_text("utf-8"))
    return tuple(CoverType(**{**row, "words": tuple(row["words"])}) for row in table["cover_types"])


COVER_TYPES: tuple[CoverType, ...] = _read()
EUROPEAN: tuple[CoverType, ...] = tuple(t for t in COVER_TYPES if t.share)
INDEX: dict[str, int] = {cover_type.name: i for i, cover_type in enumerate(COVER_TYPES)}
