"""What the months of a pixel were made of, as :attr:`timesen_nb.PixelSeries.provenance` describes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from timesen_nb.sources.checks import mask_rule
from timesen_nb.sources.stac.acquisitions import Acquisition, LeftOut


def provenance(
    used: Sequence[Acquisition],
    days: Sequence[np.datetime64] | np.ndarray,
    *,
    catalog: str,
    masked: Collection[int],
    left_out: Sequence[LeftOut],
) -> dict[str, Any]:
    """A dict that JSON can hold.

    Args:
        used: The acquisitions whose observations entered the medians.
        days: The solar day of each.
        catalog: Its name.
        masked: Scene classes that are left out.
        left_out: What could not be used.

    Returns:
        Acquisitions a month, dates, satellites, baselines, collections, offset, mask, catalog and what was left out.
    """
    dates = sorted(str(day.astype("datetime64[D]")) for day in np.asarray(days, dtype="datetime64[D]"))
    months = Counter(int(date[5:7]) for date in dates)
    rules = Counter(a.rule for a in used)
    return {
        "catalog": catalog,
        "collections": sorted({a.collection for a in used} - {""}),
        "acquisitions": [months[m] for m in range(1, 13)],
        "dates": dates,
        "satellites": sorted({a.satellite for a in used} - {""}),
        "baselines": sorted({f"{a.baseline:05.2f}" for a in used if a.baseline}),
        "offset": {
            "applied": any(a.offset.any() for a in used),
            "rule": "; ".join(
                f"{rule}: {n} of {len(used)} acquisitions" for rule, n in sorted(rules.items())
            ),
        },
        "mask": mask_rule(masked),
        "left_out": [dict(part) for part in left_out],
    }
