"""From a place to its answer: a click, coordinates or a name, the wait for the source, what the panel shows then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from timesen_nb.series import PixelSeries
from timesen_nb.sources.coordinates import read_coordinates
from timesen_nb.sources.gazetteer import NamedPlace, find_place
from timesen_nb.widgets.answer_panel import AnswerPanel
from timesen_nb.widgets.background import Latest
from timesen_nb.widgets.base_layer import BaseLayer
from timesen_nb.widgets.coverage import NothingSeen
from timesen_nb.widgets.messages import Messages, Offer
from timesen_nb.widgets.outline import outline
from timesen_nb.widgets.page_words import for_the_page
from timesen_nb.widgets.scene_map import NEAR, SceneMap
from timesen_nb.widgets.session import Session

FOLLOWED = 0.3  # seconds between two questions what a source says of a request
DOUBLE_CLICK = 0.5  # seconds: a second click on the same spot within this is the same click


class PlaceReader:
    """Reads one place at a time off the page's thread; a newer one takes the older one's place.

    jobs: what else must not run beside a click (opening a source) goes there too. landscape: whose pixels are seen.
    """

    def __init__(
        self,
        session: Session,
        scene_map: SceneMap,
        panel: AnswerPanel,
        messages: Messages,
        jobs: Latest,
        landscape: BaseLayer,
    ) -> None:
        self._session, self._map, self._panel, self._messages = session, scene_map, panel, messages
        self._jobs, self._landscape = jobs, landscape
        self._asked: tuple[float, float] | None = None  # a place that has no answer yet
        self._looked: tuple[PixelSeries, int] | None = None
        self._last: tuple[tuple[float, float], float] | None = None

    def clicked(self, event: dict[str, Any]) -> None:
        """What the map tells; only clicks count."""
        if event.get("type") == "click":
            lat, lon = event["coordinates"]
            self._once(lon if -180 <= lon <= 180 else (lon + 180) % 360 - 180, lat)  # the map repeats itself

    def typed(self, text: str) -> None:
        """Read a place typed in coordinates, or go to one typed by its name; ValueError for anything else."""
        try:
            place = read_coordinates(text)
            if place is not None:
                self._session.check_inside(*place)
        except ValueError as problem:
            meant = self._other_way_round(text)
            if meant is None:
                raise
            words = ", ".join(str(round(degrees, 5)) for degrees in meant)
            raise Offer(
                f"{text.strip()[:60]} is outside, longitude first. Did you mean {words}?", f"Read {words}",
                lambda: self._go(*meant),
            ) from problem  # fmt: skip
        if place is None:
            self.find(text, patient=False)
        else:
            self._go(*place)

    def _go(self, lon: float, lat: float) -> None:
        self._map.come_near(lon, lat)
        self._once(lon, lat)

    def _other_way_round(self, text: str) -> tuple[float, float] | None:
        """The place that two numbers are with the latitude first, if it can be read."""
        try:
            place = read_coordinates(text, latitude_first=True)
            if place is not None:
                self._session.check_inside(*place)
        except ValueError:
            return None
        return place

    def find(self, name: str, patient: bool) -> None:
        """Look a name up and go there; what to read there is for whoever looks at it to choose."""
        self._asked = None
        self._messages.well()
        self._messages.say(f"Looking up {str(name).strip()[:60]}…", busy=True)

        def deliver(future: Future[NamedPlace]) -> None:
            self._found(future, again=lambda: self.find(name, patient=False))

        self._jobs.start(lambda job: find_place(name), deliver, patient)

    def _found(self, future: Future[NamedPlace], again: Callable[[], None]) -> None:
        with self._messages.shown(again):
            place = future.result()
            self._session.check_inside(place.lon, place.lat)
            west, south, east, north = place.bounds
            self._map.go_to(
                (
                    min(west, place.lon - NEAR),
                    min(south, place.lat - NEAR),
                    max(east, place.lon + NEAR),
                    max(north, place.lat + NEAR),
                )
            )
            self._messages.say(f"{place.name}. Click a place there.")

    def _once(self, lon: float, lat: float) -> None:
        """A click of the page; the second half of a double click is dropped."""
        place = (lon, lat)
        if self._last and self._last[0] == place and time.monotonic() - self._last[1] < DOUBLE_CLICK:
            return
        self._last = (place, time.monotonic())
        self.read(lon, lat, patient=False)
        self._last = (place, time.monotonic())

    def read(self, lon: float, lat: float, patient: bool, after: Callable[[], None] = lambda: None) -> None:
        """Ask the source for a place and show the answer.

        Args:
            lon: degrees.
            lat: degrees.
            patient: whether to wait for it.
            after: called when it is shown, or was said why it is not.
        """
        session, self._asked = self._session, (lon, lat)
        self._messages.say(f"Asking {session.source.name} for {session.year}…", busy=True)

        def deliver(future: Future[PixelSeries]) -> None:
            self._answered(future, again=lambda: self.read(lon, lat, patient=False))
            after()

        if not self._jobs.start(lambda job: session.ask(lon, lat), deliver, patient):
            self._follow()

    def read_again(self, patient: bool) -> None:
        """Read the place that is being read, or had no clear month; else that of the last answer, if there is one."""
        answer = self._session.result
        place = self._asked or ((answer.lon, answer.lat) if answer else None)
        if place:
            self.read(*place, patient)

    def cancel(self) -> bool:
        """Stop waiting for a place; True when there was one, or something else in its stead."""
        self._asked = None
        return self._jobs.cancel()

    def _follow(self) -> None:
        """While a source works, show what it says of its request."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no page listens
            return

        async def tell() -> None:
            while self._jobs.busy:
                if said := self._session.asking():
                    self._messages.say(for_the_page(said), busy=True)
                await asyncio.sleep(FOLLOWED)

        self._following = loop.create_task(tell())

    def _answered(self, future: Future[PixelSeries], again: Callable[[], None]) -> None:
        if not isinstance(future.exception(), NothingSeen):
            self._asked = None
        with self._messages.shown(again):
            series = future.result()
            self._messages.well()
            self._session.read(series)
            self._messages.say("Read. Click another place, change the words, or keep this one.")

    def draw(self) -> None:
        """Show the session's answer in the panel and on the map."""
        answer = self._session.result
        assert answer is not None
        self._panel.show(answer, len(self._session.source.years) > 1, self._session.year)
        self.show_views()
        self._map.mark(answer.lon, answer.lat, outline(answer.lon, answer.lat, self._landscape.cube))
        self._panel.place.value = f"{answer.lon:.5f}, {answer.lat:.5f}"

    def show_views(self) -> None:
        """Show the ground in the chosen month, where that is not what is shown already."""
        answer, month = self._session.result, self._landscape.month
        if answer is None or (self._looked and self._looked[0] is answer.series and self._looked[1] == month):
            return
        self._panel.show_views(self._session.views(month), month)
        self._looked = answer.series, month
