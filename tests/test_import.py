"""Importing the package is cheap: nothing heavy is loaded before it is used, and every public name is there."""

import subprocess
import sys

import pytest

import timesen_nb as tn

HEAVY = (
    "torch", "leafmap", "ee", "open_clip", "model2vec", "xarray", "rasterio", "rioxarray", "dask", "zarr", "sklearn",
    "matplotlib", "pandas", "ipywidgets", "lightning", "scipy", "numpy",
)  # fmt: skip


def modules_after(code: str) -> set[str]:
    """Top-level modules of a fresh Python that ran ``code``."""
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*{{m.split('.')[0] for m in sys.modules}})"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return set(ran.stdout.split())


def test_importing_loads_nothing_heavy():
    loaded = modules_after("import timesen_nb as tn; dir(tn); tn.__version__")
    assert "timesen_nb" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_bands_and_tasks_need_no_torch():
    loaded = modules_after(
        "import timesen_nb as tn; tn.BANDS; tn.tasks['land_cover'].classes; tn.PixelSeries"
    )
    assert loaded.isdisjoint({"torch", "leafmap", "ee", "open_clip", "sklearn", "xarray", "matplotlib"})


def test_sources_need_no_model():
    loaded = modules_after("import timesen_nb as tn; tn.open_source('sample').bounds")
    assert loaded.isdisjoint({"torch", "leafmap", "ee", "open_clip", "ipywidgets"})


@pytest.mark.parametrize("name", sorted(set(tn.__all__)))
def test_every_public_name_is_there(name):
    assert getattr(tn, name) is not None
    assert name in dir(tn)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match=r"has no 'lode'; it has .*load"):
        tn.lode  # noqa: B018


def test_the_first_label_of_a_page_waits_for_no_large_library():
    loaded = modules_after(
        "import numpy as np, timesen_nb as tn; "
        "zs = tn.load('pocket').zero_shot(['meadow', 'forest']); "
        "zs.teach(np.full((4, 12, 10), 1000.0) + 100 * np.arange(4)[:, None, None], ['meadow', 'forest'] * 2)"
    )
    assert "timesen_nb" in loaded
    assert loaded.isdisjoint({"torch", "sklearn"})


def test_the_server_of_the_map_stays_small():
    """What opens a source or draws a map is loaded in kernels, which come and go; the server stays."""
    loaded = modules_after("import timesen_nb.widgets.serve, timesen_nb.widgets.server.app")
    assert loaded.isdisjoint(
        {
            "torch",
            "onnxruntime",
            "leafmap",
            "ee",
            "xarray",
            "rasterio",
            "matplotlib",
            "pandas",
            "scipy",
            "numpy",
        }
    )
