"""The light install: what answers needs no torch, and what needs an extra says which."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from served_map import PATIENCE, chromium, served_map

ROOT = Path(__file__).resolve().parent.parent

ANSWER = """
import sys
import timesen_nb as tn

source = tn.open_source("flanders")
west, south, east, north = source.bounds
lon, lat = (west + east) / 2, (south + north) / 2
model = tn.load("pocket")
words = ["maize", "grassland"]
assert abs(model.zero_shot(words).probabilities(source.pixel(lon, lat)).sum() - 1) < 1e-5
assert model.encode_text(["a lake"]).shape == (1, 128)
click = tn.ClickMap(model, source, words)
click.click(lon, lat)
assert click.result is not None, (click.status, click.error)
heavy = {"torch", "open_clip", "model2vec", "voila", "jupyterlab"} & set(sys.modules)
assert not heavy, heavy
"""

#: What people have and take home: each library that reads or writes it must come with the package itself.
FILES = """
import geopandas as gpd
import numpy as np
import pandas as pd
import timesen_nb as tn
from shapely import box
from timesen_nb import datasets, regions

source = tn.open_source("flanders")
west, south, east, north = source.bounds
lon, lat = (west + east) / 2, (south + north) / 2
values = source.pixel(lon, lat).values
cube = source.cube(source.bounds, 2018).compute()
cube.to_netcdf("cube.nc")
cube.to_dataset(name="reflectance").to_zarr("cube.zarr", consolidated=False)
words = tn.load("pocket").zero_shot(["maize", "grassland"])
for file in ("cube.nc", "cube.zarr"):
    held = tn.open_source(file)
    assert np.array_equal(held.pixel(lon, lat, year=2018).values, values, equal_nan=True), file
maps = tn.map_region(words, held.cube(held.bounds, 2018))
regions.save_geotiff(maps, "map.tif")
gpd.GeoDataFrame({"name": ["a field"]}, geometry=[box(west, south, east, north)], crs=4326).to_file("fields.gpkg")
assert len(regions.field_table(maps, "fields.gpkg")) == 1
pd.DataFrame({"lon": [lon], "lat": [lat], "label": ["maize"]}).to_csv("points.csv", index=False)
assert datasets.read_points("points.csv", label="label", source=held, year=2018).labels.tolist() == ["maize"]
"""

WITHOUT_TORCH = """
import sys
import timesen_nb as tn

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "open_clip"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

sys.meta_path.insert(0, Missing())
model = tn.load("pocket")
def published():
    open("model.ckpt", "wb").write(b"x" * 20)
    tn.load("model.ckpt")
def words():
    from timesen_nb.model.towers import open_tower
    open_tower("clip:ViT-B-32:openai").encode_text(["a lake"])
for use in (lambda: model.encoder, lambda: model.to("cuda"), published, words):
    try:
        use()
    except ImportError as problem:
        assert 'pip install "timesen_nb[train]"' in str(problem), problem
    else:
        raise AssertionError("nothing was said")
"""


def python(code: str, where: Path, executable: str = sys.executable, **environment: str) -> None:
    """Run code in a fresh Python; its error is the test's."""
    ran = subprocess.run(
        [executable, "-c", code],
        cwd=where,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_an_answer_loads_no_torch(tmp_path: Path) -> None:
    python(ANSWER, tmp_path, PYTHONPATH=str(ROOT))


def test_what_needs_torch_says_how_to_install_it(tmp_path: Path) -> None:
    python(WITHOUT_TORCH, tmp_path, PYTHONPATH=str(ROOT))


@pytest.mark.needs_packages
@pytest.mark.timeout(1800)
def test_the_wheel_alone_answers_and_with_app_it_serves(tmp_path: Path) -> None:
    """Built, installed into an empty environment, and used there on files too: without extras, then with the app's."""
    pip = [sys.executable, "-m", "pip"]
    # tests keep off the network; pip asks the index that it is set up with
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    outside = {k: v for k, v in os.environ.items() if k.lower() not in proxies and k != "PYTHONPATH"}

    def run(*command: str) -> None:
        ran = subprocess.run(command, env=outside, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr

    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT))
    [wheel] = tmp_path.glob("timesen_nb-*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    empty = str(tmp_path / "venv" / "bin" / "python")
    run(empty, "-m", "pip", "install", "--quiet", str(wheel))
    python(ANSWER, tmp_path, empty, PYTHONPATH="")
    python(FILES, tmp_path, empty, PYTHONPATH="")
    heavy = {"torch", "open-clip-torch", "jupyterlab", "model2vec", "pytest", "onnx"}
    assert installed(empty, outside).isdisjoint({*heavy, "voila"})

    run(empty, "-m", "pip", "install", "--quiet", f"{wheel}[app]")
    assert installed(empty, outside).isdisjoint(heavy)
    with (
        chromium() as browser,
        served_map("flanders", "--pages", "1", port=8868, python=empty, PYTHONPATH="") as served,
    ):
        page = browser.new_page()
        page.goto(served.address, timeout=PATIENCE)
        page.locator(".tn-app .leaflet-container").wait_for(timeout=PATIENCE)


def installed(python: str, environment: dict[str, str]) -> set[str]:
    """The names of what is installed."""
    command = [python, "-m", "pip", "list"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return {line.split()[0].lower() for line in said.splitlines()[2:]}
