"""A click map in memory: what a page sends to it, and waiting for what follows."""

import time

import timesen_nb as tn

WORDS = ["meadow", "maize", "lake"]


def on_map(app: tn.ClickMap, lon: float, lat: float, kind: str = "click", wait: bool = True) -> None:
    """What the page sends when somebody clicks; ``wait`` for the answer."""
    app.map._handle_leaflet_event(None, {"event": "interaction", "type": kind, "coordinates": [lat, lon]}, [])
    if wait:
        settle(app)


def settle(app: tn.ClickMap) -> None:
    until(lambda: not app.busy)


def until(condition, seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.002)
