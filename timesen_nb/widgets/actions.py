"""What happens when somebody does something: from the page to the session, and from the session to the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import ipywidgets as w

from timesen_nb.series import PixelSeries
from timesen_nb.sources import BUNDLED, Source, open_source
from timesen_nb.sources.retry_policy import RequestFailed
from timesen_nb.widgets.address import PageAddress
from timesen_nb.widgets.alike_panel import OUTDATED
from timesen_nb.widgets.background import Latest
from timesen_nb.widgets.base_layer import BaseLayer
from timesen_nb.widgets.link import Link
from timesen_nb.widgets.messages import READY, READY_ANYWHERE, Offer
from timesen_nb.widgets.place_reader import PlaceReader
from timesen_nb.widgets.question import OWN_WORDS, STARTER, lines_of
from timesen_nb.widgets.scene_map import OTHER
from timesen_nb.widgets.screen import Screen
from timesen_nb.widgets.session import Session
from timesen_nb.widgets.take_up import take_up
from timesen_nb.widgets.view import made_beforehand
from timesen_nb.widgets.view_layer import ViewLayer

QUICK = 0.2  # processor seconds: words that take longer are not scored letter by letter


class Actions:
    """Wires a screen to a session.

    Args:
        session: what is known.
        screen: what is seen.
    """

    def __init__(self, session: Session, screen: Screen) -> None:
        self._session, self._screen, self._messages = session, screen, screen.messages
        self.landscape = BaseLayer(screen.map, screen.time, self._messages)
        self.layer = ViewLayer(
            session, screen.map, screen.view, screen.legend, self.landscape, screen.alike, self._messages
        )
        self.jobs = Latest()  # reading a place: the newest counts
        self.opening = Latest()  # a source
        self.places = PlaceReader(
            session, screen.map, screen.panel, self._messages, self.jobs, self.landscape
        )
        self.address = PageAddress(session, screen)
        self._showing = False
        self._wire()

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return (
            self.jobs.busy
            or self.landscape.busy
            or self.opening.busy
            or self.address.again.busy
            or self.layer.busy
            or self._screen.fields.busy
            or self._screen.teach.busy
        )

    def _wire(self) -> None:
        safely, screen = self._messages.safely, self._screen
        panel, words, view, clock = screen.panel, screen.words, screen.view, screen.time

        def on_value(widget: w.Widget, action: Callable[[Any], Any]) -> None:
            def act(change: dict[str, Any]) -> None:
                if not self._showing:
                    safely(action)(change["new"])

            widget.observe(act, names="value")

        def on_button(button: w.Button, action: Callable[[], Any]) -> None:
            safe = safely(action)
            button.on_click(lambda _: safe())

        self._session.on_change(self._changed)
        screen.map.on_interaction(lambda **event: safely(self._clicked)(event))
        screen.map.on_interaction(lambda **event: safely(self.layer.hovered)(event))
        on_value(panel.place, self.places.typed)
        on_button(panel.go, lambda: self.places.typed(panel.place.value))
        on_button(panel.stop, self.cancel)
        on_button(panel.keep, self.keep)
        on_button(panel.year.changes, self.compare_years)
        panel.year.on_month(lambda month: setattr(clock.month, "value", month))
        on_value(words.task, self.use_task)
        on_value(words.prompts, self.use_prompts)
        on_value(words.words, lambda text: self._typed(words.typed(text)))
        on_value(words.lit, self._light)
        words.on_try(safely(self.use_words))
        on_button(view.start, lambda: self.layer.start(None, patient=False))
        on_button(view.stop, self.cancel)
        on_value(panel.guess.on, self.layer.veil)
        on_value(view.choice, lambda _: self.layer.choose())
        on_value(view.opacity, self.layer.fade)
        screen.alike.on_found(self.layer.draw_likeness)
        on_button(screen.data.go, lambda: self.use_source(screen.data.wanted()))
        on_value(screen.map.switch, self._switch)
        on_value(clock.year, self.use_year)
        on_value(clock.month, lambda _: self.use_month())
        on_value(clock.layer, lambda _: self._use_layer())
        panel.year.mark(clock.month.value)

    def _clicked(self, event: dict[str, Any]) -> None:
        """A click is a corner while a field is drawn, else a place."""
        fields = self._screen.fields
        (fields.clicked if fields.drawing else self.places.clicked)(event)

    def _changed(self, what: str) -> None:
        """Show what changed in the session; the widgets that are set here are not answered as if a person had."""
        outer, self._showing = self._showing, True
        try:
            self._show(what)
        finally:
            self._showing = outer

    def _show(self, what: str) -> None:
        session, screen = self._session, self._screen
        screen.take.forget()
        if what in ("words", "kept"):
            screen.teach.show()
            screen.alike.show()
        if what == "answer":
            self.address.answered()
        elif what == "source":
            self.address.leave()
        if what in ("answer", "words", "source", "kept"):
            self.address.tell()
        if what == "answer":
            self.places.draw()
        elif what == "words":
            screen.words.show(session)
            screen.view.show(session)
            screen.fields.show()
        elif what == "view":
            self.layer.draw()
        elif what == "kept":
            screen.kept.show()
            screen.map.number({number: (a.lon, a.lat) for number, a in session.kept})
        elif what == "source":
            screen.map.switch.value = session.bundled
            screen.fields.forget()
            screen.data.show(session)
            screen.time.show(session)
            # what was read of the source before is not to lie over this one
            self.layer.cancel()
            screen.view.idle()
            self.layer.draw()
            if session.result is not None:
                screen.panel.head(session.result, session.year)
        if screen.alike.outdated:
            self.layer.draw()
            screen.alike.forget(OUTDATED)

    def follow(self, link: Link) -> None:
        """Take up what an address says; the place is read behind the page."""
        take_up(link, self, self._session, self._screen)

    # Words

    def use_task(self, name: str) -> None:
        """Score a task; "your own words" begin with a list of their own."""
        if name == OWN_WORDS:
            if not self._session.question.own:
                self.use_words("\n".join(STARTER))
        elif name != self._session.task:
            self._session.use(name)
            self._messages.well()
            self._light_up()

    def use_prompts(self, style: str) -> None:
        """Put the words to the model in another style."""
        if style != self._session.prompts:
            self._session.use_prompts(style)
            self._messages.well()

    def _typed(self, text: str) -> None:
        """What somebody typed; a blank beside the words of a task leaves it a task."""
        if not self._session.question.own and lines_of(text) == self._session.question.untaught:
            self._messages.well()
        else:
            self.use_words(text)

    def use_words(self, text: str) -> None:
        """Score words, one a line, and light up the map by them."""
        # of the processor: other work on the machine does not make a tower a large one
        started = time.process_time()
        self._session.use_words(text)
        # A large text tower is too slow for every keystroke: then the box messages when it is left. Reading a view,
        # which may begin here, is done once, and is no cost of a keystroke.
        self._screen.words.follow(time.process_time() - started < QUICK)
        self._messages.well()
        self._light_up()

    def _light_up(self) -> None:
        if self._screen.words.lit.value:
            self.layer.light_up()

    def begin(self) -> None:
        """Draw the source, and light it up by the words where that means no work: vectors come with the real sample."""
        session = self._session
        self.landscape.load(session.source, session.year)
        if made_beforehand(session.model, session.source) is not None:
            self._light_up()

    def _light(self, wanted: bool) -> None:
        self.layer.shown(wanted)
        self._light_up()

    # Data

    def _switch(self, name: str | None) -> None:
        if name == OTHER:
            self._screen.map.switch.value = self._session.bundled
            self._screen.turn_to_data()
        elif name is not None and name != self._session.bundled:
            self.use_source(lambda: open_source(name))

    def use_source(
        self, opening: Callable[[], Source], then: Callable[[bool], None] = lambda opened: None
    ) -> None:
        """Open a source behind the page and read it from then on.

        Args:
            opening: opens it, on any thread.
            then: called when it is open, or was said why it is not.
        """
        self.stop_opening()
        self._messages.well()
        self._messages.say("Opening the source…", busy=True)

        def deliver(future: Future[Source]) -> None:
            self._opened(future, again=lambda: self.use_source(opening, then))
            then(future.exception() is None and future.result() is self._session.source)

        self.opening.start(lambda job: opening(), deliver)

    def stop_opening(self) -> bool:
        """Let go of the source that is being opened, and of the address that waits for it; True when there was one."""
        stopped = self.opening.cancel()
        if stopped:
            self.address.wait()
        return stopped

    def _opened(self, future: Future[Source], again: Callable[[], None]) -> None:
        with self._messages.shown(again):
            try:
                source = future.result()
            except (ValueError, OSError) as problem:
                if self._session.bundled == BUNDLED[0] or isinstance(problem, RequestFailed):
                    raise
                raise Offer(
                    str(problem), "Back to the real sample", lambda: self._switch(BUNDLED[0])
                ) from problem
            self.open(source)

    def open(self, source: Source) -> None:
        """Read a source from now on."""
        self._session.use_source(source)
        # what was asked of the data before is no answer of these
        self.places.cancel()
        self._screen.map.show_source(source.bounds, self._session.simulated)
        self._screen.panel.clear()
        self.ready()
        self.landscape.load(source, self._session.year)
        self._light_up()
        self.address.opened()

    def ready(self) -> None:
        """Nothing is wrong, and something can be done."""
        self._messages.well()
        self._messages.say(READY if self._session.source.bounds else READY_ANYWHERE)

    def keep(self) -> None:
        """Keep the last answer."""
        self._messages.well()
        self._session.keep()

    # Time

    def use_year(self, year: int | None, patient: bool = False) -> None:
        """Read another year, of the same place where one was asked for."""
        if year is None or year == self._session.year:
            return
        self._session.use_year(year)
        self.landscape.load(self._session.source, self._session.year)
        self._light_up()
        self.places.read_again(patient)

    def _use_layer(self) -> None:
        self.landscape.draw()
        self.address.tell()

    def use_month(self) -> None:
        """Show the month that was chosen: on the map, in the chart, on the ground."""
        self._screen.panel.year.mark(self._screen.time.month.value)
        self.places.show_views()
        self.landscape.draw()

    def compare_years(self) -> None:
        """Read every year of the last answer's place, and draw them over each other."""
        self._messages.well()
        self._messages.say("Reading the other years of this place…", busy=True)
        self.jobs.start(lambda job: self._session.years_there(job.cancelled.is_set), self._compared)

    def _compared(self, future: Future[list[PixelSeries]]) -> None:
        with self._messages.shown(again=self.compare_years):
            self._screen.panel.year.show_years(future.result())
            self._messages.say("Year by year: what changed?")

    def cancel(self) -> None:
        """Stop waiting for the source, stop reading the view."""
        if self.stop_opening():
            self._messages.cancelled()
        stopped = self.places.cancel() | self._screen.fields.cancel() | self._screen.teach.cancel()
        if stopped | self.address.again.cancel():
            self._session.stop_asking()
            self._messages.cancelled()
        self.layer.cancel()
