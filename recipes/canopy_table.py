"""The table of canopies that the simulator interpolates, by PROSAIL."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from timesen_nb.bands import BANDS, WAVELENGTHS
from timesen_nb.simulate.spectra import AXES

#: Band widths (full width at half maximum) in nm, Sentinel-2A MSI (ESA spectral response functions v3.1).
WIDTHS: dict[str, float] = dict(zip(BANDS, (66, 36, 31, 15, 15, 20, 106, 21, 91, 175), strict=True))


def build_table(path: Path) -> None:
    """Run PROSAIL at every node of :data:`AXES`, convolve to the bands (Gaussian responses) and save the table.

    Needs the package ``prosail`` (extra ``pocket``).
    """
    import prosail

    nm = np.arange(400, 2501)
    response = np.stack(
        [np.exp(-4 * np.log(2) * ((nm - WAVELENGTHS[b]) / WIDTHS[b]) ** 2) for b in BANDS]
    )  # (10, 2101)
    response /= response.sum(axis=1, keepdims=True)
    table = np.zeros((*(len(v) for v in AXES.values()), len(BANDS)), dtype=np.float16)
    for node in itertools.product(*(range(len(v)) for v in AXES.values())):
        lai, cab, brown, water, angle, sun, soil = (v[i] for v, i in zip(AXES.values(), node, strict=True))
        spectrum = prosail.run_prosail(
            1.5, cab, 8.0 * cab / 42.0, brown, water, 0.009, lai, angle, 0.05, sun, 5.0, 90.0,
            prospect_version="D", typelidf=2, rsoil0=np.full(len(nm), soil), factor="SDR",
        )  # fmt: skip
        table[node] = response @ spectrum
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"reflectance": table}, str(path))
