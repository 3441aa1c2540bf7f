"""What the click map knows, without a screen: every action is a method here, and raises when it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.plots.colours import class_colours
from timesen_nb.series import PixelSeries, check_place
from timesen_nb.sources import BUNDLED, Source
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.coverage import NothingSeen, check_inside, check_opened, every_year, year_of
from timesen_nb.widgets.kept import KeptPlaces
from timesen_nb.widgets.labelled_places import LabelledPlaces, TaughtPlaces
from timesen_nb.widgets.question import Question, Taught, lines_of, listed
from timesen_nb.widgets.view import EncodedView, Progress, View, bundled_view, encode_view

if TYPE_CHECKING:
    import xarray as xr

    from timesen_nb.model.timesenclip import TimeSenCLIP
    from timesen_nb.model.zeroshot import ZeroShot
    from timesen_nb.tasks import Task
    from timesen_nb.widgets.drawn_fields import Fields

#: Digits of a fingerprint that an address has.
MARK = 8


class Session:
    """Model, source, year, words, the last good answer and the kept ones.

    result: the last good :class:`Answer`, or None before the first. question: the words, see :class:`Question`.
    lesson: what teaches them, see :class:`TaughtPlaces`.
    colours: #RRGGBB of classes whose colour somebody chose. ``on_change`` tells what changes: "answer", "words",
    "source", "kept" or "view".
    """

    def __init__(
        self,
        model: TimeSenCLIP,
        source: Source,
        task: Task | str | Sequence[str] = "land_cover",
        prompts: str = "descriptions",
        year: int | None = None,
    ) -> None:
        check_opened("model", model, "zero_shot", 'tn.load("pocket")')
        check_opened("source", source, "pixel", 'tn.open_source("flanders")')
        self.model = model
        self.source = source
        self.year = year_of(source, year)
        self.result: Answer | None = None
        self._draw: Callable[..., Sequence[np.ndarray]] | None = None
        self.kept = KeptPlaces()
        self.lesson = TaughtPlaces(self.kept)
        self.view: EncodedView | None = None
        #: What lies on the map in place of the view.
        self.region: xr.Dataset | None = None
        #: Fields that were read last.
        self.fields: Fields | None = None
        self.colours: dict[str, str] = {}
        self._callbacks: list[Callable[[str], None]] = []
        self.question = Question(model, task, prompts)

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Call ``callback(what)`` after every change."""
        self._callbacks.append(callback)

    def _changed(self, *changes: str) -> None:
        """Tell everybody of every change; what fails there keeps nothing from the others, and is raised in the end."""
        problems = []
        for what in changes:
            for callback in self._callbacks:
                try:
                    callback(what)
                except Exception as problem:  # noqa: BLE001 - raised below
                    problems.append(problem)
        if problems:
            raise problems[0]

    # A click, in two steps: asking may take long and can run on any thread, reading is quick.

    def asking(self) -> str:
        """What the source says of the request under way, and how many it has sent; empty when it says nothing."""
        state, sent = getattr(self.source, "state", ""), getattr(self.source, "requests", None)
        return (
            f"{self.source.name}: {state} ({sent} requests sent so far)"
            if state and sent is not None
            else state
        )

    def stop_asking(self) -> None:
        """Let go of the request under way, where the source can."""
        cancel = getattr(self.source, "cancel", None)
        if cancel is not None:
            cancel()

    def ask(self, lon: object, lat: object, year: int | None = None) -> PixelSeries:
        """The series of a place from the source, in one request; ValueError in words when there is none.

        Args:
            lon: degrees.
            lat: degrees.
            year: None: that which is read.

        Returns:
            The series.
        """
        x, y = check_place(lon, lat)  # type: ignore[arg-type]
        self.check_inside(x, y)
        year = self.year if year is None else year_of(self.source, year)
        series = self.source.pixel(x, y, year=year)
        if not series.valid.any():
            raise NothingSeen(
                f"no month of {year} has a clear observation at {x:.5f}, {y:.5f}. "
                "Choose a place nearby or another year."
            )
        return series

    def check_inside(self, x: float, y: float) -> None:
        """ValueError in words for a place that the source does not cover."""
        check_inside(self.source, x, y)

    def read(self, series: PixelSeries) -> Answer:
        """Encode a series and score it against the words: the new ``result``."""
        draw = getattr(self.source, "views", None)
        self._draw = partial(draw, series.lon, series.lat, series.year) if draw else None
        self.result = self._answer(series)
        self._changed("answer")
        return self.result

    def _answer(self, series: PixelSeries) -> Answer:
        """What the words say of a series of the source."""
        vector, name = self.model.encode(series)[0], getattr(self.source, "cover_type", None)
        cover_type = name(series.lon, series.lat, series.year) if name else None
        blank = Answer(series, np.asarray(vector), (), np.empty(0), "", cover_type, self.simulated)
        return self._scored(blank)

    def _scored(self, answer: Answer) -> Answer:
        """The answer by the words as they are, and which of what taught them was read from other data."""
        others = [n for n in self.lesson.labels if self.kept[n].series.source != answer.series.source]
        return replace(answer.scored(self.question), taught_elsewhere=tuple(others))

    def click(self, lon: object, lat: object) -> Answer:
        """Ask and read."""
        return self.read(self.ask(lon, lat))

    def years_there(self, cancelled: Callable[[], bool] = lambda: False) -> list[PixelSeries]:
        """The last answer's place in every year of the source; years without a clear month are left out.

        Args:
            cancelled: asked before each year.

        Returns:
            A series a year.

        Raises:
            ValueError: before the first click.
        """
        if self.result is None:
            raise ValueError("there is no place to compare yet. Click the map first.")
        return every_year(self.source, self.result.series, cancelled)

    def views(self, month: int) -> Sequence[np.ndarray]:
        """Ground views of the last answer's place in a month.

        Args:
            month: 1 to 12.

        Returns:
            North, east, south, west: (height, width, 3) uint8 each. None for sources that cannot draw them: the sample
            can.
        """
        return self._draw(month=month) if self._draw else ()

    # Words

    @property
    def words(self) -> ZeroShot:
        """The classifier."""
        return self.question.words

    @property
    def classes(self) -> list[str]:
        """The names that are scored, in order."""
        return self.question.classes

    @property
    def task(self) -> str:
        """A name of ``timesen_nb.tasks``, or what stands for your own words."""
        return self.question.task

    @property
    def prompts(self) -> str:
        """The prompt style."""
        return self.question.prompts

    def use(self, task: Task | str | Sequence[str]) -> None:
        """Score a task, the classes of one by its name, or your own classes; ValueError for what is none of these."""
        if isinstance(task, str) or hasattr(task, "descriptions"):
            self.question.ask(task)
            self._rescore()
            return
        if not isinstance(task, Iterable):
            raise ValueError(f"the words given are {task!r}; expected a task, its name, or a list of words.")
        names = list(task)
        wrong = [name for name in names if not isinstance(name, str) or len(lines_of(name)) != 1]
        if wrong:
            raise ValueError(f"a class given is {wrong[0]!r}; expected words, in one line each.")
        self.use_words("\n".join(names))

    def use_words(self, text: str) -> None:
        """Score your own classes, one a line; nothing is fetched again. ValueError as :func:`listed` says.

        Those of a task are your own as well: a task puts them to the model in sentences of its own.
        """
        lines = listed(text)
        if not self.question.own or lines != self.question.untaught:
            self.question.ask(lines)
            self._rescore()

    def use_prompts(self, style: str) -> None:
        """Choose how classes become sentences: "names", "template" or "descriptions"."""
        self.question.restyle(style)
        self._rescore()

    def _rescore(self) -> None:
        changes = ["words"]
        if self.result is not None:
            self.result = self._scored(self.result)
            changes.append("answer")
        if self.view is not None:
            changes.append("view")
        self._changed(*changes)

    def colours_of(self, classes: Sequence[str]) -> list[str]:
        """Colours of classes as #RRGGBB: those that somebody chose, else those of every other map."""
        usual = class_colours(classes)
        return [self.colours.get(name, colour) for name, colour in zip(classes, usual, strict=True)]

    def recolour(self, name: str, colour: str) -> None:
        """Draw a class in another colour, #RRGGBB."""
        self.colours[name] = colour.upper()
        self._changed("view")

    # Where reflectance comes from

    @property
    def simulated(self) -> bool:
        """Whether what is read is a simulation."""
        return bool(getattr(self.source, "simulated", False))

    @property
    def bundled(self) -> str | None:
        """The name of the bundled source that is read: "flanders" or "sample"; None for other sources."""
        return self.shared if self.shared in BUNDLED else None

    @property
    def shared(self) -> str | None:
        """The name by which everybody can open what is read: of a bundled source, or of an open catalog."""
        return getattr(self.source, "known_as", None)

    @property
    def marks(self) -> tuple[str, str]:
        """What tells the model, and the file that is read, from others of the same name; "" for what has no such."""
        of_model, of_data = self.words.fingerprint, getattr(self.source, "fingerprint", "")
        return (of_model()[:MARK] if of_model else ""), of_data[:MARK]

    def use_source(self, source: Source) -> None:
        """Read other data from now on; the answer of a place of the old ones goes."""
        check_opened("source", source, "pixel", 'tn.open_source("flanders")')
        # the year of a sample says nothing of what is wanted of the whole Earth; that of another such source does
        same_reach = source.bounds is not None or self.source.bounds is None
        kept = same_reach and (self.year in source.years or not source.years)
        self.year = year_of(source, self.year if kept else None)
        self.source, self.view, self.result = source, None, None
        self._changed("source")

    def use_year(self, year: int) -> None:
        """Read another year from now on; ValueError when the source has not got it."""
        self.year = year_of(self.source, year)
        self.view = None
        self._changed("source")

    # Keeping, and mapping a view

    def keep(self) -> int:
        """Keep the last answer; its number comes back. ValueError before the first click."""
        if self.result is None:
            raise ValueError("there is no answer to keep yet. Click the map first.")
        number = self.kept.add(self.result)
        self._changed("kept")
        return number

    def keep_again(self, places: Sequence[tuple[PixelSeries, str]]) -> list[str]:
        """Keep places that were kept before, as the words are now; one that is kept already gets the label.

        Args:
            places: what was read, and what somebody says stands there, or "".

        Returns:
            What could not be kept or labelled, and why: too many places, or what is no label.
        """
        problems, new = [], []
        for series, label in places:
            try:
                number = self.kept.number_of(series)
                if number is None:
                    new.append(number := self.kept.add(self._answer(series)))
                if label:
                    self.lesson.label(number, label)
            except ValueError as problem:
                problems.append(f"{series.lon:.4f}, {series.lat:.4f}: {problem}")
        if self.lesson.labels:
            self._teach()
            self.kept.rescore(new, self.question)
        self._changed("kept")
        return problems

    def forget(self, number: int) -> None:
        """Remove a kept place, and what it taught."""
        self.kept.remove(number)
        taught = self.lesson.labels.pop(number, None)
        self._changed("kept")
        if taught:
            self._teach()

    def label(self, number: int, label: str) -> None:
        """Say what stands at a kept place: the words move to the labels as they come.

        Args:
            number: of the place.
            label: one of the classes, or a new word, which becomes a class; "" takes the label away.

        Raises:
            ValueError: no such place, or what is no label; the label of before stays.
        """
        before = dict(self.lesson.labels)
        try:
            self.lesson.label(number, label)
            self._teach()
        except ValueError:
            self.lesson.labels.clear()
            self.lesson.labels.update(before)
            raise
        finally:
            self._changed("kept")

    def _teach(self, ready: Taught | None = None) -> None:
        self.question.learn(self.lesson.places.numbered, ready)
        self._rescore()

    def taught(self, places: LabelledPlaces) -> Taught:
        """What the places of a file will make of the words; runs on any thread."""
        return self.question.taught(self.lesson.beside(places).numbered)

    def learn(self, places: LabelledPlaces | None, ready: Taught | None = None) -> None:
        """Teach the words by the places of a file as well, in place of those before; None forgets them.

        Args:
            places: of the file.
            ready: what :meth:`taught` gave for them, which spares the work.
        """
        before, self.lesson.loaded = self.lesson.loaded, places
        try:
            self._teach(ready)
        except ValueError:
            self.lesson.loaded = before
            self._teach()
            raise
        self._changed("kept")

    def encode(
        self,
        view: View,
        progress: Progress = lambda done, part: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> EncodedView:
        """Vectors of every pixel of a view; the view encoded last is used again. Runs on any thread."""
        if self.view is not None and self.view.view == view:
            return self.view
        cube = self.source.cube(view.bbox, year=view.year)
        if bundled := bundled_view(self.model, self.source, cube, view):
            return bundled
        return encode_view(self.model, cube, view, progress, cancelled)

    def show(self, encoded: EncodedView) -> None:
        """Make an encoded view the one that is shown."""
        self.view = encoded
        self._changed("view")
