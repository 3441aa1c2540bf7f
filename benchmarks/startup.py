"""Start-up: time and memory of the import, of the first click and of the app: ``python -m benchmarks.startup``.

Each line is a fresh Python; the best of some runs counts, with the processor's own time beside the wall clock. Memory
is the peak of the process.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

MEASURE = """
import resource, sys, time
wall, busy = time.perf_counter(), time.process_time()
{code}
wall, busy = time.perf_counter() - wall, time.process_time() - busy
heavy = [m for m in ("torch", "leafmap", "ee", "open_clip", "sklearn", "rasterio", "matplotlib") if m in sys.modules]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("@", wall, busy, peak, ",".join(heavy) or "none")
"""

STEPS = {
    "python alone": "pass",
    "import timesen_nb": "import timesen_nb",
    "load the pocket model": "import timesen_nb as tn; tn.load('pocket')",
    "a pixel of the sample, from nothing": "import timesen_nb as tn; s = tn.open_source('sample'); s.pixel(9.0, 50.0)",
    "first words over it, from nothing": (
        "import timesen_nb as tn; s = tn.open_source('sample').pixel(9.0, 50.0); "
        "tn.load('pocket').zero_shot('land_cover').probabilities(s.values[None])"
    ),
    "the app with its first click": (
        "import timesen_nb as tn; app = tn.ClickMap(tn.load('pocket'), tn.open_source('sample')); app.click(9.0, 50.0)"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    print(f"{'':38s}{'wall s':>8s}{'CPU s':>8s}{'peak MB':>9s}   loaded")
    for name, code in STEPS.items():
        runs = []
        for _ in range(given.times):
            command = [sys.executable, "-W", "ignore", "-c", MEASURE.format(code=code)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            line = next(text for text in said.splitlines() if text.startswith("@"))
            _, wall, busy, peak, heavy = line.split()
            runs.append((float(wall), float(busy), float(peak), heavy))
        wall, busy, peak = (min(r[i] for r in runs) for i in range(3))
        print(f"{name:38s}{wall:8.2f}{busy:8.2f}{peak:9.0f}   {runs[0][3]}", flush=True)


if __name__ == "__main__":
    main()
