"""Fields as a whole: draw one by its corners, or load them from a file."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from timesen_nb.widgets.background import Job, Latest
from timesen_nb.widgets.charts import field_chart
from timesen_nb.widgets.drawn_fields import Fields, corners_of, field_in_words, polygon_of, read_fields
from timesen_nb.widgets.messages import READY, Messages
from timesen_nb.widgets.page import Drawing, field, note, on_disk, plain_label, reveal, uploaded
from timesen_nb.widgets.scene_map import SceneMap
from timesen_nb.widgets.session import Session

if TYPE_CHECKING:
    import geopandas as gpd

HOW = "Click the corners of the field, once around it; two corners make a box. Then “Read this field”."


class FieldsPanel(w.VBox):
    """Corners that are clicked or typed, or a file; then what covers each field, and its year.

    Args:
        session: of the app.
        scene_map: whose clicks are corners while a field is drawn.
        messages: where failures are shown.

    Attributes:
        table: a row a field, as ``regions.field_table`` gives it; None before one was read.
    """

    def __init__(self, session: Session, scene_map: SceneMap, messages: Messages) -> None:
        self._session, self._map, self._messages = session, scene_map, messages
        self._jobs = Latest()
        self.table: gpd.GeoDataFrame | None = None
        self.draw = w.ToggleButton(
            description="Draw a field", tooltip="Clicks on the map mark corners, until the field is read"
        )
        self.corners = w.Text(
            placeholder="4.350, 50.850; 4.352, 50.851",
            continuous_update=False,
            tooltip="Corners of the field: longitude, latitude, and ; between two",
        )
        self.start = w.Button(description="Read this field", button_style="primary")
        self.clear = w.Button(description="Start over", tooltip="Take the field off the map")
        self.upload = w.FileUpload(
            accept=".geojson,.json,.gpkg", multiple=False, description="Fields from a file",
            tooltip="GeoJSON or GeoPackage of polygons",
        )  # fmt: skip
        self.choice = w.Dropdown(tooltip="Field that is shown")
        self._which = field("Field", self.choice)
        self._headline, self._shares = plain_label("", "tn-headline"), plain_label("", "tn-shares")
        self._chart = Drawing("svg+xml", "tn-compared")
        for widget, style in (
            (self.draw, "tn-draw"), (self.corners, "tn-corners"), (self.start, "tn-read-field"),
            (self.upload, "tn-upload"), (self.choice, "tn-which"),
        ):  # fmt: skip
            widget.add_class(style)
        drawn, read = messages.safely(self._marked), messages.safely(self._read_drawn)
        loaded, forgotten = messages.safely(self._load), messages.safely(self.forget)
        self.draw.observe(lambda change: self._turn(change["new"]), names="value")
        self.corners.observe(lambda _: drawn(), names="value")
        self.start.on_click(lambda _: read())
        self.clear.on_click(lambda _: forgotten())
        self.upload.observe(lambda _: loaded(), names="value")
        self.choice.observe(lambda _: self._show_one(), names="value")
        row = w.HBox([self.draw, self.start, self.clear, self.upload])
        row.add_class("tn-mapping")
        super().__init__(
            [
                note("A whole field: its mean year, and the share of it that each word covers."),
                row,
                field("Corners", self.corners),
                self._which,
                self._headline,
                self._shares,
                self._chart,
            ]
        )
        self.add_class("tn-fields")
        self.forget()

    @property
    def busy(self) -> bool:
        """Whether fields are being read."""
        return self._jobs.busy

    @property
    def drawing(self) -> bool:
        """Whether clicks on the map are corners."""
        return bool(self.draw.value)

    @property
    def text(self) -> str:
        """What it says of the field that is shown."""
        return "\n".join(filter(None, [self._headline.value, self._shares.value]))

    def clicked(self, event: dict[str, Any]) -> None:
        """Take a click on the map as a corner; other events are none of its business."""
        if event.get("type") == "click":
            lat, lon = event["coordinates"]
            there = f"{(lon + 180) % 360 - 180:.6f}, {lat:.6f}"
            self.corners.value = "; ".join(filter(None, [self.corners.value.strip(" ;"), there]))
            count = self.corners.value.count(";") + 1
            self._messages.say(
                f"{count} corner{'s' * (count > 1)} marked. Then “Read this field”; “Draw a field” ends it."
            )

    def read(self, polygons: Any, patient: bool = False) -> None:
        """Read fields behind the page, or wait for them.

        Args:
            polygons: as ``regions.field_table`` takes them.
            patient: whether to wait.
        """
        self._begin(lambda job: read_fields(self._session, polygons, job.cancelled.is_set), patient)

    def _begin(self, work: Callable[[Job[Fields]], Fields], patient: bool = False) -> None:
        self._messages.well()
        self._messages.say("Reading the pixels of the field…", busy=True)
        self._jobs.start(work, self._came, patient)

    def cancel(self) -> bool:
        """Stop reading; True when something was being read."""
        return self._jobs.cancel()

    def forget(self) -> None:
        """No field: neither here nor on the map."""
        self._jobs.cancel()
        self._session.fields = None
        self.corners.value = ""
        self._map.outline_fields([])
        self.show()

    def show(self) -> None:
        """What covers the fields by the words of now."""
        fields = self._session.fields
        try:
            table = None if fields is None else fields.table(self._session)
        except Exception:
            self._lay(None)  # what was counted by other words does not stay
            raise
        self._lay(table)

    def _lay(self, table: gpd.GeoDataFrame | None) -> None:
        self.table = table
        count = 0 if self.table is None else len(self.table)
        names = [f"{n} of {count}" for n in range(1, count + 1)]
        if list(self.choice.options) != names:
            self.choice.options = names
            self.choice.index = 0 if names else None
        reveal(self._which, count > 1)
        self._show_one()

    def _show_one(self) -> None:
        table, fields, n = self.table, self._session.fields, self.choice.index
        there = table is not None and fields is not None and n is not None
        for part in (self._headline, self._shares, self._chart):
            reveal(part, there)
        if table is None or fields is None or n is None or n >= len(table):
            self._headline.value = self._shares.value = ""
            return
        row, series = table.iloc[n], fields.series.isel(field=n)
        self._headline.value, self._shares.value = field_in_words(row, self._session.question)
        reveal(self._chart, bool(series["pixels"].any()))
        said = f"Chart of the mean year of the field in {fields.encoded.view.year}, with its spread."
        self._chart.draw(field_chart(series["mean"].values, series["spread"].values).encode(), said)

    def _turn(self, drawing: bool) -> None:
        if drawing:
            self.forget()
        self._messages.say(HOW if drawing else READY)

    def _marked(self) -> None:
        """Corners were clicked or typed: they are drawn, closed as soon as they enclose something.

        What was read of the field before goes, for its numbers would stand beside another outline.
        """
        corners = corners_of(self.corners.value)
        ring = list(polygon_of(corners).exterior.coords) if len(corners) == 2 else corners
        if self.cancel():
            self._messages.cancelled()
        self._session.fields = None
        self._map.outline_fields([ring] if corners else [])
        self.show()

    def _read_drawn(self) -> None:
        polygon = polygon_of(corners_of(self.corners.value))
        self.draw.value = False
        self.read(polygon)

    def _load(self) -> None:
        for name, content in uploaded(self.upload):
            self._begin(partial(self._read_upload, name, content))

    def _read_upload(self, name: str, content: bytes, job: Job[Fields]) -> Fields:
        with on_disk(name, content) as path:
            return read_fields(self._session, path, job.cancelled.is_set)

    def _came(self, future: Future[Fields]) -> None:
        with self._messages.shown():
            fields = future.result()
            # counted before anything is set: fields that cannot be counted are none
            table = fields.table(self._session)
            self._session.fields = fields
            self._map.outline_fields(
                [part.exterior.coords for part in fields.polygons.geometry.explode().values]
            )
            self._lay(table)
            self._messages.say("Read: the field is below the map.")
