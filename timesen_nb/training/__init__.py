"""Cross-view training: pull the series of a place to the photos taken there; and fine-tuning, by photos or by names.

Read in this order: options, fitting (the call), loop (every rank runs it), loss (what learns), augment, pooling,
run_folder (checkpoint and log). What needs torch is loaded when first used, for it comes with an extra.
"""

from typing import TYPE_CHECKING, Any

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.extras import lazy_names, needs
from timesen_nb.model.linear_probe import linear_probe
from timesen_nb.plots.training import plot_metrics
from timesen_nb.training.options import TrainingOptions

if TYPE_CHECKING:
    from timesen_nb.training.fitting import fit
    from timesen_nb.training.loss import MemoryBank, info_nce

__all__ = ["MemoryBank", "Pairs", "TrainingOptions", "fit", "info_nce", "linear_probe", "plot_metrics"]
_NEED_TORCH = {"fit": "training.fitting", "info_nce": "training.loss", "MemoryBank": "training.loss"}
_load = lazy_names(__name__, _NEED_TORCH)


def __getattr__(name: str) -> Any:
    if name in _NEED_TORCH:
        needs("torch", extra="train", what=f"tn.{name}" if name == "fit" else name)
    return _load(name)


def __dir__() -> list[str]:
    return sorted(__all__)
