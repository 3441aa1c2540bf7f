"""ESA's radiometric offset: from processing baseline 04.00 on 1000 is added to what is stored.

Sentinel-2 products specification 14.9: in force since 25 January 2022, and for old images that are processed anew.
"""

from __future__ import annotations

import re

import numpy as np

#: From this processing baseline on, so much is to be added to stored values; from this day on in all new images.
OFFSET_FROM, OFFSET, SINCE = 4.0, -1000.0, np.datetime64("2022-01-25", "D")
#: What stands for yes and no where somebody says whether the offset was taken off.
YES, NO = ("true", "1", "1.0", "yes"), ("false", "0", "0.0", "no")
_PRODUCT = re.compile(r"_N(\d\d)(\d\d)(?:_|$)")


def baseline_of_product(name: str) -> float | None:
    """The processing baseline in ESA's name of a product, 5.09 for ``..._N0509_...``; None where it has none."""
    named = _PRODUCT.search(name)
    return float(f"{named[1]}.{named[2]}") if named else None
