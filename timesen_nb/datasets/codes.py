"""What a survey's codes mean: class names of the tasks."""

from __future__ import annotations

from typing import Any

import numpy as np

from timesen_nb.datasets.tables import names_of, without_fraction

#: Codes that stand for no class: not relevant, not recorded.
NO_CODE = ("", "8", "88", "8.0", "88.0", "NA", "NAN", "NONE", "NULL")
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


def _plain(codes: Any) -> np.ndarray:
    """Codes in capitals, without blanks; "" for those that stand for no class."""
    plain = np.char.upper(np.char.strip(without_fraction(names_of(codes))))
    return np.where(np.isin(plain, NO_CODE), "", plain)


def _checked(task: str, codes: np.ndarray, ids: Any, what: str) -> np.ndarray:
    names = read_codes(task, np.array([OFFICE.get(c, c) for c in codes]))
    unknown = (codes != "") & (names == "")
    if unknown.any():
        found, first, counts = np.unique(codes[unknown], return_index=True, return_counts=True)
        where = np.asarray(ids).astype(str)[unknown][first]
        said = [f"{str(c)!r} ({n} times, first at {i})" for c, n, i in zip(found, counts, where, strict=True)]
        more = f" and {len(said) - 5} more" if len(said) > 5 else ""
        raise ValueError(
            f"{what} holds {len(said)} codes that LUCAS 2018 does not have, at {unknown.sum()} points: "
            f"{', '.join(said[:5])}{more}; expected those of tn.tasks[{task!r}]. Check that the file is of 2018 and "
            "unchanged, or mend these rows."
        )
    return names
