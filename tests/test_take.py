"""What is taken along from the app: files of kept places, maps, taught words and calls."""

import io
import json
import zipfile
from base64 import b64decode
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from clicks import settle
from kept_places import WORDS, with_kept_places
from shapely import box
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.widgets.take import take, view_maps


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return small_model()


@pytest.fixture
def app(model: tn.TimeSenCLIP) -> tn.ClickMap:
    return with_kept_places(model)


@pytest.fixture(scope="module")
def real() -> tn.ClickMap:
    """The bundled model over some fields of Flanders."""
    source = tn.open_source("flanders")
    app = tn.ClickMap(tn.load("pocket"), source, ["maize", "a meadow", "potatoes"])
    west, south, east, north = source.bounds
    app.click((west + east) / 2, (south + north) / 2)
    app.keep()
    app.map_view(bbox=(west, south, west + (east - west) / 4, south + (north - south) / 4))
    assert app.error is None
    return app


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_kept_places_come_in_flat_columns(app: tn.ClickMap, suffix: str, tmp_path: Path) -> None:
    app.click(*app.session.source.place(20, 9))
    app.keep()
    table = gpd.read_file(app.export(tmp_path / f"kept{suffix}"))
    kept = dict(app.session.kept)
    assert table["place"].tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(table.geometry.x, [a.lon for a in kept.values()])
    assert table["label"].isna().tolist() == [False, True, False, True]
    assert table["label"][2] == "a hop garden"
    first = kept[1]
    assert [table[f"p_{name}"][0] for name in first.classes] == pytest.approx(
        list(first.probabilities), abs=1e-6
    )
    # the first were kept when there was no such class yet
    assert table["p_a hop garden"].isna().tolist() == [True, True, True, False]
    months = table.loc[0, [f"ndvi_{m:02d}" for m in range(1, 13)]].astype(float)
    np.testing.assert_allclose(months, first.series.ndvi, atol=1e-4)
    assert table["words"][0] == "; ".join(first.classes)
    assert table["source"][0] == first.series.source
    assert table["model"][0].startswith("weights ")
    assert table["task"][0] == "your own words"
    assert json.loads(table["provenance"][0]) == first.series.provenance
    assert str(table["time"][0]).startswith("20")
    assert not any(isinstance(v, dict | list) for v in table.drop(columns="geometry").iloc[0])


def test_places_may_be_blurred_or_left_out(app: tn.ClickMap, tmp_path: Path) -> None:
    lon = app.session.kept[1].lon
    blurred = app.export(tmp_path / "b.geojson", places="blurred").read_text()
    left = json.loads(app.export(tmp_path / "c.geojson", places="left out").read_text())
    assert repr(lon) not in blurred
    assert gpd.read_file(tmp_path / "b.geojson").geometry.x[0] == pytest.approx(round(lon, 2), abs=1e-6)
    assert all(f["geometry"] is None for f in left["features"])
    with pytest.raises(ValueError, match=r"only \.geojson and \.gpkg"):
        app.export(tmp_path / "kept.csv", places="blurred")


def test_the_taught_words_are_a_file(app: tn.ClickMap, model: tn.TimeSenCLIP, tmp_path: Path) -> None:
    path = app.export(tmp_path / "taught.safetensors")
    there = tn.load(path, model=model)
    assert there.classes == [*WORDS, "a hop garden"]
    vectors = app.session.view.vectors
    np.testing.assert_array_equal(there.of_vectors(vectors), app.session.words.of_vectors(vectors))


def test_the_map_is_that_of_map_region(real: tn.ClickMap, tmp_path: Path) -> None:
    session = real.session
    maps = view_maps(session, session.view)
    cube = session.view.cube
    expected = tn.map_region(
        session.words, cube, every_class=True, applicability=True, set_size=True, progress=False
    )
    assert (maps["label"].values == expected["label"].values).mean() > 0.99
    np.testing.assert_allclose(maps["probabilities"], expected["probabilities"], atol=0.02)
    np.testing.assert_allclose(maps["dissimilarity"], expected["dissimilarity"], atol=0.05)
    assert (maps["set_size"].values == expected["set_size"].values).mean() > 0.97
    paths = take(session, tmp_path / "map.tif")
    assert [p.name for p in paths] == [
        f"map{s}.tif" for s in ("", "_probability", "_probabilities", "_dissimilarity", "_set_size")
    ]
    with rasterio.open(paths[0]) as file:
        assert json.loads(file.tags()["classes"]) == session.classes
        assert file.crs == cube.rio.crs
        assert file.transform.almost_equals(cube.rio.transform())
    assert real.export(tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_a_map_says_how_many_labels_taught_its_words(app: tn.ClickMap, tmp_path: Path) -> None:
    def told(name: str) -> list[str | None]:
        tags = []
        for path in take(app.session, tmp_path / name):
            with rasterio.open(path) as file:
                tags.append(file.tags().get("labels_taught"))
        return tags

    assert set(told("taught.tif")) == {"2"}
    maps = tn.map_region(app.session.words, app.session.view.cube, keep="float16", progress=False)
    assert maps.labels_taught == "2"
    app.label(1, "")
    app.label(3, "")
    assert set(told("words.tif")) == {None}
    # the vectors of a taught map, asked by words that nobody taught
    again = tn.map_region(app.session.words, maps, progress=False)
    assert "labels_taught" not in again.attrs
    assert maps.labels_taught == "2"


def test_the_calls_give_what_the_screen_shows(real: tn.ClickMap, tmp_path: Path) -> None:
    real.label(1, "a hop garden")
    code = real.export(tmp_path / "timesen.py").read_text()
    code = code.replace('tn.regions.save_geotiff(maps, "map.tif")', "")
    there: dict = {}
    exec(compile(code, "timesen.py", "exec"), there)
    shown = real.result
    assert there["zs"].classes == real.session.classes == [*shown.classes]
    np.testing.assert_allclose(there["p"], shown.probabilities, atol=1e-5)
    encoded = real.session.view
    np.testing.assert_allclose(there["cube"].values, encoded.cube.values)
    best = real.session.words.choose(encoded.probabilities(real.session.words)[encoded.readable])
    assert (there["maps"]["label"].values[encoded.readable] == best).mean() > 0.98
    real.label(1, "")


@pytest.mark.filterwarnings("ignore::timesen_nb.model.words.NeverTheAnswer")
def test_places_of_another_source_are_read_from_it_or_left_out(real: tn.ClickMap, tmp_path: Path) -> None:
    """Two of a source that only its user can open, one of a bundled one, then another bundled one is open."""
    model, grid = real.session.model, GridSource()
    app = tn.ClickMap(model, grid, ["maize", "qwxyz", "a meadow"])
    for number, label in enumerate(("a hop garden", "maize"), 1):
        app.click(*grid.place(4 * number, 7))
        app.keep()
        app.label(number, label)
    flanders = tn.open_source("flanders")
    app.open_source(flanders)
    settle(app)
    app.click(*((low + high) / 2 for low, high in zip(flanders.bounds[:2], flanders.bounds[2:], strict=True)))
    app.keep()
    app.label(3, "an orchard")
    app.open_source(tn.open_source("sample"))
    code = app.export(tmp_path / "timesen.py").read_text()
    assert "# place 1, 'a hop garden', is left out: it was read from a synthetic grid" in code
    there: dict = {}
    exec(compile(code, "timesen.py", "exec"), there)
    assert there["zs"].classes == ["maize", "a meadow", "an orchard"]
    assert len(there["series"]) == 1
    assert there["series"][0].truth == app.session.kept[3].truth


def test_every_file_of_kept_places_has_their_labels(app: tn.ClickMap, tmp_path: Path) -> None:
    sent = b64decode(app.kept._files.value.split("application/geo+json;base64,")[1].split('"')[0])
    made = json.loads(app.export(tmp_path / "kept.geojson").read_text())
    for found in (json.loads(sent), made, json.loads(app.session.kept.geojson())):
        told = [feature["properties"]["label"] for feature in found["features"]]
        assert told == ["a wood", None, "a hop garden"]
    table = pd.read_csv(io.StringIO(app.session.kept.csv()), keep_default_na=False)
    assert table["label"].tolist() == ["a wood", "", "a hop garden"]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_a_class_has_one_column_whatever_its_capitals(app: tn.ClickMap, suffix: str, tmp_path: Path) -> None:
    app.label(1, "")
    app.label(3, "")
    app.use(task=["A Lake", "a meadow", "houses"])
    app.keep()
    table = gpd.read_file(app.export(tmp_path / f"kept{suffix}"))
    assert [c for c in table.columns if c.casefold() == "p_a lake"] == ["p_a lake"]
    assert table["p_a lake"].notna().all()


def test_what_has_no_percentage_on_the_panel_has_none_in_table_and_files(
    app: tn.ClickMap, tmp_path: Path
) -> None:
    app.label(1, "")
    app.label(3, "")
    app.use(task=["asdfgh", "a meadow"])
    app.keep()
    number, answer = list(app.session.kept)[-1]
    assert "%" not in answer.headline
    row = gpd.read_file(app.export(tmp_path / "kept.geojson")).iloc[-1]
    assert row["place"] == number
    assert np.isnan([row["probability"], row["p_a meadow"]]).all()
    app.use(task=["asdfgh", "a meadow", "a lake"])
    app.keep()
    row = gpd.read_file(app.export(tmp_path / "kept.geojson")).iloc[-1]
    assert pd.isna(row["p_asdfgh"])
    assert row["p_a meadow"] + row["p_a lake"] == pytest.approx(1)
    assert answer.headline in [
        label.value for label in app.kept._rows[number].children if hasattr(label, "value")
    ]


@pytest.mark.filterwarnings("ignore::timesen_nb.model.words.NeverTheAnswer")
def test_words_that_mean_nothing_have_no_part_in_panel_pointer_map_or_calls(
    real: tn.ClickMap, tmp_path: Path
) -> None:
    before, session = real.result, real.session
    west, south, east, north = session.view.view.bbox
    real.use(task=["asdfgh", "maize", "qwertyuiop", "a meadow"])
    shown = real.click((west + east) / 2, (south + north) / 2)
    assert shown.probabilities[[0, 2]].tolist() == [0, 0]
    assert shown.probabilities.sum() == pytest.approx(1)
    here = session.view.at(shown.lon, shown.lat)
    real._actions.layer.hovered({"type": "mousemove", "coordinates": [shown.lat, shown.lon]})
    assert real.map._told.value == shown.headline.replace(":", "")
    maps = view_maps(session, session.view)
    assert maps["label"].attrs["classes"] == ["maize", "a meadow"]
    at = np.argwhere(session.view.readable)[here]
    found = maps["probabilities"].transpose("y", "x", ...).values[tuple(at)]
    np.testing.assert_allclose(found, shown.probabilities[[1, 3]], atol=0.01)
    code = real.export(tmp_path / "timesen.py").read_text()
    there: dict = {}
    exec(compile(code.replace('tn.regions.save_geotiff(maps, "map.tif")', ""), "timesen.py", "exec"), there)
    assert there["zs"].classes == ["maize", "a meadow"]
    np.testing.assert_allclose(there["p"], shown.probabilities[[1, 3]], atol=1e-5)
    real.use(task=["asdfgh", "qwertyuiop"])
    with pytest.raises(ValueError, match="none of the words is known"):
        real.export(tmp_path / "map.tif")
    real.use(task=["maize", "a meadow", "potatoes"])
    real.click(before.lon, before.lat)


def test_one_word_alone_makes_no_map(real: tn.ClickMap, tmp_path: Path) -> None:
    assert real._actions.layer.drawn is not None
    for words in (["maize"], ["asdfgh", "maize"]):
        real.use(task=words)
        assert real._actions.layer.drawn is None
        real._actions.layer.hovered({"type": "mousemove", "coordinates": [real.result.lat, real.result.lon]})
        assert real.map._told.value == ""
        for file in ("map.tif", "map.png"):
            with pytest.raises(ValueError, match="no map of one word alone: every pixel would be 'maize'"):
                real.export(tmp_path / file)
        assert "map_region" not in real.export(tmp_path / "timesen.py").read_text()
    real.use(task=["maize", "a meadow", "potatoes"])
    assert real._actions.layer.drawn is not None


def test_the_calls_give_the_fields_too(real: tn.ClickMap, tmp_path: Path) -> None:
    lon, lat = real.result.lon, real.result.lat
    shown = real.read_fields(box(lon - 0.0008, lat - 0.0004, lon + 0.0008, lat + 0.0004))
    code = real.export(tmp_path / "timesen.py").read_text()
    there: dict = {}
    exec(compile(code.replace('tn.regions.save_geotiff(maps, "map.tif")', ""), "timesen.py", "exec"), there)
    assert shown["pixels"].tolist() == there["table"]["pixels"].tolist()
    assert shown["pixels"][0] > 40
    assert shown["majority"].tolist() == there["table"]["majority"].tolist()
    real.fields.forget()
    assert "polygons" not in real.export(tmp_path / "timesen.py").read_text()


def test_what_only_the_user_knows_is_a_remark(app: tn.ClickMap, tmp_path: Path) -> None:
    code = app.export(tmp_path / "timesen.py").read_text()
    assert "model = tn.load(...)  # the file of weights" in code
    assert "source = tn.open_source(...)  # as you opened it: a synthetic grid" in code
    compile(code, "timesen.py", "exec")


def test_nothing_there_is_no_file(model: tn.TimeSenCLIP, tmp_path: Path) -> None:
    app = tn.ClickMap(model, GridSource(), WORDS)
    for name, said in [("k.gpkg", "no place is kept"), ("m.tif", "no view is mapped"), ("m.png", "no view is mapped"),
                       ("m.docx", r"ends in \.geojson")]:  # fmt: skip
        with pytest.raises(ValueError, match=said):
            app.export(tmp_path / name)
    assert not list(tmp_path.iterdir())


def link(app: tn.ClickMap) -> bytes:
    return b64decode(app.take._link.value.partition("base64,")[2].partition('"')[0])


def test_buttons_make_the_same_files(app: tn.ClickMap, tmp_path: Path) -> None:
    app.take.kind.value = "map.tif"
    app.take.make.click()
    assert app.error is None
    with zipfile.ZipFile(io.BytesIO(link(app))) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert {"map.tif", "map.tif.aux.xml", "map_probability.tif", "map_probabilities.tif"} == set(names)
    with rasterio.open(tmp_path / "map.tif") as file:
        assert file.count == 1
    app.take.kind.value = "kept_places.geojson"
    assert app.take._link.value == "", "another file is not yet made"
    app.take.places.value = "left out"
    app.take.make.click()
    assert json.loads(link(app))["features"][0]["geometry"] is None
    app.take.kind.value = "timesen.py"
    app.take.make.click()
    assert app.error is None
    assert app.take.python.value == link(app).decode()
    app.label(2, "a lake")
    assert app.take._link.value == "", "the screen shows something else now"
