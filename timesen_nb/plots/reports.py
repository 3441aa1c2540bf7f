"""Pictures of an evaluation: confusion, reliability, a report at a glance. Colours of Okabe and Ito (2008)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.plots.axes import new_axes, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

STYLE_COLOURS = {"names": "#56B4E9", "template": "#E69F00", "descriptions": "#009E73"}
#: Compared lines differ in marker as well as in colour.
COMPARED = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"))


def plot_confusion(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Shares of each true class (row) by the class predicted (column), with counts written in.

    Args:
        table: counts, areas or shares, rows true and columns predicted, such as ``report.confusion(task)``; a row
            without places is white, and a column that never was predicted may be lacking.
        ax: where to draw; None: on a new figure.

    Returns:
        The axes: columns left to right, rows from above.

    Raises:
        ValueError: a table that holds numbers below zero.
    """
    counts = table.to_numpy(dtype=float)
    if (counts < 0).any():
        raise ValueError(
            f"the table given holds {counts.min():g}; expected counts, areas or shares, 0 or more."
        )
    counts = np.nan_to_num(counts)
    high, wide = counts.shape
    digits = 0 if (counts == counts.round()).all() else 2 if counts.max() <= 1 else 1
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    ax = ax or new_axes(0.55 * wide + 2.4, 0.45 * high + 1.9)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    columns, rows = ([plain(name) for name in names] for names in (table.columns, table.index))
    ax.set_xticks(range(wide), columns, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(high), rows)
    ax.set(xlabel="predicted", ylabel="true")
    if max(high, wide) <= 16:
        for i, j in np.argwhere(counts > 0):
            ax.text(j, i, f"{counts[i, j]:.{digits}f}", ha="center", va="center", fontsize=7,
                    color="white" if share[i, j] > 0.6 else "black")  # fmt: skip
    return ax


def plot_reliability(table: pd.DataFrame, ax: Axes | None = None, label: str | None = None) -> Axes:
    """Accuracy against confidence with the share of places as bars; on the dashed line probabilities are true.

    Args:
        table: from :func:`timesen_nb.evaluation.reliability`.
        ax: where to draw, beside what is there; None: on a new figure.
        label: a name in the legend.

    Returns:
        The axes, both from 0 to 1.
    """
    from matplotlib.patches import Patch

    ax = ax or new_axes(7.4, 4.2)
    if not ax.lines:
        ax.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=1, label="true probabilities")
    colour, marker = COMPARED[(len(ax.lines) - 1) % len(COMPARED)]
    ax.plot(
        table["confidence"], table["accuracy"], marker=marker, color=colour, label=plain(label or "measured")
    )
    share = table["places"] / table["places"].sum()
    ax.bar(table["low"], share, width=table["high"] - table["low"], align="edge", color=colour, alpha=0.15)
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of the answer", ylabel="share that is right")
    handles, _ = ax.get_legend_handles_labels()
    handles.append(Patch(color="0.5", alpha=0.25, label="share of the places"))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize="small")
    return ax


def plot_report(report: Any, composites: int | None = None, ax: Axes | None = None) -> Axes:
    """Top-1 in percent by task and prompt style with 95 % intervals, and the paper's TimeSenCLIP as black marks.

    Intervals are those over blocks where they are known for all bars, for those over places are too narrow: neighbours
    are alike. The legend says which.

    Args:
        report: a :class:`timesen_nb.evaluation.Report`: its ``scores``, and beside them its ``paper``.
        composites: T of the scores that are drawn; None: the first.
        ax: where to draw; None: on a new figure.

    Returns:
        The axes, in percent.

    Raises:
        ValueError: the report has no scores for so many composites.
    """
    scores, paper = report.scores, report.paper
    ordered = list(dict.fromkeys(paper.columns.get_level_values(0)))
    composites = composites or int(scores["T"].iloc[0])
    model = scores["model"].iloc[0]
    scores = scores[(scores["T"] == composites) & (scores["model"] == model)]
    if scores.empty:
        raise ValueError(f"the report has no scores for {composites} composites.")
    found = [t for t in ordered if t in set(scores["task"])]
    found += [t for t in scores["task"].unique() if t not in found]
    styles = [s for s in STYLE_COLOURS if s in set(scores["prompts"])]
    ax = ax or new_axes(1.6 * len(found) + 3.5, 3.6)
    row = ("paper: TimeSenCLIP, 1 px", composites)
    blocked = "top1_block_low" in scores and bool(scores["top1_block_low"].notna().all())
    low, high = ("top1_block_low", "top1_block_high") if blocked else ("top1_low", "top1_high")
    for j, style in enumerate(styles):
        part = scores[scores["prompts"] == style].set_index("task").loc[found]
        x = np.arange(len(found)) + (j - (len(styles) - 1) / 2) * 0.25
        top = 100 * part["top1"]
        below, above = top - 100 * part[low], 100 * part[high] - top
        ax.bar(
            x,
            top,
            0.23,
            yerr=[below.clip(0), above.clip(0)],
            color=STYLE_COLOURS[style],
            label=style,
            capsize=2,
        )
        if row in paper.index:
            figures = [paper.loc[row].get((t, style), np.nan) for t in found]
            ax.plot(x, figures, "k_", markersize=13, label="paper, Sen4Map" if j == 0 else None)
    ax.set_xticks(range(len(found)), [plain(t.replace("_", " ")) for t in found])
    ax.set(ylabel="top-1 (%)", ylim=(0, 100))
    title = f"95 % intervals over\n{'blocks of places' if blocked else 'places alone'}"
    ax.legend(
        frameon=False,
        fontsize="small",
        title=title,
        title_fontsize="small",
        loc="upper left",
        bbox_to_anchor=(1, 1),
    )
    where = ", simulated places" if getattr(report, "simulated", False) else ""
    ax.set_title(plain(f"{model}{where}, T = {composites}"), loc="left", fontsize="medium")
    return ax
