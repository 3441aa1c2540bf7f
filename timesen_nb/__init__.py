"""timesen_nb: read a Sentinel-2 pixel's year in any words.

    import timesen_nb as tn
    model = tn.load("pocket")
    series = tn.open_source("sample").pixel(9.0, 50.0)
    model.zero_shot(["vineyard", "maize field"]).probabilities(series)

Names are loaded when first used: importing this package imports nothing heavy.
"""

from typing import TYPE_CHECKING

from timesen_nb.extras import lazy_names

__version__ = "0.1.0"

#: Where each name lives.
_HOMES = {
    "BANDS": "bands",
    "MONTHS": "bands",
    "PixelSeries": "series",
    "open_source": "sources",
    "Source": "sources",
    "Task": "tasks",
    "SeriesEncoder": "model",
    "EncoderConfig": "model",
    "TimeSenCLIP": "model",
    "ZeroShot": "model",
    "load": "model",
    "Pairs": "datasets",
    "ClickMap": "widgets",
    "fit": "training",
    "map_region": "regions",
    "report": "evaluation",
    "similar": "model",
}
#: Rooms of the package that people use by name.
_ROOMS = ("datasets", "evaluation", "exercises", "model", "plots", "regions", "sources", "tasks", "training")

__all__ = [
    "BANDS",
    "MONTHS",
    "ClickMap",
    "EncoderConfig",
    "Pairs",
    "PixelSeries",
    "SeriesEncoder",
    "Source",
    "Task",
    "TimeSenCLIP",
    "ZeroShot",
    "__version__",
    "datasets",
    "evaluation",
    "exercises",
    "fit",
    "load",
    "map_region",
    "model",
    "open_source",
    "plots",
    "regions",
    "report",
    "similar",
    "sources",
    "tasks",
    "training",
]

if TYPE_CHECKING:
    from timesen_nb import datasets, evaluation, exercises, model, plots, regions, sources, training
    from timesen_nb.bands import BANDS, MONTHS
    from timesen_nb.datasets import Pairs
    from timesen_nb.evaluation import report
    from timesen_nb.model import EncoderConfig, SeriesEncoder, TimeSenCLIP, ZeroShot, load, similar
    from timesen_nb.regions import map_region
    from timesen_nb.series import PixelSeries
    from timesen_nb.sources import Source, open_source
    from timesen_nb.tasks import Task, tasks
    from timesen_nb.training import fit
    from timesen_nb.widgets import ClickMap


__getattr__ = lazy_names(__name__, _HOMES | dict.fromkeys(_ROOMS, ""))


def __dir__() -> list[str]:
    return sorted(__all__)
