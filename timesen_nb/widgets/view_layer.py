"""What lies on the map: the pixels of a view, read off the page's thread, or a region that was mapped before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.sources.grid import BBox, check_bbox
from timesen_nb.widgets.alike_panel import AlikePanel
from timesen_nb.widgets.background import Job, Latest
from timesen_nb.widgets.base_layer import BaseLayer
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.controls import ViewControl
from timesen_nb.widgets.layers import Picture, WebGrid, class_picture, probability_picture
from timesen_nb.widgets.legend import NO_MONTH, NOT_READ, Legend
from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.scene_map import SceneMap
from timesen_nb.widgets.session import Session
from timesen_nb.widgets.view import EncodedView, View, visible

if TYPE_CHECKING:
    import xarray as xr

AT_ONCE = 70_000  # pixels that are encoded in some ten seconds at most: nobody is asked before


@dataclass(frozen=True)
class Drawn:
    """What lies on the map: the image, how much of it is seen, and its classes with their colours as #RRGGBB.

    title, ticks: of an image from dark to light, which has no classes: what it shows, and what its colours mean.
    """

    picture: Picture
    opacity: float
    classes: dict[str, str]
    title: str = ""
    ticks: tuple[str, ...] = ()


class ViewLayer:
    """The layer of a view: encoded once, drawn again for any class or words at the cost of one matrix product.

    drawn: what lies on the map now, or None.
    """

    def __init__(
        self,
        session: Session,
        scene_map: SceneMap,
        control: ViewControl,
        legend: Legend,
        landscape: BaseLayer,
        alike: AlikePanel,
        messages: Messages,
    ) -> None:
        self._session, self._map, self._control, self._legend = session, scene_map, control, legend
        self._landscape, self._alike, self._messages = landscape, alike, messages
        self._jobs = Latest()
        self.drawn: Drawn | None = None
        self._drawing = Lock()  # of a part, on the thread that reads
        self._partly = False  # a part of a view that is being read lies on the map
        self._wanted, self._veiled = True, False

    @property
    def busy(self) -> bool:
        """Whether a view is being read."""
        return self._jobs.busy

    def settle(self, timeout: float) -> None:
        """Wait for the view that is being read, but not longer than ``timeout`` seconds."""
        self._jobs.settle(timeout)

    def start(self, bbox: BBox | None, patient: bool) -> None:
        """Read what the page shows, or ``bbox`` in degrees; ValueError when that holds no data or too much."""
        source = self._session.source
        seen = check_bbox(bbox, date_line=True) if bbox else self._map.seen() or source.bounds
        if seen is None:
            raise ValueError(
                "the page has not said yet what it shows. Open the map, or give bbox=(west, south, east, north) "
                "in degrees."
            )
        view = visible(seen, source.bounds, self._session.year, source.name)
        self._messages.well()
        self._wanted = True
        self._control.working(0.0)

        def deliver(future: Future[EncodedView]) -> None:
            self._encoded(future, again=lambda: self.start(view.bbox, patient=False))

        self._jobs.start(lambda job: self._encode(view, job), deliver, patient)

    def light_up(self) -> None:
        """Read a small source as a whole, behind the page: from then on words light up its map as they are typed."""
        source = self._session.source
        if self._session.view is not None or self.busy or source.bounds is None:
            return
        if View(source.bounds, self._session.year, source.name).pixels <= AT_ONCE:
            self.start(source.bounds, patient=False)

    def _encode(self, view: View, job: Job[EncodedView]) -> EncodedView:
        def progress(share: float, part: EncodedView | None = None) -> None:
            if not job.cancelled.is_set():
                self._control.working(share)
                if part is not None:
                    self._draw_part(part, job)

        return self._session.encode(view, progress, job.cancelled.is_set)

    def _draw_part(self, part: EncodedView, job: Job[EncodedView]) -> None:
        with self._drawing:
            if job.cancelled.is_set() or not self._wanted or self._veiled or self._session.question.alone:
                return
            self._partly = True
            self._draw_view(part, hole=NOT_READ)

    def _take_part_away(self) -> None:
        """What was read of a view that nobody waits for any more is no map: what lay there before comes back."""
        with self._drawing:
            if self._partly:
                self.veil(self._veiled)

    def _encoded(self, future: Future[EncodedView], again: Callable[[], None]) -> None:
        self._control.idle()
        if future.exception() is not None:
            self._take_part_away()
        with self._messages.shown(again):
            encoded = future.result()
            self._landscape.offer(encoded.cube)
            self._session.show(encoded)
            self._control.idle(f"{len(encoded.vectors):,} pixels read")

    def cancel(self) -> bool:
        """Stop reading; True when a view was being read."""
        under_way = self._jobs.cancel()
        if under_way:
            self._control.idle("cancelled")
            self._take_part_away()
        return under_way

    def draw(self) -> None:
        """Draw the encoded view as the control says; no layer where nothing is encoded, or one word stands alone."""
        encoded, self.drawn, self._partly = self._session.view, None, False
        self._session.region = None
        self._map.tell("")  # said of what was drawn before
        self._alike.forget()
        if encoded is None or not self._wanted or self._veiled or self._session.question.alone:
            self._map.hide_layer()
            self._legend.hide()
            if encoded is not None and self._session.question.alone:
                self._control.idle("one word alone makes no map: add another")
        else:
            self._draw_view(encoded)

    def _draw_view(self, encoded: EncodedView, hole: str = NO_MONTH) -> None:
        """Draw it; ``hole``: why pixels have no colour."""
        classes, chosen = self._session.classes, self._control.class_name
        share = encoded.on_grid(self._session.question.shares(encoded.vectors))
        unread = 1 - float(encoded.readable.mean())
        if chosen is not None:
            told = self._legend.show_probability(chosen, unread, hole)
            self._lay(probability_picture(share[..., classes.index(chosen)], encoded.web), {}, *told)
        else:
            labels = np.full(encoded.readable.shape, np.nan)
            best = self._session.words.choose(share[encoded.readable])
            labels[encoded.readable] = np.where(best < 0, np.nan, best)
            self._lay_classes(
                labels, classes, self._session.colours_of(classes), encoded.web, unread, hole=hole
            )

    def fade(self, opacity: float) -> None:
        """How much of it is seen, 0 to 1."""
        self._map.fade_layer(opacity)
        if self.drawn is not None:
            self.drawn = replace(self.drawn, opacity=opacity)

    def draw_likeness(self) -> None:
        """Draw how alike the pixels of the view are to what was searched for, until anything else is drawn."""
        encoded, alike = self._session.view, self._alike
        if encoded is None:
            return
        self._session.region = None
        self._map.tell("")
        layer = np.full(encoded.readable.shape, np.nan)
        layer[encoded.readable] = alike.shares
        told = self._legend.show_likeness(alike.name, *alike.ends)
        self._show(probability_picture(layer, encoded.web), {}, *told)

    def hovered(self, event: dict[str, Any]) -> None:
        """Say what the map says of the pixel under the pointer."""
        encoded = self._session.view
        if event.get("type") not in ("mousemove", "mouseout") or encoded is None or self.drawn is None:
            return
        if self._session.region is not None:  # its colours are of other words
            return
        lat, lon = event.get("coordinates") or (np.nan, np.nan)
        here = encoded.at(lon, lat) if event["type"] == "mousemove" else None
        if here is None:
            self._map.tell("")
            return
        if self._alike.cosines is not None:
            self._map.tell(f"{self._alike.cosines[here]:.3f} like {self._alike.name}")
            return
        share = self._session.question.shares(encoded.vectors[here : here + 1])[0]
        chosen = self._control.class_name
        k = self._session.classes.index(chosen) if chosen else int(self._session.words.choose(share[None])[0])
        self._map.tell(f"{self._session.classes[k]} {percent(float(share[k]))}" if k >= 0 else "")

    def shown(self, wanted: bool) -> None:
        """Whether the map has colours of classes at all; what was read stays."""
        self._wanted = wanted
        self.draw()

    def veil(self, wanted: bool) -> None:
        """Keep colours of classes and what they say off the map, while somebody is to guess; then they come back."""
        region, self._veiled = self._session.region, wanted
        self.draw()
        if region is not None:
            self.draw_region(region)

    def choose(self) -> None:
        """Draw the view that is shown for another class; a region has its own."""
        if self._session.view is not None:
            self.draw()

    def draw_region(self, maps: xr.Dataset) -> None:
        """Draw the classes of a region in its own colours, until a view is drawn.

        Large maps are thinned, and a lazy one is read no further than that.

        Args:
            maps: what ``map_region`` returned.

        Raises:
            ValueError: what is no such map, or one without a coordinate system.
        """
        from timesen_nb.plots.map_label import check_label

        label = check_label(maps)
        if label.rio.crs is None:
            raise ValueError(
                "the map given has no coordinate system, so that nobody can say where it lies. "
                'Give one with maps.rio.write_crs("EPSG:32632").'
            )
        self._session.region = maps
        self._map.tell("")
        if self._veiled:
            return
        web = WebGrid.of(label)
        thin = label[:: web.step, :: web.step].values
        self._map.frame(web.bounds)
        self._lay_classes(
            np.where(thin >= 0, thin, np.nan),
            list(label.attrs["classes"]),
            label.attrs["colours"],
            WebGrid(1, web.index, web.bounds),
            own=False,
        )

    def _lay_classes(
        self,
        labels: np.ndarray,
        classes: list[str],
        colours: list[str],
        web: WebGrid,
        unread: float = 0.0,
        own: bool = True,
        hole: str = NO_MONTH,
    ) -> None:
        """Class numbers (y, x), NaN = unknown, each in its colour, with a legend."""
        counts = np.bincount(labels[np.isfinite(labels)].astype(int), minlength=len(classes))
        area = counts / max(counts.sum(), 1)
        shown = {classes[k]: colours[k] for k in np.argsort(-area, kind="stable") if area[k] > 0}
        self._legend.show(classes, area, colours, unread, own, hole)
        self._lay(class_picture(labels, colours, web), shown)

    def _lay(
        self, picture: Picture, classes: dict[str, str], title: str = "", ticks: tuple[str, ...] = ()
    ) -> None:
        self._alike.forget()
        self._show(picture, classes, title, ticks)

    def _show(self, picture: Picture, classes: dict[str, str], title: str, ticks: tuple[str, ...]) -> None:
        opacity = self._control.opacity.value
        self._map.draw_layer(picture, opacity)
        self.drawn = Drawn(picture, opacity, classes, title, ticks)
