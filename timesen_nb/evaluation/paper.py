"""The paper's figures, to stand beside one's own."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from timesen_nb.model.prompts import PROMPT_STYLES

#: Tasks of the paper's main table, in its order; "overall" is their mean.
TASKS = ("land_cover", "land_use", "habitat", "crops", "bioregion")


@cache
def paper_figures() -> dict[str, Any]:
    """The published figures of Jain et al. 2026, doi 10.1016/j.isprsjprs.2026.03.043: not measured by this package.

    Returns:
        Everything in ``paper.toml``, with its source.
    """
    return tomllib.loads(files(__package__).joinpath("paper.toml").read_text("utf-8"))


def paper_table() -> pd.DataFrame:
    """The paper's main table: zero-shot top-1 on the Sen4Map test set, to stand beside one's own.

    Returns:
        Percent: rows (model, T; 0 = no series), columns (task, prompt style).
    """
    rows = {}
    for row in paper_figures()["zero_shot"]:
        rows[f"paper: {row['model']}", row.get("T", 0)] = {
            (task, style): figure
            for task in (*TASKS, "overall")
            for style, figure in zip(PROMPT_STYLES, row[task], strict=True)
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["model", "T"])
    table.columns = pd.MultiIndex.from_tuples(list(table.columns), names=["task", "prompts"])
    return table
