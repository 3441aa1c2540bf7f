"""True classes of labelled places as numbers: one check for whatever is fitted by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from timesen_nb.arrays import check_unmasked


def check_truth(truth: Any, places: int, classes: int) -> np.ndarray:
    """The class number of each labelled place.

    Args:
        truth: (N,) class numbers, -1 = none of these.
        places: N, how many there are.
        classes: K, how many there are.

    Returns:
        (N,) int64, -1 to K - 1.

    Raises:
        ValueError: names or what else is no class number, or another number of them than places.
    """
    check_unmasked(truth, "truth")
    given = np.asarray(truth)
    if given.shape != (places,):
        raise ValueError(
            f"truth {given.shape} was given for {places} places; expected ({places},): one class number each, -1 for "
            "none of these."
        )
    expected = f"expected 0 to {classes - 1}, and -1 for none of these"
    if given.dtype.kind not in "iufb" or (given % 1 != 0).any():
        example = (given[given % 1 != 0] if given.dtype.kind == "f" else given).tolist()[0]
        raise ValueError(
            f"truth holds {given.dtype}, such as {example!r}; {expected}. Of names: "
            "np.array([zs.classes.index(name) for name in names]); of a task: task.index(names)."
        )
    if (strange := (given < -1) | (given >= classes)).any():
        raise ValueError(
            f"truth holds class number {given[strange][0]}, and there are {classes} classes; {expected}."
        )
    return given.astype(np.int64)
