"""What the months of a pixel were made of on Earth Engine, as ``PixelSeries.provenance`` has it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from timesen_nb.sources.checks import mask_rule
from timesen_nb.sources.earth_engine.expressions import CLOUD_SCORE, REFLECTANCE, CompositeRule

_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")
_NUMBER = re.compile(r"\d+(\.\d+)?")
#: From this processing baseline on the collection takes 1000 off.
_OFFSET_FROM = 4.0


def of_all(rule: CompositeRule) -> dict[str, Any]:
    """What is the same for every pixel."""
    score = [] if rule.clouds == "scl" else [f"Cloud Score+ at least {rule.threshold:g}"]
    return {
        "catalog": "Earth Engine",
        "collections": [REFLECTANCE, *([CLOUD_SCORE] if score else [])],
        "mask": "; ".join([*score, mask_rule(rule.masked)]),
    }


def of_pixel(clear: Mapping[str, float | None], told: Sequence[str]) -> dict[str, Any]:
    """What the server says of one pixel.

    Args:
        clear: by names that hold a day, 1 where it is in a median.
        told: "day|satellite|baseline" of whatever was taken there.

    Returns:
        Acquisitions a month, dates, satellites, baselines and offset.
    """
    days = (_DAY.search(name) for name, value in clear.items() if value == 1)
    dates = sorted("-".join(day.groups()) for day in days if day)
    of_days = [part.split("|") for part in told if part[:10] in dates]
    baselines = {baseline for _, _, baseline in of_days} - {""}
    return {
        "acquisitions": [sum(int(date[5:7]) == month for date in dates) for month in range(1, 13)],
        "dates": dates,
        "satellites": sorted({name.replace("Sentinel-", "S") for _, name, _ in of_days} - {""}),
        "baselines": sorted(baselines),
        "offset": {
            "applied": any(bool(_NUMBER.fullmatch(b)) and float(b) >= _OFFSET_FROM for b in baselines),
            "rule": f"{REFLECTANCE} takes off the 1000 that is added from processing baseline 04.00 on",
        },
    }
