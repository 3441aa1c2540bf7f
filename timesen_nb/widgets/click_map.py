"""The click map: a map beside a panel, wired to a :class:`Session`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from timesen_nb.sources import Source
from timesen_nb.sources.grid import BBox
from timesen_nb.widgets.actions import Actions
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.card import ShareCard
from timesen_nb.widgets.in_notebooks import InNotebooks
from timesen_nb.widgets.link import Link
from timesen_nb.widgets.messages import READY_ANYWHERE
from timesen_nb.widgets.screen import Screen
from timesen_nb.widgets.session import Session
from timesen_nb.widgets.take import take
from timesen_nb.widgets.view import EncodedView

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr

    from timesen_nb.model.timesenclip import TimeSenCLIP
    from timesen_nb.tasks import Task


class ClickMap(InNotebooks, w.VBox):
    """A map to click beside a panel that answers: probabilities of your words, and the year behind them.

    Nothing raises into the page: what fails is written in the panel and in ``error``, the last good answer stays in
    ``result``, and faults of the program also go to the log ``timesen_nb.widgets``. Where the live map cannot be drawn,
    a notebook shows a still picture; :meth:`click` and :meth:`still` do the rest.

    Args:
        model: from ``timesen_nb.load``.
        source: from ``timesen_nb.open_source``.
        task: a task, its name, or your own classes.
        prompts: "descriptions", "template" or "names".
        year: None: 2018, or the newest the source has.
    """

    # named here too, so that the reference of the class holds it
    still = InNotebooks.still

    def __init__(
        self,
        model: TimeSenCLIP,
        source: Source,
        task: Task | str | Sequence[str] = "land_cover",
        prompts: str = "descriptions",
        year: int | None = None,
    ) -> None:
        """A map and its panel, before any click."""
        self.session = Session(model, source, task, prompts, year)
        screen = Screen(self.session)
        self.map, self.panel, self.time, self.words = screen.map, screen.panel, screen.time, screen.words
        self.view, self.data, self.kept, self.legend = screen.view, screen.data, screen.kept, screen.legend
        self.take, self.teach, self.alike = screen.take, screen.teach, screen.alike
        self.fields = screen.fields
        self._messages = screen.messages
        self._actions = Actions(self.session, screen)
        self._landscape, self._layer = self._actions.landscape, self._actions.layer
        self._jobs = self._actions.jobs
        self._clicking = Lock()
        card = ShareCard(self._picture)
        card.make.on_click(lambda _: self._messages.safely(card.show)())
        self.session.on_change(lambda what: card.clear())
        self.map.on_drawn(card.clear)
        self.panel.year.offer(card)
        self.panel.guess.hide(card)
        super().__init__(screen.children)
        self.add_class("tn-app")
        if not source.bounds:
            self._messages.say(READY_ANYWHERE)
        with self._messages.shown():
            self._actions.begin()

    # What Python sees

    @property
    def result(self) -> Answer | None:
        """The last good answer, or None before the first."""
        return self.session.result

    @property
    def status(self) -> str:
        """The state in words, as the panel shows it."""
        return self._messages.status

    @property
    def error(self) -> str | None:
        """What went wrong last, in words; None after a success."""
        return self._messages.error

    @property
    def busy(self) -> bool:
        """Whether anything is under way: a click, a source being opened, an image, a view being read."""
        return self._actions.busy

    @property
    def text(self) -> str:
        """Everything the panel says."""
        return self.panel.text

    def click(self, lon: float, lat: float) -> Answer | None:
        """Do what a click does, and wait.

        From several threads, one after the other: each gets the answer of its own place.

        Args:
            lon: degrees.
            lat: degrees.

        Returns:
            The answer, or None when ``error`` says why not.
        """
        with self._clicking:
            self._actions.places.read(lon, lat, patient=True)
            return self.result if self.error is None else None

    def find(self, name: str) -> None:
        """Do what typing the name of a place does, and wait: the map goes there; ``error`` says why it does not.

        Args:
            name: as OpenStreetMap knows it, such as "Vilvoorde".
        """
        self._actions.places.find(name, patient=True)

    def keep(self) -> None:
        """Do what the button "Keep this place" does."""
        with self._messages.shown():
            self._actions.keep()

    def label(self, number: int, label: str) -> None:
        """Do what typing a label beside a kept place does: the words move to the labels.

        Args:
            number: of the place; the first that is kept is 1.
            label: one of the classes, or a new word; "" takes the label away.
        """
        self._messages.well()
        with self._messages.shown():
            self.session.label(number, label)

    def map_view(self, class_name: str | None = None, bbox: BBox | None = None) -> EncodedView | None:
        """Do what "Map this view" does, and wait.

        Args:
            class_name: whose probability is drawn; None = the most probable class of every pixel.
            bbox: (west, south, east, north) in degrees; None = what the page shows.

        Returns:
            The vectors of the view's pixels, or None when ``error`` says why not.
        """
        self._messages.well()
        with self._messages.shown():
            if class_name is not None and class_name not in self.session.classes:
                raise ValueError(
                    f"class given: {class_name!r}; expected one of {', '.join(self.session.classes)}."
                )
            self.view.class_name = class_name
            self._layer.start(bbox, patient=True)
        return self.session.view if self.error is None else None

    def read_fields(self, polygons: Any) -> gpd.GeoDataFrame | None:
        """Do what drawing a field or loading a file of them does, and wait.

        Args:
            polygons: the path of a GeoJSON or GeoPackage, a GeoDataFrame, GeoJSON as a dict, or shapely polygons in
                degrees.

        Returns:
            A row a field, as ``timesen_nb.regions.field_table`` gives it, or None when ``error`` says why not.
        """
        with self._messages.shown():
            self.fields.read(polygons, patient=True)
        return self.fields.table if self.error is None else None

    def show_region(self, maps: xr.Dataset) -> None:
        """Lay the classes of a region on the map, and go there, until a view is drawn or other data are opened.

        What is no such map is said in ``error``.

        Args:
            maps: what ``timesen_nb.map_region`` returned.
        """
        self._messages.well()
        with self._messages.shown():
            self._layer.draw_region(maps)

    def use(
        self,
        task: Task | str | Sequence[str] | None = None,
        prompts: str | None = None,
        year: int | None = None,
    ) -> None:
        """Choose words, prompt style or year; what is wrong is said in ``error``, as on the page.

        Args:
            task: a task, its name, or your own classes; None = as it is.
            prompts: "descriptions", "template" or "names"; None = as it is.
            year: calendar year; None = as it is.
        """
        self._messages.well()
        with self._messages.shown():
            if prompts is not None:
                self.session.use_prompts(prompts)
            if task is not None:
                self.session.use(task)
            if year is not None:
                self._actions.use_year(year, patient=True)

    def open_source(self, source: Source) -> None:
        """Read other data from now on; the answer of a place of the old ones goes.

        Args:
            source: from ``timesen_nb.open_source``.
        """
        with self._messages.shown():
            self._actions.stop_opening()
            self._actions.open(source)

    def open_link(self, text: str) -> None:
        """Take source, words, year, layer and place from the end of an address, as the served page does when it opens.

        The place is read in the background. What is wrong is said in ``error``.

        Args:
            text: as :class:`timesen_nb.widgets.link.Link` writes it, without the #.
        """
        with self._messages.shown():
            self._actions.follow(Link.read(text))

    def cancel(self) -> None:
        """Do what the cancel buttons do: stop waiting for the source, stop reading the view."""
        self._actions.cancel()

    def table(self) -> pd.DataFrame:
        """The kept places.

        Returns:
            A row each: where, what, how probable, the true class if known, and NDVI of months 1 to 12; NaN = missing.
        """
        return self.session.kept.table()

    def export(self, path: str | Path, places: str = "exact") -> Path:
        """Write what the suffix of the file asks for.

        Args:
            path: of the file: the kept places with every band of every month (.csv) or in flat columns (.geojson,
                .gpkg); the map of the view, its other layers beside it (.tif), or with its legend (.png); the
                classifier for ``tn.load`` (.safetensors); or the calls that reproduce the screen (.py).
            places: how kept places stand in .geojson and .gpkg: "exact", "blurred" or "left out".

        Returns:
            The path.

        Raises:
            ValueError: another suffix, or nothing of that kind is there yet.
        """
        return take(self.session, path, places)[0]

    def find_alike(self, like: int | str | None = None) -> int | None:
        """Do what "Find places like this" does: the most alike pixels of the mapped view as a layer.

        Args:
            like: the number of a kept place, a class whose words are meant, or None for the last click. The slider
                ``alike.threshold`` says how alike they are at least.

        Returns:
            How many pixels are shown, or None when ``error`` says why not.
        """
        self._messages.well()
        with self._messages.shown():
            self.alike.choose(like)
            self.alike.search()
        return int(self.alike.found.sum()) if self.error is None else None

    def load_labels(self, path: str | Path, label: str = "true_class") -> None:
        """Teach the words by the labelled places of a file as well; ``error`` says why it does not.

        Args:
            path: .csv, .geojson or .gpkg of points.
            label: the column of labels.
        """
        self._messages.well()
        with self._messages.shown():
            self.teach.load(path, label)
