"""What the bundled model needs to say how far it may be believed: ``python -m recipes.confidence``, three minutes.

To be run again whenever its weights change; the file bears their fingerprint.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from recipes.training_space import POINTS, USUAL, fit_space, simulated
from timesen_nb.model.confidence import Confidence, confidence_file, write_confidence
from timesen_nb.model.fingerprint import fingerprint
from timesen_nb.model.timesenclip import TimeSenCLIP, load


def fit_confidence(model: TimeSenCLIP) -> Confidence:
    """Everything that is fitted, for one model."""
    series = simulated(POINTS + USUAL)
    return Confidence(fingerprint(model.weights.arrays), fit_space(model, series))


def main() -> None:
    """Write the file into the package, or elsewhere."""
    parser = argparse.ArgumentParser(description="Fit what the bundled model knows of its own limits.")
    parser.add_argument("--model", default="pocket", help="what timesen_nb.load opens")
    parser.add_argument("--file", type=Path, default=confidence_file())
    given = parser.parse_args()
    started = time.monotonic()
    path = write_confidence(given.file, fit_confidence(load(given.model)))
    print(f"{path.name}: {path.stat().st_size:,} bytes, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
