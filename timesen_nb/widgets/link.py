"""The state of a map as the end of an address, after the #: where and when, words and model, which places are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode

if TYPE_CHECKING:
    from timesen_nb.widgets.session import Session

MOST_FIELDS = 400
CATALOGS = ("earth-search", "planetary-computer")  # sources that everybody can ask
USUAL = "descriptions"  # prompts
KNOWN = frozenset(
    ("lon", "lat", "year", "task", "word", "prompts", "source", "layer", "kept", "model", "file")
)


class KeptPlace(NamedTuple):
    """A kept place as an address has it: degrees, the year that was read, and what somebody says stands there."""

    lon: float
    lat: float
    year: int
    label: str = ""

    @property
    def spot(self) -> str:
        """Where and when, without the label."""
        return f"{self.lon:.6f},{self.lat:.6f},{self.year}"

    @classmethod
    def read(cls, text: str) -> KeptPlace:
        """ValueError in words for what is none."""
        lon, lat, year, *label = text.split(",", 3)
        place = cls(float(lon), float(lat), int(year), "".join(label))
        if not isfinite(place.lon) or not isfinite(place.lat):
            raise ValueError("a place is no number.")
        return place

    def __str__(self) -> str:
        return f"{self.spot},{self.label}" if self.label else self.spot


@dataclass(frozen=True)
class Link:
    """What an address can say of a map; None and empty for what it does not say.

    Args:
        place: (longitude, latitude) in degrees.
        year: the year that is read.
        task: a name of ``timesen_nb.tasks``.
        words: own classes, in place of a task.
        prompts: the prompt style, where it is not the usual one.
        source: a bundled source, a catalog that everybody can ask, or what else the data are called.
        layer: the colours of the map, where they are not the true ones.
        kept: the places that are kept.
        model: digits that tell the model from others.
        file: digits that tell the cube file from others of its name.
        problems: what an address said that cannot be read, in words.
    """

    place: tuple[float, float] | None = None
    year: int | None = None
    task: str | None = None
    words: Sequence[str] = ()
    prompts: str | None = None
    source: str | None = None
    layer: str | None = None
    kept: Sequence[KeptPlace] = ()
    model: str | None = None
    file: str | None = None
    problems: Sequence[str] = ()

    @classmethod
    def of(cls, session: Session, layer: str | None = None, coming: Sequence[KeptPlace] = ()) -> Link:
        """The state of a session.

        Args:
            session: of what is read now; places that were kept of other data are left out.
            layer: the colours of its map, where they are not the true ones.
            coming: kept places of an address before, which are still being read.

        Returns:
            The link.
        """
        from timesen_nb.tasks import Task, tasks

        answer = session.result
        # a task of one's own puts its words in sentences that no address holds: its name says what is missing
        asked, name = session.question.asked, session.task
        if isinstance(asked, Task) and (name not in tasks or asked != tasks[name]):
            name = f"your own {name}"
        own = not isinstance(asked, Task) and name not in tasks
        model, file = session.marks
        kept = {spot: place for spot, (_, place) in kept_places(session).items()}
        return cls(
            place=(answer.lon, answer.lat) if answer else None,
            # an answer that outlived a change of the year is of its own
            year=answer.series.year if answer else session.year,
            task=None if own else name,
            # what labels brought comes back with them
            words=tuple(session.question.untaught) if own else (),
            prompts=session.prompts if session.prompts != USUAL else None,
            source=session.shared or session.source.name,
            layer=layer,
            kept=(*kept.values(), *(place for place in coming if place.spot not in kept)),
            model=model or None,
            file=file or None,
        )

    @classmethod
    def read(cls, text: str) -> Link:
        """What the end of an address says; fields that it does not know are passed over.

        Mail and chat programs write ``&amp;`` for ``&``, or percent signs for all: it is read as it was. A place or a
        year that is no number, half a place, and an address of nothing that is known are said in ``problems``.

        Args:
            text: without the #.

        Returns:
            The link.

        Raises:
            ValueError: far too many fields, or no text.
        """
        if not isinstance(text, str):
            raise ValueError(
                f"the address given is {text!r}; expected text as str(Link) writes it, such as 'lon=4.35&lat=50.85'."
            )
        # what was written here has none of the first, and "=" in any case
        text = text.replace("&amp;", "&")
        if "=" not in text:
            text = unquote(text)
        if (count := text.count("&") + 1) > MOST_FIELDS:
            raise ValueError(
                f"the address of this page has {count:,} parts; at most {MOST_FIELDS} are read. Each word is one: take "
                "fewer."
            )
        fields, problems = parse_qs(text), list[str]()
        if text and not fields.keys() & KNOWN:
            problems.append(
                f"{text[:40]!r} is nothing that this map knows; expected such as lon=3.02&lat=50.82."
            )

        def number(name: str) -> float | None:
            text = fields.get(name, [""])[-1].strip()
            if not text:
                return None
            try:
                value = float(text)
            except ValueError:
                value = float("nan")
            whole = name != "year" or (value.is_integer() and 0 < value < 10_000)
            if not isfinite(value) or not whole:
                kind = "a year" if name == "year" else "a number"
                problems.append(f"it gives {name}={text[:40]!r}; expected {kind}.")
                return None
            return value

        kept = []
        for place in fields.get("kept", ()):
            try:
                kept.append(KeptPlace.read(place))
            except ValueError:
                problems.append(
                    f"it gives kept={place[:40]!r}; expected longitude,latitude,year and a label."
                )
        lon, lat, year = (number(name) for name in ("lon", "lat", "year"))
        for one, other in (("lon", "lat"), ("lat", "lon")):
            if one in fields and other not in fields:
                problems.append(
                    f"it gives {one}={fields[one][-1][:40]!r} without {other}; expected both of a place."
                )
        return cls(
            place=(lon, lat) if lon is not None and lat is not None else None,
            year=int(year) if year is not None else None,
            task=fields.get("task", [None])[-1],
            words=tuple(fields.get("word", ())),
            prompts=fields.get("prompts", [None])[-1],
            source=fields.get("source", [None])[-1],
            layer=fields.get("layer", [None])[-1],
            kept=tuple(kept),
            model=fields.get("model", [None])[-1],
            file=fields.get("file", [None])[-1],
            problems=tuple(problems),
        )

    def __str__(self) -> str:
        """The end of an address, without the #."""
        fields: list[tuple[str, str]] = []
        if self.place is not None:
            fields += [("lon", f"{self.place[0]:.6f}"), ("lat", f"{self.place[1]:.6f}")]
        if self.year is not None:
            fields.append(("year", str(self.year)))
        for name in ("task", "prompts", "source", "file", "layer", "model"):
            if value := getattr(self, name):
                fields.append((name, value))
        fields += [("word", word) for word in self.words]
        fields += [("kept", str(place)) for place in self.kept]
        return urlencode(fields, safe=",")


def kept_places(session: Session) -> dict[str, tuple[int, KeptPlace]]:
    """The kept places of the data that are read now, and their numbers, by where and when.

    Args:
        session: that keeps them.

    Returns:
        Number and place of each; one that is kept more than once is there once, with its label.
    """
    found: dict[str, tuple[int, KeptPlace]] = {}
    for number, a in session.kept:
        if a.series.source == session.source.name:
            place = KeptPlace(a.lon, a.lat, a.series.year, session.lesson.labels.get(number, ""))
            if place.spot not in found or (place.label and not found[place.spot][1].label):
                found[place.spot] = number, place
    return found
