"""The map itself: a leafmap with the landscape, the frame of the data, a marker, and a probability layer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import cos, floor, log2, radians
from typing import TYPE_CHECKING, Any

import ipyleaflet as leaflet
import ipywidgets as w

from timesen_nb.sources.grid import turned
from timesen_nb.widgets.page import plain_label, reveal
from timesen_nb.widgets.postponed import GRAMMAR_OF_ADDRESSES, OTHER_KINDS, postponed
from timesen_nb.widgets.svg import VERMILION

with postponed(GRAMMAR_OF_ADDRESSES, *OTHER_KINDS):
    from leafmap.leafmap import Map

if TYPE_CHECKING:
    from timesen_nb.sources.grid import BBox
    from timesen_nb.widgets.layers import Picture
    from timesen_nb.widgets.outline import Outline

WIDTH, HEIGHT = 460, 420  # pixels, until a page has said how large its map is
TURN = 5.0  # seconds before a map is fitted to the same size again
ROUNDING = 2  # pixels by which a page tells the same size differently
MARGIN = 6  # pixels around what is shown as large as it fits
OTHER = "other"  # of the switch: not a source, but the way to all of them
SHOWN_SOURCES = (("Real sample", "flanders"), ("Simulated landscape", "sample"), ("Other data…", OTHER))
SIMULATED = "Simulated: no such place"
ZOOM_STEP = 0.05  # fine, so that a scene fills its map
NEAR = 0.009  # degrees around a place that is shown from near: on a wide page such a view can still be mapped
FAR = 11.0  # zoom below which a field is less than a few pixels
FIELD = "#ffd400"  # of drawn fields: seen on fields of any colour
EUROPE = (-10.0, 35.0, 30.0, 62.0)
EMPTY = (
    "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"  # one transparent pixel
)


class SceneMap(Map):
    """A leafmap that shows one source: tiles below if the network gives them, our own images above."""

    # traits of the map, which have no type
    layers: Any
    controls: Any

    def __init__(self, bounds: BBox | None, simulated: bool = False) -> None:
        super().__init__(
            draw_control=False,
            toolbar_control=False,
            fullscreen_control=False,
            height=f"{HEIGHT}px",
            zoom_snap=ZOOM_STEP,
        )
        self.add_class("tn-map")
        self.default_style = self.dragging_style = {"cursor": "crosshair"}
        self._tiles = self.layers
        self._credit = next(c for c in self.controls if isinstance(c, leaflet.AttributionControl))
        self._landscape = leaflet.ImageOverlay(url=EMPTY, bounds=((0, 0), (0, 0)), name="True colour")
        self._frame = leaflet.Rectangle(
            bounds=((0, 0), (0, 0)), fill=False, weight=2, color="#222", name="Data"
        )
        self._layer = leaflet.ImageOverlay(url=EMPTY, bounds=((0, 0), (0, 0)), name="Probability")
        self._marker = leaflet.CircleMarker(
            location=(0, 0), radius=14, color="white", weight=3, fill=False, opacity=0.0
        )
        self._pixel = leaflet.Polygon(
            locations=[], color=VERMILION, weight=3, fill=False, opacity=0.0, name="The pixel that was read"
        )
        self._kept = leaflet.LayerGroup(name="Kept places")
        self._fields = leaflet.Polygon(locations=[], color=FIELD, weight=3, fill=False, name="Fields")
        for layer in (
            self._landscape, self._layer, self._frame, self._fields, self._kept, self._marker, self._pixel
        ):  # fmt: skip
            self.add(layer)
        self.home = w.Button(icon="home", tooltip="Back to the whole of the data")
        self.home.on_click(lambda _: self.go_home())
        self.switch = w.ToggleButtons(options=SHOWN_SOURCES, index=None, tooltip="Which landscape is shown")
        self._simulated = plain_label(SIMULATED)
        corner = w.VBox([self.switch, self._simulated])
        for widget, style in (
            (self.home, "tn-home"), (self.switch, "tn-switch"), (self._simulated, "tn-simulated"),
            (corner, "tn-corner"),
        ):  # fmt: skip
            widget.add_class(style)
        self.add(leaflet.WidgetControl(widget=self.home, position="topleft", transparent_bg=True))
        self.add(leaflet.WidgetControl(widget=corner, position="topright", transparent_bg=True))
        self._told = plain_label("", "tn-hover")
        reveal(self._told, False)
        self.add(leaflet.WidgetControl(widget=self._told, position="bottomleft", transparent_bg=True))
        self._size, self._fitted = (WIDTH, HEIGHT), dict[tuple[int, int], float]()
        self.observe(self._measured, names="pixel_bounds")
        self.show_source(bounds, simulated)

    def update_layer_manager(self) -> None:
        """None is shown here: leafmap's makes its controls anew, six a layer, whenever one is added."""

    def show_source(self, bounds: BBox | None, simulated: bool = False) -> None:
        """Show a source: its frame, and whether it is a place on Earth; what was marked and laid on the map goes."""
        self._bounds = bounds
        reveal(self._simulated, simulated)
        self.unmark()
        self.frame(bounds)
        # Nothing around a simulated scene is where it says, and nobody is to be thanked for it. Last, for the page
        # makes its layers anew, and what moves meanwhile would stay where it was.
        others = tuple(layer for layer in self.layers if layer not in self._tiles)
        self.layers = others if simulated else (*self._tiles, *others)
        # the whole of it goes: Leaflet forgets no credit of a layer that was there before it
        others = tuple(control for control in self.controls if control is not self._credit)
        self.controls = others if simulated else (*others, self._credit)

    def _measured(self, change: dict[str, Any]) -> None:
        """A page has said how large its map is: what was to be shown as large as it fits is fitted to it."""
        (left, top), (right, bottom) = change["new"]
        size = round(right - left), round(bottom - top)
        if min(size) < 50 or max(abs(a - b) for a, b in zip(size, self._size, strict=True)) <= ROUNDING:
            return
        self._size = size
        # two pages that show one map would take turns for ever
        just_now = time.monotonic() - self._fitted.get(size, -TURN) < TURN
        if self.zoom == self._aimed_zoom and not just_now:
            self._fitted[size] = time.monotonic()
            self.go_to(self._aim)

    def frame(self, bounds: BBox | None) -> None:
        """Go to the data and draw their frame; Europe, without a frame, where they cover the Earth."""
        west, south, east, north = bounds or EUROPE
        self.go_to((west, south, east, north))
        self._frame.bounds = ((south, west), (north, east)) if bounds else ((0, 0), (0, 0))

    def go_home(self) -> None:
        """Go back to the data."""
        self.frame(self._bounds)

    def go_to(self, bounds: BBox) -> None:
        """Show (west, south, east, north) in degrees, as large as it fits."""
        west, south, east, north = self._aim = bounds
        self.center = ((south + north) / 2, (west + east) / 2)
        up = (north - south) / cos(radians((south + north) / 2))  # Mercator: degrees of latitude are longer
        width, height = (side - MARGIN for side in self._size)
        pixels_a_degree = min(width / max(east - west, 1e-4), height / max(up, 1e-4))
        self.zoom = round(floor(log2(pixels_a_degree * 360 / 256) / ZOOM_STEP) * ZOOM_STEP, 3)
        self._aimed_zoom = self.zoom

    def come_near(self, lon: float, lat: float) -> None:
        """Show a place from near where the page shows it not at all, or from so far that no field is seen."""
        seen = self.seen()
        if seen is None:
            return
        west, south, east, north = seen
        lon = turned(lon, (west + east) / 2)
        if not (west <= lon <= east and south <= lat <= north) or self.zoom < FAR:
            self.approach(lon, lat)

    def approach(self, lon: float, lat: float) -> None:
        """Show a place from near."""
        self.go_to((lon - NEAR, lat - NEAR, lon + NEAR, lat + NEAR))

    def seen(self) -> BBox | None:
        """(west, south, east, north) of what the page shows; None before a page has told."""
        if not self.bounds:
            return None
        (south, west), (north, east) = self.bounds
        return west, south, east, north

    def mark(self, lon: float, lat: float, outline: Outline = ()) -> None:
        """Put the marker around a place and draw its pixel, in the world that is looked at: the map repeats itself.

        Args:
            lon: degrees.
            lat: degrees.
            outline: corners of the pixel, longitude and latitude; none: no pixel is drawn.
        """
        there = turned(lon, self.center[1])
        self._marker.location, self._marker.opacity = (lat, there), 1.0
        self._pixel.locations = [(y, x + there - lon) for x, y in outline]
        self._pixel.opacity = 1.0 if outline else 0.0

    def outline_fields(self, rings: Sequence[Sequence[tuple[float, float]]]) -> None:
        """Draw the outlines of fields: rings of corners, longitude and latitude."""
        self._fields.locations = [[(y, turned(x, self.center[1])) for x, y, *_ in ring] for ring in rings]

    def tell(self, words: str) -> None:
        """A few words of what is under the pointer."""
        self._told.value = words
        reveal(self._told, bool(words))

    def unmark(self) -> None:
        """Take the marker away."""
        self._marker.opacity = self._pixel.opacity = 0.0

    def number(self, places: dict[int, tuple[float, float]]) -> None:
        """Small numbered flags at (lon, lat) of kept places."""
        self._kept.layers = tuple(
            leaflet.Marker(
                location=(lat, turned(lon, self.center[1])),
                draggable=False,
                keyboard=False,  # nothing happens there: who tabs through the page is not to stop at each
                icon=leaflet.DivIcon(html=f"{number:d}", icon_size=(20, 20), icon_anchor=(10, 26)),
            )
            for number, (lon, lat) in places.items()
        )

    def draw_landscape(self, picture: Picture | None) -> None:
        """Lay an image of the landscape on the map, or take it away."""
        _lay(self._landscape, picture)

    def draw_layer(self, picture: Picture, opacity: float) -> None:
        """Lay a probability layer over the landscape."""
        _lay(self._layer, picture)
        self._layer.opacity = opacity

    def fade_layer(self, opacity: float) -> None:
        """How much of the probability layer is seen, 0 to 1."""
        self._layer.opacity = opacity

    def on_drawn(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` when the landscape or the layer over it looks different."""
        for overlay in (self._landscape, self._layer):
            overlay.observe(lambda _: callback(), names=["url", "opacity"])

    def hide_layer(self) -> None:
        """Take the probability layer away."""
        _lay(self._layer, None)


def _lay(overlay: leaflet.ImageOverlay, picture: Picture | None) -> None:
    with overlay.hold_sync():
        overlay.bounds = picture.corners if picture else ((0, 0), (0, 0))
        overlay.url = picture.url if picture else EMPTY
