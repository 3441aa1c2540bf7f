"""The landscape under the clicks: a source's scene in true colour, one month at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timesen_nb.sources import Source
from timesen_nb.widgets.controls import MonthControl
from timesen_nb.widgets.layers import Picture, true_colour
from timesen_nb.widgets.scene_map import SceneMap
from timesen_nb.widgets.view import View

if TYPE_CHECKING:
    import xarray as xr

MOST_DRAWN = 4_000_000  # pixels of a source whose whole scene is drawn as it is opened


class Landscape:
    """Draws the chosen month's image on the map; each month's image is made once.

    A source with a frame is drawn as it is opened; of others, and of huge ones, a view that was mapped.
    """

    def __init__(self, scene_map: SceneMap, control: MonthControl) -> None:
        self._map, self._control = scene_map, control
        self._cube: xr.DataArray | None = None
        self._pictures: dict[int, Picture] = {}

    def load(self, source: Source, year: int) -> None:
        """Draw the scene of a source, if it has one of drawable size."""
        bounds, self._cube = source.bounds, None
        self._pictures.clear()
        if bounds is not None and View(bounds, year, source.name).pixels <= MOST_DRAWN:
            self._cube = source.cube(bounds, year=year)
        self.draw()

    def offer(self, cube: xr.DataArray) -> None:
        """Draw a cube (month, band, y, x) where nothing is drawn yet."""
        if self._cube is None:
            self._cube = cube
            self.draw()

    def draw(self) -> None:
        """Lay the month chosen on the map; a month without any clear observation is said, not drawn."""
        month, picture = self._control.month.value, None
        self._control.say("")
        if self._cube is not None:
            try:
                picture = self._pictures.get(month) or true_colour(self._cube, month)
            except ValueError as problem:
                self._control.say(str(problem))
            else:
                self._pictures[month] = picture
        self._map.draw_landscape(picture)
