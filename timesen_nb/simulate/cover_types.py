"""The kinds of place that can be simulated, read from ``cover_types.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Kind:
    """One thing that grows or stands at a place.

    name: ours. land_cover: LUCAS letter A to H. lc1: LUCAS 2018 land-cover code. habitat: EUNIS level 2 name.
    share: how often it is drawn within its land cover. words: nouns a person would use for it.
    figures: the group in ``figures/monthly.csv`` whose level and spread it honours; "" where there is none.
    """

    name: str
    lc1: str
    share: float
    words: tuple[str, ...]
    figures: str = ""
    habitat: str = "Arable land and market gardens"

    @property
    def land_cover(self) -> str:
        """The LUCAS letter, A to H; permanent snow (G50) counts as water there."""
        return self.lc1[0]


def _read() -> tuple[Kind, ...]:
    table = tomllib.loads(files(__package__).joinpath("cover_types.toml").read_text("utf-8"))
    return tuple(Kind(**{**row, "words": tuple(row["words"])}) for row in table["kinds"])


KINDS: tuple[Kind, ...] = _read()
INDEX: dict[str, int] = {kind.name: i for i, kind in enumerate(KINDS)}
