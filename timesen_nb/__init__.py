"""timesen_nb: read a Sentinel-2 pixel's year in any words.

    import timesen_nb as tn
    model = tn.load("pocket")
    series = tn.open_source("sample").pixel(4.36, 50.85)
    model.zero_shot(["vineyard", "maize field"]).probabilities(series.values[None])

Names are loaded when first used: importing this package imports nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "BANDS": "bands",
    "MONTHS": "bands",
    "PixelSeries": "series",
    "open_source": "sources",
    "Source": "sources",
    "tasks": "tasks",
    "Task": "tasks",
    "SeriesEncoder": "model",
    "EncoderConfig": "model",
    "TimeSenCLIP": "timesenclip",
    "load": "checkpoint",
    "ZeroShot": "zeroshot",
    "ClickMap": "widgets",
    "fit": "training",
    "map_region": "regions",
    "report": "evaluation",
}

__all__ = [
    "BANDS",
    "MONTHS",
    "ClickMap",
    "EncoderConfig",
    "PixelSeries",
    "SeriesEncoder",
    "Source",
    "Task",
    "TimeSenCLIP",
    "ZeroShot",
    "__version__",
    "fit",
    "load",
    "map_region",
    "open_source",
    "report",
    "tasks",
]

if TYPE_CHECKING:
    from timesen_nb.bands import BANDS, MONTHS
    from timesen_nb.checkpoint import load
    from timesen_nb.evaluation import report
    from timesen_nb.model import EncoderConfig, SeriesEncoder
    from timesen_nb.regions import map_region
    from timesen_nb.series import PixelSeries
    from timesen_nb.sources import Source, open_source
    from timesen_nb.tasks import Task, tasks
    from timesen_nb.timesenclip import TimeSenCLIP
    from timesen_nb.training import fit
    from timesen_nb.widgets import ClickMap
    from timesen_nb.zeroshot import ZeroShot


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"timesen_nb has no {name!r}; it has {', '.join(_HOMES)}")
    value = getattr(import_module(f"timesen_nb.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
