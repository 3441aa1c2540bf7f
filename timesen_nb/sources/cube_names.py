"""The date in the name of a file of a folder: what differs between the files says it, not what all have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from timesen_nb.sources.cube_axes import check_period

_DATE = re.compile(
    r"(?<!\d)(?P<year>20\d\d)[-_]?(?P<month>0[1-9]|1[0-2])"
    r"(?:[-_]?(?P<day>0[1-9]|[12]\d|3[01])(?P<clock>[T-]\d{6}(?!\d))?)?(?!\d)"
)
#: ESA's names of products hold the acquisition, and later when it was processed.
_PRODUCT = re.compile(r"MSIL2A_(?=20\d{6}T\d{6})")
_METRES = re.compile(r"(?<!\d)([0-6]?\d)m(?![a-z0-9])", re.IGNORECASE)
_PERIOD = re.compile(r"[-_. ]*(?:to)?[-_. ]*")


@dataclass(frozen=True)
class NamedDate:
    """A month, or a day of it, and whether a time of day stands beside it."""

    year: int
    month: int
    day: int | None
    clock: bool

    def first(self) -> np.datetime64:
        """Its first day."""
        return np.datetime64(f"{self.year}-{self.month:02d}-{self.day or 1:02d}", "D")

    def last(self) -> np.datetime64:
        """Its last day."""
        if self.day:
            return self.first()
        following = self.first().astype("datetime64[M]") + np.timedelta64(1, "M")
        return following.astype("datetime64[D]") - np.timedelta64(1, "D")


class FolderNames:
    """What the names of a folder's files say of dates.

    Args:
        stems: names without their endings.
    """

    def __init__(self, stems: Sequence[str]) -> None:
        sizes = {m for stem in stems for m in _METRES.findall(stem)}
        # 01m to 12m are months, 10m alone is a pixel size
        self._sizes = sizes <= {"10", "20", "60"}
        found = [set(self._dates(stem)[0]) for stem in stems]
        self._common = set.intersection(*found) if len(found) > 1 else set()
        self._alike = len(found) > 2 and all(dates == self._common for dates in found)

    def date_of(self, stem: str) -> NamedDate:
        """The one date of a file.

        Args:
            stem: its name without its ending.

        Returns:
            The date.

        Raises:
            ValueError: it names none, several of which nothing says which one counts, a composite of more than a month,
                or the same as all the other files.
        """
        dates, period = self._dates(stem)
        if not dates:
            raise ValueError(
                "it says no date, and its name none either; expected a time, or a name such as cube_2018-03.nc."
            )
        if self._alike:
            raise ValueError(
                f"its name says {_said(dates)}, as those of all other files in the folder; expected the date or month "
                "of each, such as cube_2018-03.nc."
            )
        own = [d for d in dates if d not in self._common] or dates
        if period and len(own) == 2:
            start, end = own[0].first(), own[1].last()
            check_period(start, end)
            middle = start + (end - start) // 2
            if middle.astype("datetime64[M]") == start.astype("datetime64[M]"):
                return own[0]
        elif len(own) == 1 or all(d.clock for d in own):
            return own[0]
        raise ValueError(
            f"its name says several dates ({_said(own)}); expected one, that of the acquisition or the month. Rename "
            "the files, such as cube_2018-03.nc, or write a time into each."
        )

    def _dates(self, stem: str) -> tuple[list[NamedDate], bool]:
        """The dates of a name, each once and in its order; and whether two of them are the ends of a period."""
        product = _PRODUCT.search(stem)
        stem = stem[product.end() :][:15] if product else stem
        stem = _METRES.sub("", stem) if self._sizes else stem
        found = [m for m in _DATE.finditer(stem) if _is_day(m)]
        dates = [
            NamedDate(int(m["year"]), int(m["month"]), int(m["day"]) if m["day"] else None, _timed(m))
            for m in found
        ]
        period = (
            len(found) >= 2
            and bool(_PERIOD.fullmatch(stem[found[-2].end() : found[-1].start()]))
            and not any(d.clock for d in dates[-2:])
            and bool(found[-1]["day"]) == bool(found[-2]["day"])
            and bool(dates[-2].first() < dates[-1].first())
        )
        return list(dict.fromkeys(dates)), period


def _is_day(found: re.Match[str]) -> bool:
    try:
        np.datetime64(f"{found['year']}-{found['month']}-{found['day'] or '01'}", "D")
    except ValueError:
        return False
    return True


def _timed(found: re.Match[str]) -> bool:
    """Whether a time of day stands there that is not the begin or end of a day."""
    return found["clock"] is not None and found["clock"][1:] not in ("000000", "235959", "235900", "240000")


def _said(dates: Sequence[NamedDate]) -> str:
    return " and ".join(f"{d.year}-{d.month:02d}" + (f"-{d.day:02d}" if d.day else "") for d in dates)
