"""A click map with kept places, labels and a mapped view."""

from synthetic import GridSource

import timesen_nb as tn

WORDS = ["a lake", "a meadow", "a wood"]


def with_kept_places(model: tn.TimeSenCLIP) -> tn.ClickMap:
    """Three kept places, two of them with a label, and a mapped view."""
    source = GridSource()
    app = tn.ClickMap(model, source, WORDS)
    for column in (5, 9, 14):
        app.click(*source.place(column, 7))
        app.keep()
    app.label(1, "a wood")
    app.label(3, "a hop garden")
    app.map_view(bbox=source.bounds)
    assert app.error is None
    return app
