"""What a survey's codes mean: class names of the tasks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from timesen_nb.datasets.tables import names_of, without_fraction

#: Codes that stand for no class anywhere, and in LUCAS: not relevant, not recorded.
NO_LABEL = ("", "NA", "NAN", "NONE", "NULL")
NO_CODE = (*NO_LABEL, "8", "88", "8.0", "88.0")
#: Of the twelve regions that Sen4Map counts, those that no point lies in: Anatolian, Arctic, Macaronesia, outside.
NO_REGION = ("1", "2", "7", "9")
#: Covers told from the office only, coarser than those of the field: arable land and permanent crops.
OFFICE = {"BX1": "B", "BX2": "B"}


def read_codes(task: str, codes: Any) -> np.ndarray:
    """Class names of a task by a survey's codes.

    Args:
        task: by name, such as "land_cover".
        codes: N codes, such as "B11", "U111", "FR".

    Returns:
        (N,) names, "" where there is no such class.

    Raises:
        ValueError: an unknown task.
    """
    from timesen_nb.tasks import tasks

    classes = np.array([*tasks[task].classes, ""])
    return classes[tasks[task].index(names_of(codes))]


def numbered_labels(task: str, codes: Any, ids: Any, what: str) -> np.ndarray:
    """Labels by the numbers of habitats and regions; a warning names those that are none, whose points have no label.

    Args:
        task: "habitat" or "bioregion".
        codes: (N,) numbers or names.
        ids: (N,) names of the points, for messages.
        what: the attribute that holds them.

    Returns:
        (N,) class names, "" where there is no class.
    """
    plain = np.array([code.removesuffix(".0") for code in _plain(codes, NO_LABEL).tolist()], dtype=str)
    names = read_codes(task, plain)
    if found := _unknown(task, plain, names, ids, NO_REGION if task == "bioregion" else ()):
        warnings.warn(
            f"{what} holds {found}. These points have no label of {task}; mend the file.", stacklevel=4
        )
    return names


def lucas_labels(lc1: Any, lu1: Any, nuts0: Any, ids: Any) -> dict[str, np.ndarray]:
    """Labels of LUCAS points by their codes.

    Args:
        lc1: (N,) codes of land cover.
        lu1: (N,) codes of land use.
        nuts0: (N,) codes of countries.
        ids: (N,) names of the points, for messages.

    Returns:
        "land_cover", "land_use", "crops" and "country" -> (N,) class names, "" where there is no class.

    Raises:
        ValueError: codes that LUCAS 2018 does not have: how many, and where the first ones are.
    """
    covers = _plain(lc1)
    return {
        "land_cover": _checked("land_cover", covers, ids, "LC1"),
        "land_use": _checked("land_use", _plain(lu1), ids, "LU1"),
        "crops": read_codes("crops", covers),
        "country": _checked("country", _plain(nuts0), ids, "NUTS0"),
    }


def _plain(codes: Any, none: Sequence[str] = NO_CODE) -> np.ndarray:
    """Codes in capitals, without blanks; "" for those that stand for no class."""
    plain = np.char.upper(np.char.strip(without_fraction(names_of(codes))))
    return np.where(np.isin(plain, none), "", plain)


def _checked(task: str, codes: np.ndarray, ids: Any, what: str) -> np.ndarray:
    names = read_codes(task, np.array([OFFICE.get(c, c) for c in codes]))
    if found := _unknown(task, codes, names, ids):
        raise ValueError(
            f"{what} holds {found}. Check that the file is of 2018 and unchanged, or mend these rows."
        )
    return names


def _unknown(task: str, codes: np.ndarray, names: np.ndarray, ids: Any, also: Sequence[str] = ()) -> str:
    """Codes that are no class of a task and none of ``also``, in words; "" where there is none."""
    unknown = (codes != "") & (names == "") & ~np.isin(codes, also)
    if not unknown.any():
        return ""
    found, first, counts = np.unique(codes[unknown], return_index=True, return_counts=True)
    where = np.asarray(ids).astype(str)[unknown][first]
    said = [f"{str(c)!r} ({n} times, first at {i})" for c, n, i in zip(found, counts, where, strict=True)]
    more = f" and {len(said) - 5} more" if len(said) > 5 else ""
    return (
        f"{len(said)} codes that LUCAS 2018 does not have, at {unknown.sum()} points: {', '.join(said[:5])}{more}; "
        f"expected those of tn.tasks[{task!r}]"
    )
