"""The landscape under the clicks: a source's scene, one month at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from timesen_nb.sources import Source
from timesen_nb.widgets.background import Latest
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.controls import TimeControl
from timesen_nb.widgets.layers import Picture, WebGrid, month_picture
from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.page_words import for_the_page
from timesen_nb.widgets.scene_map import SceneMap
from timesen_nb.widgets.view import View

if TYPE_CHECKING:
    import xarray as xr

SEEN = 0.005  # share of a scene whose holes are worth a word
MOST_DRAWN = 4_000_000  # pixels of a source whose whole scene is drawn as it is opened


class MonthPictures:
    """A cube's images, each made once; the cube is opened when the first one is asked for."""

    def __init__(self, open_cube: Callable[[], xr.DataArray]) -> None:
        self._open = open_cube
        self._grid: tuple[xr.DataArray, WebGrid] | None = None
        self.made: dict[tuple[int, str], Picture] = {}

    @property
    def cube(self) -> xr.DataArray | None:
        """The cube, once it is open."""
        return self._grid[0] if self._grid else None

    def picture(self, month: int, layer: str) -> Picture:
        """The image of a month, 1 to 12, in the colours of a layer; ValueError when nothing is seen in it."""
        if self._grid is None:
            cube = self._open()
            self._grid = cube, WebGrid.of(cube)
        if (month, layer) not in self.made:
            cube, web = self._grid
            self.made[month, layer] = month_picture(cube, month, web, layer)
        return self.made[month, layer]


class BaseLayer:
    """Draws the chosen month's image on the map, off the thread that answers the page.

    A source with a frame is drawn as it is opened; of others, and of huge ones, a view that was mapped.
    """

    def __init__(self, scene_map: SceneMap, control: TimeControl, messages: Messages) -> None:
        self._map, self._control, self._messages = scene_map, control, messages
        self._jobs = Latest()
        self._scene: MonthPictures | None = None
        self._whole = False  # the scene is all of the source

    @property
    def picture(self) -> Picture | None:
        """The image of the chosen month; None while it is not drawn."""
        return self._scene.made.get(self._chosen) if self._scene else None

    @property
    def month(self) -> int:
        """The month that is shown, 1 to 12."""
        return int(self._control.month.value)

    @property
    def cube(self) -> xr.DataArray | None:
        """What the image is made of; None while it is not open."""
        return self._scene.cube if self._scene else None

    @property
    def _chosen(self) -> tuple[int, str]:
        return self._control.month.value, self._control.layer.value

    @property
    def busy(self) -> bool:
        """Whether an image is being made."""
        return self._jobs.busy

    def settle(self, timeout: float) -> None:
        """Wait for the image that is being made, but not longer than ``timeout`` seconds."""
        self._jobs.settle(timeout)

    def load(self, source: Source, year: int) -> None:
        """Draw the scene of a source, if it has one of drawable size."""
        bounds, self._scene = source.bounds, None
        if bounds is not None and View(bounds, year, source.name).pixels <= MOST_DRAWN:
            self._scene = MonthPictures(lambda: source.cube(bounds, year=year))
        self._whole = self._scene is not None
        self.draw()

    def offer(self, cube: xr.DataArray) -> None:
        """Draw a cube (month, band, y, x) of a view, where the source is not drawn as a whole."""
        if not self._whole:
            self._scene = MonthPictures(lambda: cube)
            self.draw()

    def draw(self) -> None:
        """Lay the month chosen on the map; a month without any clear observation is said, not drawn."""
        scene, chosen = self._scene, self._chosen
        self._jobs.cancel()
        self._control.say("")
        if scene is None or chosen in scene.made:
            self._lay(self.picture)
        elif not self._jobs.start(lambda job: scene.picture(*chosen), self._drawn):
            self._control.say("drawing…")

    def _drawn(self, future: Future[Picture]) -> None:
        self._control.say("")
        try:
            self._lay(None if future.exception() else future.result())
            future.result()
        except ValueError as problem:
            self._control.say(for_the_page(str(problem)))
        except Exception:
            with self._messages.shown():
                raise

    def _lay(self, picture: Picture | None) -> None:
        self._map.draw_landscape(picture)
        if picture and picture.hidden >= SEEN:
            self._control.say(
                f"{percent(picture.hidden)} without colour: no clear day in {self._control.month.label}."
            )
