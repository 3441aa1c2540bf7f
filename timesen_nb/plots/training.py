"""Loss and accuracy of a run of training, over its epochs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timesen_nb.plots.axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What is measured on the validation pairs: column, name, colour, marker.
MEASURED = (
    ("accuracy", "zero-shot accuracy", "#0072B2", "o"),
    ("recall_at_1", "Recall@1 by class", "#D55E00", "s"),
)


def plot_metrics(folder: str | Path, ax: Axes | None = None) -> Axes:
    """Loss of a run over its epochs, and what was measured on the validation pairs (right axis, percent).

    Args:
        folder: the folder= of :func:`timesen_nb.fit`, with its metrics.csv.
        ax: where to draw; None: a new figure.

    Returns:
        The axes of the loss.

    Raises:
        FileNotFoundError: no run has left its metrics.csv there.
    """
    import pandas as pd

    path = Path(folder).expanduser() / "metrics.csv"
    if not path.is_file():
        raise FileNotFoundError(f"no metrics.csv in {folder}; expected the folder= of a run of fit.")
    table = pd.read_csv(path)
    ax = ax or new_axes(7, 3.2)
    ax.plot(table["epoch"], table["loss"], color="#222222", label="InfoNCE loss")
    ax.set(xlabel="epoch", ylabel="loss")
    ax.locator_params(axis="x", integer=True)
    right = ax.twinx()
    for column, name, colour, marker in MEASURED:
        rows = table.dropna(subset=[column])
        if len(rows):
            style: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 4, "label": name}
            right.plot(rows["epoch"], 100 * rows[column], **style)
    if right.lines:
        right.set(ylabel="validation, %", ylim=(0, 100))
    else:
        right.set_axis_off()
    handles = [h for axis in (ax, right) for h in axis.get_legend_handles_labels()[0]]
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3}
    ax.legend(handles=handles, fontsize="small", frameon=False, **place)
    return ax


def metrics_png(folder: str | Path) -> bytes:
    """What :func:`plot_metrics` draws, as a PNG file; no window and no figure of pyplot is touched."""
    from matplotlib.figure import Figure

    figure, file = Figure(figsize=(7, 3.2), layout="constrained"), io.BytesIO()
    plot_metrics(folder, figure.add_subplot())
    figure.savefig(file, dpi=120)
    return file.getvalue()
