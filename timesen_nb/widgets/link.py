"""The state of a map as the end of an address, after the #: where, which year, which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

if TYPE_CHECKING:
    from timesen_nb.widgets.session import Session

MOST_FIELDS = 300
BUNDLED = ("flanders", "sample")  # sources that everybody has
USUAL = "descriptions"  # prompts


@dataclass(frozen=True)
class Link:
    """What an address can say of a map; None and empty for what it does not say.

    Args:
        place: (longitude, latitude) in degrees.
        year: the year that is read.
        task: a name of ``timesen_nb.tasks``.
        words: own classes, in place of a task.
        prompts: the prompt style, where it is not the usual one.
        source: "flanders" or "sample": the bundled sources, which everybody has.
        layer: the colours of the map, where they are not the true ones.
        problems: what an address said that cannot be read, in words.
    """

    place: tuple[float, float] | None = None
    year: int | None = None
    task: str | None = None
    words: Sequence[str] = ()
    prompts: str | None = None
    source: str | None = None
    layer: str | None = None
    problems: Sequence[str] = ()

    @classmethod
    def of(cls, session: Session, layer: str | None = None) -> Link:
        """The state of a session, and the colours of its map where they are not the true ones."""
        from timesen_nb.tasks import tasks

        answer, own = session.result, session.task not in tasks
        return cls(
            place=(answer.lon, answer.lat) if answer else None,
            # an answer that outlived a change of the year is of its own
            year=answer.series.year if answer else session.year,
            task=None if own else session.task,
            words=tuple(session.classes) if own else (),
            prompts=session.prompts if session.prompts != USUAL else None,
            source=session.bundled,
            layer=layer,
        )

    @classmethod
    def read(cls, text: str) -> Link:
        """What the end of an address says; fields that it does not know are passed over.

        A place or a year that is no number is said in ``problems``.

        Args:
            text: without the #.

        Returns:
            The link.

        Raises:
            ValueError: far too many fields.
        """
        if (count := text.count("&") + 1) > MOST_FIELDS:
            raise ValueError(
                f"the address of this page has {count:,} parts; at most {MOST_FIELDS} are read. Each word is one: take "
                "fewer."
            )
        fields, problems = parse_qs(text), []

        def number(name: str) -> float | None:
            text = fields.get(name, [""])[-1].strip()
            if not text:
                return None
            try:
                value = float(text)
            except ValueError:
                value = float("nan")
            if not isfinite(value):
                problems.append(f"it gives {name}={text[:40]!r}; expected a number.")
                return None
            return value

        lon, lat, year = (number(name) for name in ("lon", "lat", "year"))
        return cls(
            place=(lon, lat) if lon is not None and lat is not None else None,
            year=int(year) if year is not None else None,
            task=fields.get("task", [None])[-1],
            words=tuple(fields.get("word", ())),
            prompts=fields.get("prompts", [None])[-1],
            source=fields.get("source", [None])[-1],
            layer=fields.get("layer", [None])[-1],
            problems=tuple(problems),
        )

    def __str__(self) -> str:
        """The end of an address, without the #."""
        fields: list[tuple[str, str]] = []
        if self.place is not None:
            fields += [("lon", f"{self.place[0]:.6f}"), ("lat", f"{self.place[1]:.6f}")]
        if self.year is not None:
            fields.append(("year", str(self.year)))
        for name in ("task", "prompts", "source", "layer"):
            if value := getattr(self, name):
                fields.append((name, value))
        return urlencode([*fields, *(("word", word) for word in self.words)])
