"""What the notebook of the served page runs in its kernel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from timesen_nb.widgets.server.check import MODEL, SOURCE

if TYPE_CHECKING:
    import ipywidgets as w

    from timesen_nb.widgets.click_map import ClickMap


def served_map() -> ClickMap | w.Label:
    """The click map of the source and the model that the environment names, shown.

    Shown as a live widget alone: the still picture that a notebook keeps beside it would only cost time here. Shown
    when its landscape is drawn: what changes while a page makes its widgets is lost to them.

    Returns:
        The map; words in its place where it fails.
    """
    import ipywidgets as w
    from IPython.display import display

    import timesen_nb as tn

    shown: ClickMap | w.Label
    try:
        model = tn.load(os.environ.get(MODEL) or "pocket")
        shown = tn.ClickMap(model, tn.open_source(os.environ.get(SOURCE) or "flanders"))
        shown.settle()
    except (ValueError, OSError) as problem:
        shown = w.Label(f"The map cannot be shown: {problem}")
        shown.add_class("tn-notice")
    view = {"version_major": 2, "version_minor": 0, "model_id": shown.model_id}
    display({"application/vnd.jupyter.widget-view+json": view}, raw=True)
    return shown
