"""The variables of a map: what each of them is called and holds, and what stands in it where there is nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from timesen_nb.plots.colours import class_colours

#: The label of a pixel without data.
NOTHING = -1
#: Attributes of a map that say what it was made of.
ORIGIN = ("source", "year", "model", "labels_taught")


@dataclass(frozen=True)
class Layer:
    """One variable of a map.

    Attributes:
        dims: of "class", "y", "x" and "feature".
        shape: their sizes.
        dtype: of its numbers.
        nothing: what stands where there is no data.
        attrs: what it says of itself.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    nothing: float
    attrs: dict[str, Any] = field(default_factory=dict)

    def at(self, window: tuple[slice, slice]) -> tuple[slice, ...]:
        """The index of a window (y, x)."""
        where = dict(zip(("y", "x"), window, strict=True))
        return tuple(where.get(d, slice(None)) for d in self.dims)

    def empty(self, *pixels: int) -> np.ndarray:
        """Of so many pixels, in the place of y and x, or of all: nothing everywhere."""
        others = [n for d, n in zip(self.dims, self.shape, strict=True) if d == "class"]
        return np.full((*others, *pixels) if pixels else self.shape, self.nothing, dtype=self.dtype)


def layers_of(
    shape: tuple[int, int],
    classes: list[str],
    features: int,
    keep: str | None,
    every_class: bool,
    applicability: bool,
    set_size: bool,
    weights: str = "",
) -> dict[str, Layer]:
    """The variables of a map by name.

    Args:
        shape: pixels along y and x.
        classes: K names.
        features: numbers of a vector.
        keep: "float16" or "int8" to keep vectors; None: not at all.
        every_class: the probability of every class.
        applicability: and how unlike the training series a pixel is.
        set_size: and how many classes the set has that holds the true one nine times in ten.
        weights: fingerprint of the model that made the vectors.

    Returns:
        label and probability, and what was asked for.
    """
    plane = ("y", "x")
    named = {"classes": classes, "colours": class_colours(classes)}
    about = {"long_name": "class", "_FillValue": NOTHING, **named}
    layers = {
        "label": Layer(plane, shape, "int16", NOTHING, about),
        "probability": Layer(plane, shape, "float32", np.nan, {"long_name": "probability of the class"}),
    }
    if applicability:
        said = "dissimilarity to the training series: 1 is the edge of the area of applicability"
        layers["dissimilarity"] = Layer(plane, shape, "float32", np.nan, {"long_name": said})
    if set_size:
        said = "classes of the set that holds the true one nine times in ten"
        layers["set_size"] = Layer(plane, shape, "int16", NOTHING, {"long_name": said, "_FillValue": NOTHING})
    if every_class:
        layers["probabilities"] = Layer(("class", *plane), (len(classes), *shape), "float16", np.nan)
    if keep:
        about = {"long_name": "unit vectors of the series, up to their length", "weights": weights}
        nothing = 0 if keep == "int8" else np.nan
        layers["vectors"] = Layer((*plane, "feature"), (*shape, features), keep, nothing, about)
    return layers
