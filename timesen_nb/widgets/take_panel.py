"""Buttons that make files, and a link to each: nothing is computed before it is asked for."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_STORED, ZipFile

import ipywidgets as w

from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.page import field, note, reveal
from timesen_nb.widgets.session import Session
from timesen_nb.widgets.take import take

#: What can be had: name on the button's list, and the file's name.
FILES = (
    ("GeoJSON of kept places", "kept_places.geojson"),
    ("GeoPackage of kept places", "kept_places.gpkg"),
    ("GeoTIFF of the map", "map.tif"),
    ("PNG of the map", "map.png"),
    ("Taught model", "taught.safetensors"),
    ("Copy as Python", "timesen.py"),
)
PLACES = (("exact", "exact"), ("blurred to about 1 km", "blurred"), ("left out", "left out"))


class TakePanel(w.VBox):
    """Choose a file, make it, download it.

    Args:
        session: of the app.
        messages: where failures are shown.
    """

    def __init__(self, session: Session, messages: Messages) -> None:
        self._session = session
        self.kind = w.Dropdown(options=FILES, tooltip="File to make")
        self.places = w.Dropdown(options=PLACES, tooltip="Coordinates of kept places")
        self.make = w.Button(description="Make the file")
        # content is base64 and names are our own, so no text of the user is markup
        self._link = w.HTML()
        self.python = w.Textarea(rows=10, disabled=True, tooltip="Python")
        for widget, style in ((self.kind, "tn-kind"), (self.make, "tn-make"), (self._link, "tn-made"),
                              (self.python, "tn-python")):  # fmt: skip
            widget.add_class(style)
        safe = messages.safely(self._make)
        self.make.on_click(lambda _: safe())
        for choice in (self.kind, self.places):
            choice.observe(lambda _: self.forget(), names="value")
        super().__init__(
            [
                note("Take it with you: files are made on this machine and stay on it."),
                w.HBox([field("File", self.kind), field("Coordinates", self.places), self.make, self._link]),
                self.python,
            ]
        )
        self.add_class("tn-take")
        self.forget()

    def forget(self) -> None:
        """Take the link away: what it leads to is no more what the screen shows."""
        self._link.value = ""
        reveal(self.python, False)

    def _make(self) -> None:
        name, held = self.kind.value, self.kind.value.endswith((".geojson", ".gpkg"))
        self.forget()
        with TemporaryDirectory() as folder:
            paths = take(self._session, Path(folder) / name, self.places.value if held else "exact")
            # GDAL keeps names of classes beside a file
            files = sorted({*paths, *Path(folder).iterdir()})
            content = paths[0].read_bytes()
            if len(files) > 1:
                name, content = f"{Path(name).stem}.zip", _zipped(files)
        if name.endswith(".py"):
            self.python.value = content.decode()
            reveal(self.python, True)
        data = b64encode(content).decode()
        self._link.value = (
            f'<a download="{name}" href="data:application/octet-stream;base64,{data}">Download {name}</a>'
        )


def _zipped(files: list[Path]) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        for file in files:
            archive.write(file, file.name)
    return out.getvalue()
