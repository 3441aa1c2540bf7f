"""Where reflectance comes from: the sources one can open, and what each of them must be told."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from timesen_nb.sources import Source
from timesen_nb.sources.grid import BBox
from timesen_nb.sources.public_addresses import check_address
from timesen_nb.widgets.link import CATALOGS
from timesen_nb.widgets.page import field, note, reveal
from timesen_nb.widgets.session import Session

SOURCES = (
    ("Real sample: fields in Flanders, 2018, offline", "flanders"),
    ("Simulated landscape: offline, the truth is known", "sample"),
    ("A cube file of yours: .nc, .zarr, .tif", "file"),
    ("Open STAC catalog: no account, needs the network", "stac"),
    ("Google Earth Engine: needs a project and the network", "earthengine"),
)
HELP = {
    "flanders": "640 m of real fields, with what farmers declared. Contains modified Copernicus Sentinel data 2018.",
    "sample": "A drawn countryside whose pixels are simulated with a model of light in leaves and soil.",
    "file": "NetCDF, Zarr or GeoTIFF with the ten bands by name, dates or months, and a coordinate system.",
    "stac": "Earth Search and Planetary Computer hold Sentinel-2 of the whole Earth. Or type the address of another.",
    "earthengine": "Sign in once with `earthengine authenticate`. Left empty, EE_PROJECT names the project.",
}


class DataControl(w.VBox):
    """Source, what it must be told, and a button to open it. The source that is read is named below."""

    def __init__(self, session: Session) -> None:
        self._opened_first = session.source
        self.source = w.Dropdown(
            options=[(f"As opened: {session.source.name}", "opened"), *SOURCES],
            tooltip="Where reflectance comes from",
        )
        self.path = w.Text(
            placeholder="path of the file", continuous_update=False, tooltip="Path of the file"
        )
        self.catalog = w.Combobox(
            value=CATALOGS[0], options=CATALOGS, continuous_update=False, tooltip="Catalog, or its address"
        )
        self.project = w.Text(
            placeholder="Cloud project", continuous_update=False, tooltip="Cloud project of Earth Engine"
        )
        self.go = w.Button(description="Open", button_style="primary")
        self._boxes = {
            "file": field("File", self.path),
            "stac": field("Catalog", self.catalog),
            "earthengine": field("Project", self.project),
        }
        self._help, self._covers = note(""), note("")
        self._covers.add_class("tn-covers")
        self.source.add_class("tn-source")
        self.path.add_class("tn-file")
        choice = field("Reflectance from", self.source)
        choice.add_class("tn-half")
        choice.add_class("tn-wide")
        for box in self._boxes.values():
            box.add_class("tn-half")
        row = w.HBox([choice, *self._boxes.values(), self.go])
        row.add_class("tn-bottoms")
        super().__init__([row, self._help, self._covers])
        self.source.observe(lambda _: self._explain(), names="value")
        self._explain()
        self.show(session)

    def _explain(self) -> None:
        for name, box in self._boxes.items():
            reveal(box, name == self.source.value)
        self._help.value = HELP.get(self.source.value, "The source that this map was opened with.")

    def show(self, session: Session) -> None:
        """What is read now, and what it covers."""
        bounds = session.source.bounds
        self._covers.value = f"Now read: {session.source.name}, {session.year}. It covers " + (
            "the land of the Earth." if bounds is None else extent(bounds)
        )

    def wanted(self) -> Any:
        """The source that was chosen.

        Returns:
            A function that opens it, on any thread.

        Raises:
            ValueError: a file that is not named yet.
        """
        from timesen_nb.sources import open_source

        path, catalog, project = (box.value.strip() for box in (self.path, self.catalog, self.project))
        match self.source.value:
            case "opened":
                return lambda: self._opened_first
            case "file" if not path:
                raise ValueError(
                    "no file is named yet. Type the path of a cube file (.nc, .zarr, .tif), then Open."
                )
            case "file":
                return lambda: open_source(path)
            case "stac":
                return lambda: open_catalog(_catalog(catalog or CATALOGS[0]))
            case "earthengine":
                return lambda: open_source("earthengine", project=project or None)
            case name:
                return lambda: open_source(name)


def open_catalog(which: str) -> Source:
    """A catalog that answers; what cannot be reached is said now, and leaves the source that is read in its place."""
    from timesen_nb.sources import open_source

    source = open_source("stac", catalog=which)
    check = getattr(source, "check", None)
    if check is not None:
        check()
    return source


def _catalog(typed: str) -> str:
    """What was typed, if it is a name or a path, or an address that may be asked; else ValueError in words."""
    return check_address(typed) if "://" in typed else typed


def extent(bounds: BBox, digits: int = 3) -> str:
    """Bounds in words."""
    west, south, east, north = (f"{b:.{digits}f}" for b in bounds)
    return f"longitude {west} to {east}, latitude {south} to {north}."
