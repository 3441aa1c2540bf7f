"""The click map as one still figure: where no live map can be drawn, and for print."""

from __future__ import annotations

from io import BytesIO
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from timesen_nb.plots.axes import plain
from timesen_nb.sources.grid import turned
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.answer_panel import NOTES
from timesen_nb.widgets.answer_trust import NO_FIT, UNLIKE
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.layers import palette
from timesen_nb.widgets.svg import BLUE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from timesen_nb.sources.grid import BBox
    from timesen_nb.widgets.layers import Picture
    from timesen_nb.widgets.view_layer import Drawn

HOW_WITHOUT = (
    "No live map here? Name this object, then read a place and look at the answer:\n"
    "    app = tn.ClickMap(...);  app.click(lon, lat);  app.still()"
)
BARS = 8
ACROSS = 56  # letters that fit below the map
LINE, LETTERS = 13, 72  # of notes above the bars: points from line to line, and letters that fit one
WARNING, NOTE = ("#8a3b00", "bold"), ("#55616b", "normal")  # colour and weight, as in the panel


class StillFigure(Figure):
    """A figure that a notebook shows by itself: of a plain one it shows pictures only once pyplot has been used."""

    def _repr_png_(self) -> bytes:
        return still_png(self)


def draw_still(
    picture: Picture | None,
    layer: Drawn | None,
    bounds: BBox | None,
    answer: Answer | None,
    kept: dict[int, tuple[float, float]],
) -> Figure:
    """A figure with the landscape in degrees, the layer over it, and places; beside it bars and the year.

    Args:
        picture: the landscape, if there is one.
        layer: what lies over it, if anything does.
        bounds: (west, south, east, north) in degrees; None: the Earth.
        answer: of the place that was read; None: the map stands alone.
        kept: longitude and latitude by number.

    Returns:
        The figure; a notebook shows it by itself.
    """
    if answer is None:
        figure = StillFigure(figsize=(5.2, 4.6), layout="constrained", dpi=90)
        _map(figure.subplots(), picture, layer, bounds, None, kept)
        return figure
    figure = StillFigure(figsize=(11, 5.6), layout="constrained", dpi=90)
    axes = figure.subplot_mosaic([["map", "bars"], ["map", "year"]], height_ratios=[2, 3])
    _map(axes["map"], picture, layer, bounds, (answer.lon, answer.lat), kept)
    _bars(axes["bars"], answer)
    answer.series.plot(axes["year"])
    return figure


def still_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    figure.draw_without_rendering()  # ticks change with the room they get: it is laid out by those that stay
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _lay(axes: Axes, picture: Picture, opacity: float = 1.0) -> None:
    from PIL import Image

    west, south, east, north = picture.bounds
    axes.imshow(
        np.asarray(Image.open(BytesIO(picture.png))), extent=(west, east, south, north), alpha=opacity
    )


def _map(
    axes: Axes,
    picture: Picture | None,
    layer: Drawn | None,
    bounds: BBox | None,
    place: tuple[float, float] | None,
    kept: dict[int, tuple[float, float]],
) -> None:
    if picture is not None:
        _lay(axes, picture)
    if layer is not None:
        _lay(axes, layer.picture, layer.opacity)
        _legend(axes, layer)
    west, south, east, north = bounds or (-180, -85, 180, 85)
    middle = (west + east) / 2
    axes.set(
        xlim=(west, east), ylim=(south, north), xlabel="longitude", ylabel="latitude", facecolor="#e9eef1"
    )
    axes.set_aspect(1 / np.cos(np.radians((south + north) / 2)))
    axes.ticklabel_format(useOffset=False)
    axes.locator_params(axis="x", nbins=4)
    for number, (lon, lat) in kept.items():
        axes.annotate(
            f"{number}",
            (turned(lon, middle), lat),
            fontsize="small",
            ha="center",
            bbox={"boxstyle": "circle", "fc": "white"},
        )
    if place is not None:
        lon, lat = place
        axes.plot(
            turned(lon, middle),
            lat,
            "o",
            markersize=10,
            markerfacecolor=VERMILION,
            markeredgecolor="white",
            markeredgewidth=2,
        )


def _legend(axes: Axes, layer: Drawn) -> None:
    from matplotlib.patches import Patch

    if layer.title:
        bar = axes.inset_axes((0.1, -0.3, 0.8, 0.04))
        bar.imshow(palette()[None], aspect="auto", extent=(0, 1, 0, 1))
        bar.set(yticks=[])
        bar.set_xticks([0, 0.5, 1], layer.ticks, fontsize="small")
        bar.set_title(plain("\n".join(wrap(layer.title, ACROSS))), fontsize="small")
    elif classes := layer.classes:
        patches = [Patch(facecolor=colour, edgecolor="0.4") for colour in classes.values()][:BARS]
        # below the map: on it, it would hide places
        place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.15), "ncols": 3}
        names = [plain(name) for name in classes][:BARS]
        axes.legend(patches, names, fontsize="small", frameon=False, **place)


def _bars(axes: Axes, answer: Answer) -> None:
    ranked = answer.ranked()[:BARS]
    names = [name if len(name) <= 28 else name[:27] + "…" for name, _ in ranked]
    shares = [share for _, share in ranked]
    rows = range(len(ranked))
    likely = answer.likely or [answer.top]
    axes.barh(rows, shares, color=[BLUE if name in likely else SKY for name, _ in ranked])
    for row, share in zip(rows, shares, strict=True):
        axes.text(share + 0.01, row, percent(share), va="center", fontsize="small")
    axes.set_yticks(rows, [plain(name) for name in names])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.12), xticks=[])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    truth = f" · {answer.known}" if answer.known else ""
    lines = [
        (line, WARNING if note in (UNLIKE, NO_FIT) else NOTE)
        for note in answer.notes[:NOTES]
        for line in wrap(note, LETTERS)
    ]
    for row, (line, (colour, weight)) in enumerate(reversed(lines)):
        axes.annotate(
            plain(line),
            (0, 1),
            xytext=(0, 4 + LINE * row),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize="small",
            color=colour,
            weight=weight,
        )
    axes.set_title(
        plain(f"{answer.headline}{truth}"), loc="left", fontsize="medium", pad=6 + LINE * len(lines)
    )
