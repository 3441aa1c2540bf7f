"""The click map: a map beside a panel, wired to a :class:`Session`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from timesen_nb.series import PixelSeries, check_place
from timesen_nb.sources import Source
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.answer_panel import AnswerPanel
from timesen_nb.widgets.background import Job, Latest
from timesen_nb.widgets.controls import DataControl, MonthControl, ViewControl, WordsControl, open_named
from timesen_nb.widgets.kept_panel import KeptPanel
from timesen_nb.widgets.landscape import Landscape
from timesen_nb.widgets.layers import probability_picture
from timesen_nb.widgets.page import columns, heading, style_sheet, tabs
from timesen_nb.widgets.scene_map import SceneMap
from timesen_nb.widgets.session import OWN_WORDS, Session
from timesen_nb.widgets.view import BBox, Cancelled, EncodedView, View, visible

if TYPE_CHECKING:
    from timesen_nb.tasks import Task
    from timesen_nb.timesenclip import TimeSenCLIP

log = logging.getLogger(__name__)

DOUBLE_CLICK = 0.5  # seconds: a second click on the same spot within this is the same click
READY = "Click the map, or type a place."


class ClickMap(w.VBox):
    """A map to click beside a panel that answers: probabilities of your words, and the year behind them.

    model: from ``timesen_nb.load``. source: from ``timesen_nb.open_source``. task: a task, its name, or your
    own classes. prompts: "descriptions", "template" or "names". year: default 2018, or the newest the source
    has.

    Nothing raises into the page: what fails is written in the panel and in ``error``, the last good answer
    stays in ``result``, and faults of the program also go to the log ``timesen_nb.widgets``.
    """

    def __init__(
        self,
        model: TimeSenCLIP,
        source: Source,
        task: Task | str | Sequence[str] = "land_cover",
        prompts: str = "descriptions",
        year: int | None = None,
    ) -> None:
        self.session = Session(model, source, task, prompts, year)
        self._error: str | None = None
        self._status = READY
        self._clicks, self._views = Latest(), Latest()
        self._last: tuple[tuple[float, float], float] | None = None

        self.map = SceneMap(source.bounds)
        self.panel = AnswerPanel()
        self.month = MonthControl()
        self.words = WordsControl(self.session, _task_names())
        self.view = ViewControl(self.session)
        self.data = DataControl(self.session)
        self.kept = KeptPanel(self.session.kept, self._safely(self.session.forget))
        self._landscape = Landscape(self.map, self.month)
        pages = {"Words": self.words, "Map this view": self.view, "Kept places": self.kept, "Data": self.data}
        left, right = [self.map, self.month, tabs(pages)], [self.panel]
        super().__init__([style_sheet(), heading(), columns(left, right)])
        self.add_class("tn-app")
        self._wire()
        self._say(READY)
        with self._shown():
            self._landscape.load(source, self.session.year)

    def __repr__(self) -> str:
        said = f"{self.result.top}" if self.result else "nothing clicked yet"
        return f"<ClickMap of {self.session.source.name}, {self.session.year}, {self.session.task}: {said}>"

    # What Python sees

    @property
    def result(self) -> Answer | None:
        """The last good answer, or None before the first."""
        return self.session.result

    @property
    def status(self) -> str:
        """The state in words, as the panel shows it."""
        return self._status

    @property
    def error(self) -> str | None:
        """What went wrong last, in words; None after a success."""
        return self._error

    @property
    def busy(self) -> bool:
        """Whether a click is waiting for its source."""
        return self._clicks.busy

    @property
    def text(self) -> str:
        """Everything the panel says."""
        return self.panel.text

    def click(self, lon: float, lat: float) -> Answer | None:
        """Do what a click does, and wait: the answer is returned, or None when ``error`` says why not."""
        self._click(lon, lat, patient=True)
        return self.result if self._error is None else None

    def keep(self) -> None:
        """Do what the button "Keep this place" does."""
        with self._shown():
            self.session.keep()

    def map_view(self, class_name: str | None = None, bbox: BBox | None = None) -> EncodedView | None:
        """Do what "Map this view" does, and wait; ``bbox`` (degrees) stands in for what the page shows."""
        if class_name is not None:
            with self._shown():
                if class_name not in self.session.classes:
                    raise ValueError(
                        f"class given: {class_name!r}; expected one of {', '.join(self.session.classes)}."
                    )
                self.view.class_name.value = class_name
            if self._error:
                return None
        self._map_view(bbox, patient=True)
        return self.session.view if self._error is None else None

    def cancel(self) -> None:
        """Do what the cancel buttons do: stop waiting for the source, stop reading the view."""
        if self._clicks.cancel():
            self._say("Cancelled. " + READY)
        if self._views.cancel():
            self.view.idle("cancelled")

    def export(self, path: str | Path) -> Path:
        """Write the kept places as .csv or .geojson; ValueError for another suffix or nothing kept."""
        return self.session.kept.export(path)

    # How it looks

    def _say(self, status: str, busy: bool = False) -> None:
        self._status = status
        self.panel.say(status, busy)

    def _fail(self, problem: str) -> None:
        self._error = problem
        self.panel.fail(problem)
        self._say("That did not work; the last answer stays." if self.result else "That did not work.")

    def _well(self) -> None:
        self._error = None
        self.panel.fail(None)

    @contextmanager
    def _shown(self) -> Iterator[None]:
        """What fails inside is shown in the panel: widget callbacks swallow exceptions."""
        try:
            yield
        except Cancelled:
            self._say("Cancelled. " + READY)
        except ValueError as problem:
            log.info("shown in the panel: %s", problem)
            self._fail(str(problem))
        except Exception as problem:
            log.exception("a fault, shown in the panel")
            self._fail(f"{type(problem).__name__}: {problem}. This is a fault of the program or the source.")

    def _safely(self, action: Callable[..., Any]) -> Callable[..., None]:
        def call(*args: Any) -> None:
            with self._shown():
                action(*args)

        return call

    # How it is wired: page -> session, session -> page

    def _wire(self) -> None:
        def on_value(widget: w.Widget, action: Callable[[Any], Any]) -> None:
            safe = self._safely(action)
            widget.observe(lambda change: safe(change["new"]), names="value")

        self.session.watch(self._changed)
        self.map.on_interaction(self._on_map)
        on_value(self.panel.place, self._typed)
        self.panel.go.on_click(lambda _: self._safely(self._typed)(self.panel.place.value))
        self.panel.stop.on_click(lambda _: self.cancel())
        self.panel.keep.on_click(lambda _: self.keep())
        on_value(self.words.task, self._use_task)
        on_value(self.words.prompts, self._use_prompts)
        on_value(self.words.words, self._use_words)
        self.view.start.on_click(lambda _: self._map_view(None, patient=False))
        self.view.stop.on_click(lambda _: self.cancel())
        on_value(self.view.class_name, lambda _: self._draw_layer())
        on_value(self.view.opacity, self.map.fade_layer)
        on_value(self.data.source, self._use_source)
        on_value(self.data.path, lambda _: self._use_source("file"))
        on_value(self.data.year, self._use_year)
        on_value(self.month.month, lambda _: self._landscape.draw())

    def _changed(self, what: str) -> None:
        if what == "answer":
            self._draw_answer()
        elif what == "words":
            self.words.show(self.session)
            self.view.show(self.session)
            self._well()
        elif what == "view":
            self._draw_layer()
        elif what == "kept":
            self.kept.show()
            self.map.number({number: (a.lon, a.lat) for number, a in self.session.kept})
        elif what == "source":
            self.data.show(self.session)

    # Clicks

    def _on_map(self, **event: Any) -> None:
        if event.get("type") != "click":
            return
        lat, lon = event["coordinates"]
        self._once(lon if -180 <= lon <= 180 else (lon + 180) % 360 - 180, lat)  # the map repeats itself

    def _typed(self, text: str) -> None:
        """Read a place typed as "lon, lat"; the box also shows the place of the last answer."""
        if self.result is not None and text == _place(self.result) and self._error is None:
            return
        parts = text.replace(",", " ").replace(";", " ").split()
        if len(parts) != 2:
            raise ValueError(
                f"the place given is {text[:60]!r}; expected two numbers, longitude first, as in 4.35, 50.85."
            )
        self._once(*check_place(*parts))  # type: ignore[arg-type]

    def _once(self, lon: float, lat: float) -> None:
        """A click of the page; the second half of a double click is dropped."""
        place = (lon, lat)
        if (
            self._last is not None
            and self._last[0] == place
            and time.monotonic() - self._last[1] < DOUBLE_CLICK
        ):
            return
        self._last = (place, time.monotonic())
        self._click(lon, lat, patient=False)
        self._last = (place, time.monotonic())

    def _click(self, lon: float, lat: float, patient: bool) -> None:
        self._say(f"Asking {self.session.source.name} for {self.session.year}…", busy=True)
        self._clicks.start(lambda job: self.session.ask(lon, lat), self._answered, patient)

    def _answered(self, future: Future[PixelSeries]) -> None:
        with self._shown():
            self.session.read(future.result())

    def _draw_answer(self) -> None:
        answer = self.session.result
        assert answer is not None
        self._well()
        self.panel.show(answer)
        self.map.mark(answer.lon, answer.lat)
        self.panel.place.value = _place(answer)
        self._say("Read. Click another place, change the words, or keep this one.")

    # Words

    def _use_task(self, name: str) -> None:
        if name != self.session.task and name != OWN_WORDS:
            self.session.use_task(name)

    def _use_prompts(self, style: str) -> None:
        if style != self.session.prompts:
            self.session.use_prompts(style)

    def _use_words(self, text: str) -> None:
        started = time.perf_counter()
        self.session.use_words(text)
        self._well()
        # A large text tower is too slow for every keystroke: then the box reports when it is left.
        self.words.words.continuous_update = time.perf_counter() - started < 0.2

    # Map this view

    def _map_view(self, bbox: BBox | None, patient: bool) -> None:
        with self._shown():
            source = self.session.source
            seen = bbox or self.map.seen() or source.bounds
            if seen is None:
                raise ValueError(
                    "the page has not said yet what it shows. Open the map, or give bbox=(west, south, east, "
                    "north) in degrees."
                )
            view = visible(seen, source.bounds, self.session.year, source.name)
            self._well()
            self.view.working(0.0)
            self._views.start(lambda job: self._encode(view, job), self._encoded, patient)

    def _encode(self, view: View, job: Job[EncodedView]) -> EncodedView:
        def progress(share: float) -> None:
            if not job.cancelled.is_set():
                self.view.working(share)

        return self.session.encode(view, progress, job.cancelled.is_set)

    def _encoded(self, future: Future[EncodedView]) -> None:
        self.view.idle()
        with self._shown():
            encoded = future.result()
            self._landscape.offer(encoded.cube)
            self.session.show(encoded)
            self.view.idle(f"{len(encoded.vectors):,} pixels read")

    def _draw_layer(self) -> None:
        encoded = self.session.view
        if encoded is not None:
            index = self.session.classes.index(self.view.class_name.value)
            share = encoded.probabilities(self.session.words)[..., index]
            self.map.draw_layer(probability_picture(share, encoded.cube), self.view.opacity.value)

    # Data

    def _use_source(self, choice: str) -> None:
        self.data.path.layout.display = "" if choice == "file" else "none"
        if choice == "opened" or (choice == "file" and not self.data.path.value.strip()):
            return
        self._say("Opening the source…", busy=True)
        self._clicks.start(lambda job: open_named(choice, self.data.path.value), self._opened)

    def _opened(self, future: Future[Source]) -> None:
        with self._shown():
            self.session.use_source(future.result())
            self.map.frame(self.session.source.bounds)
            self._well()
            self._say(READY)
            self._landscape.load(self.session.source, self.session.year)

    def _use_year(self, year: int | None) -> None:
        if year is None or year == self.session.year:
            return
        self.session.use_year(year)
        self.map.hide_layer()
        self._landscape.load(self.session.source, self.session.year)
        if self.result is not None:
            self._click(self.result.lon, self.result.lat, patient=False)


def _place(answer: Answer) -> str:
    return f"{answer.lon:.5f}, {answer.lat:.5f}"


def _task_names() -> list[str]:
    from timesen_nb.tasks import tasks

    return list(tasks)
