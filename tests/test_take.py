"""What is taken along from the app, what is found alike, and what labels of a file teach."""

import io
import json
import threading
import zipfile
from base64 import b64decode
from pathlib import Path

import geopandas as gpd
import ipywidgets as w
import numpy as np
import pandas as pd
import pytest
import rasterio
from clicks import settle
from shapely import box

import timesen_nb as tn
from tests.synthetic import GridSource, small_model
from timesen_nb.sources.grid import holds
from timesen_nb.widgets.alike_panel import OUTDATED
from timesen_nb.widgets.page import uploaded
from timesen_nb.widgets.take import take, view_maps

WORDS = ["a lake", "a meadow", "a wood"]


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return small_model()


@pytest.fixture
def app(model: tn.TimeSenCLIP) -> tn.ClickMap:
    """Three kept places, two of them with a label, and a mapped view."""
    source = GridSource()
    app = tn.ClickMap(model, source, WORDS)
    for column in (5, 9, 14):
        app.click(*source.place(column, 7))
        app.keep()
    app.label(1, "a wood")
    app.label(3, "a hop garden")
    app.map_view(bbox=source.bounds)
    assert app.error is None
    return app


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


# Files


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


def test_one_word_alone_makes_no_map(real: tn.ClickMap) -> None:
    assert real._actions.layer.drawn is not None
    for words in (["maize"], ["asdfgh", "maize"]):
        real.use(task=words)
        assert real._actions.layer.drawn is None
        real._actions.layer.hovered({"type": "mousemove", "coordinates": [real.result.lat, real.result.lon]})
        assert real.map._told.value == ""
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


# Places like this


def test_places_like_a_click_lie_on_the_map(app: tn.ClickMap) -> None:
    app.click(*app.session.source.place(20, 12))
    shown = app.find_alike()
    encoded = app.session.view
    assert 0.03 * len(encoded.vectors) < shown < 0.08 * len(encoded.vectors)
    best = np.flatnonzero(encoded.readable.ravel())[app.alike.cosines.argmax()]
    row, column = divmod(int(best), encoded.readable.shape[1])
    x, y = float(encoded.cube.x[column]), float(encoded.cube.y[row])
    at = gpd.points_from_xy([x], [y], crs=encoded.cube.rio.crs).to_crs(4326)[0]
    assert (at.x, at.y) == pytest.approx(app.session.source.place(20, 12), abs=1e-4)
    picture = app.map._layer.url
    app.alike.threshold.value = float(app.alike.cosines.max())
    assert app.alike.found.sum() == 1
    assert app.map._layer.url != picture
    assert "1 of " in app.alike._found.value


def test_another_click_is_not_like_the_one_that_was_searched_for(app: tn.ClickMap) -> None:
    place = app.session.source.place
    classes = app.map._layer.url
    app.find_alike()
    app.click(*place(20, 12))
    assert app.map._layer.url == classes
    assert app.alike._found.value == OUTDATED
    assert app.alike.cosines is None
    assert app.find_alike() > 0
    found = app.map._layer.url
    app.use(task=["a lake", "a bog"])  # the same place: other words colour the map
    assert app.alike.cosines is None
    assert app.map._layer.url != found


def test_what_is_like_a_kept_place_stays_until_that_is_removed(app: tn.ClickMap) -> None:
    app.find_alike(2)
    found = app.map._layer.url
    app.click(*app.session.source.place(20, 12))
    assert app.map._layer.url == found
    assert "place 2" in app.legend.text
    app.session.forget(2)
    assert app.map._layer.url != found
    assert app.alike._found.value == OUTDATED


def test_the_colours_of_likeness_have_a_legend_and_the_pointer_says_how_alike_a_pixel_is(
    app: tn.ClickMap,
) -> None:
    app.click(*app.session.source.place(20, 12))
    app.find_alike()
    low, high = app.alike.threshold.value, float(app.alike.cosines.max())
    assert "How like the last click: dark is less, light is more" in app.legend.text
    assert app.legend._bar._words.value == f"Likeness: dark is {low:.3f}, light is {high:.3f}"
    for column, row in ((20, 12), (3, 3)):
        lon, lat = app.session.source.place(column, row)
        app._actions.layer.hovered({"type": "mousemove", "coordinates": [lat, lon]})
        cosine = app.alike.cosines[app.session.view.at(lon, lat)]
        assert app.map._told.value == f"{cosine:.3f} like the last click"
    app.view.choice.value = 1
    assert app.alike.cosines is None
    assert app.alike._found.value == ""
    assert "How well" in app.legend.text
    app._actions.layer.hovered({"type": "mousemove", "coordinates": [lat, lon]})
    assert "%" in app.map._told.value


def test_a_region_is_not_coloured_over_by_the_slider_of_what_was_found(app: tn.ClickMap) -> None:
    app.find_alike()
    app.show_region(tn.map_region(app.session.words, app.session.view.cube, progress=False))
    assert app.error is None
    region = app.map._layer.url
    app.alike.threshold.value = float(app.alike.threshold.min)
    app.click(*app.session.source.place(20, 12))
    assert app.map._layer.url == region


def test_nothing_is_found_while_somebody_guesses(app: tn.ClickMap) -> None:
    app.find_alike("a lake")
    app.panel.guess.on.value = True
    hidden = app.map._layer.url
    app.alike.threshold.value = float(app.alike.threshold.min)
    assert app.map._layer.url == hidden
    assert app.legend.text == ""
    assert app.find_alike("a lake") is None
    assert "while you guess" in app.error
    assert app.map._layer.url == hidden
    app.panel.guess.on.value = False
    assert app.find_alike("a lake") > 0


def test_the_button_draws_what_it_finds_on_a_map_without_colours(app: tn.ClickMap) -> None:
    app.words.lit.value = False
    hidden = app.map._layer.url
    app.alike.start.click()
    assert app.map._layer.url != hidden
    app.click(*app.session.source.place(20, 12))
    assert app.map._layer.url == hidden


def test_places_like_a_kept_one_or_like_words(app: tn.ClickMap) -> None:
    app.find_alike(1)
    kept = app.alike.cosines
    np.testing.assert_allclose(kept, app.session.view.vectors @ app.session.kept[1].vector, atol=1e-5)
    app.find_alike("a lake")
    words = app.session.words.vectors[0]
    np.testing.assert_allclose(
        app.alike.cosines, app.session.view.vectors @ words / np.linalg.norm(words), atol=1e-5
    )
    assert app.find_alike(77) is None
    assert "like=77" in app.error
    app.session.use_year(2019)
    assert app.alike.cosines is None
    assert app.find_alike(1) is None
    assert "Map the view first" in app.error


# Labels of a file


def points(source: GridSource, n: int = 24) -> gpd.GeoDataFrame:
    at = [source.place(int(c), int(r)) for c, r in np.random.default_rng(0).integers(2, 30, (n, 2))]
    lon, lat = np.array(at).T
    kinds = ["a wood", "a hop garden"] * (n // 2)
    return gpd.GeoDataFrame({"kind": kinds}, geometry=gpd.points_from_xy(lon, lat, crs=4326))


def test_a_file_of_points_teaches_and_is_judged(app: tn.ClickMap, tmp_path: Path) -> None:
    for number in (1, 3):
        app.label(number, "")
    assert app.session.words.lesson is None
    path = tmp_path / "points.gpkg"
    points(app.session.source).to_file(path, driver="GPKG")
    app.load_labels(path, "kind")
    assert app.error is None
    assert len(app.session.words.lesson.labels) == 24
    assert app.session.classes == [*WORDS, "a hop garden"]
    app.label(1, "a lake")
    assert len(app.session.words.lesson.labels) == 25
    app.teach.judge.click()
    settle(app)
    assert app.error is None
    assert app.teach._said.value.startswith("Too few to tell: 25 labelled places")
    app.teach.forget.click()
    assert len(app.session.words.lesson.labels) == 1
    app.load_labels(path, "species")
    assert "no labels in a column 'species'; it has kind" in app.error
    assert len(app.session.words.lesson.labels) == 1


@pytest.mark.parametrize("version", [7, 8])
def test_a_file_is_uploaded_from_the_page(app: tn.ClickMap, version: int, tmp_path: Path) -> None:
    points(app.session.source).to_file(tmp_path / "p.geojson", driver="GeoJSON")
    content = (tmp_path / "p.geojson").read_bytes()
    app.teach.column.value = "kind"
    file = {"name": "../p.geojson", "content": memoryview(content)}
    value = {"../p.geojson": file} if version == 7 else (file,)
    assert uploaded(value) == [("../p.geojson", content)]
    app.teach.upload = type("Upload", (), {"value": value})
    app.teach._load()
    settle(app)
    assert len(app.session.lesson.loaded.labels) == 24
    assert app.teach._said.value == "24 labelled places of a file teach the words."


def upload(panel: w.VBox, name: str, content: bytes) -> None:
    panel.upload = type("Upload", (), {"value": ({"name": name, "content": memoryview(content)},)})
    panel._load()


def test_places_of_a_file_that_teach_nothing_are_counted(app: tn.ClickMap, tmp_path: Path) -> None:
    place = app.session.source.place
    rows = [
        (*place(5, 7), 2018, "a wood"), (*place(6, 7), 2018, "a lake"), (20, 50, 2018, "a wood"),
        (*place(7, 7), 2021, "a lake"), (*place(8, 7), 2021, "a lake"), (*place(9, 7), 2018, ""),
        (*place(0, 31), 2018, "a lake"),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["lon", "lat", "year", "label"])
    source = app.session.source
    fetch = source.pixels

    def strict(places: list, year: int) -> list:
        if year not in source.years or not all(holds(source.bounds, *place) for place in places):
            raise ValueError("outside, or of another year")
        return fetch(places, year)

    source.pixels = strict
    upload(app.teach, "p.csv", table.to_csv(index=False).encode())
    settle(app)
    assert app.error is None
    assert app.teach._said.value == (
        "2 labelled places of a file teach the words. Left out: 1 has no label, 1 lies outside the data, "
        "2 are of another year, 1 has no month that can be read."
    )
    table.iloc[2:5].to_csv(tmp_path / "p.csv", index=False)
    app.load_labels(tmp_path / "p.csv", "label")
    assert "can be used: 1 lies outside the data, 2 are of another year." in app.error
    assert len(app.session.lesson.loaded.labels) == 2


def test_a_column_that_is_not_there_is_asked_for_by_the_box_of_the_page(app: tn.ClickMap) -> None:
    lon, lat = app.session.source.place(5, 20)
    table = pd.DataFrame({"Longitude": [lon], "Latitude": [lat], "Crop": ["a wood"]})
    upload(app.teach, "p.csv", table.to_csv(index=False).encode())
    settle(app)
    assert "p.csv has no labels in a column 'label'; it has lon, lat, Crop" in app.error
    assert "the box “Column of labels”" in app.error
    app.teach.column.value = "crop"
    upload(app.teach, "p.csv", table.to_csv(index=False).encode())
    settle(app)
    assert app.error is None
    assert app.session.lesson.loaded.labels == ["a wood"]
    upload(app.teach, "p.csv", table.rename(columns={"Longitude": "Easting"}).to_csv(index=False).encode())
    settle(app)
    assert "has no lon" in app.error
    assert "=" not in app.error


def test_labels_that_contradict_each_other_teach_nothing_and_are_counted(app: tn.ClickMap) -> None:
    lon, lat = app.session.source.place(5, 20)
    within = lon + 1e-6, lat  # the same pixel
    kept = app.session.kept[1]  # labelled "a wood"
    rows = [
        (lon, lat, 2018, "a wood"), (*within, 2018, "a lake"),
        (kept.lon, kept.lat, 2018, "a lake"),
        (*app.session.source.place(6, 20), 2018, "a wood"), (*app.session.source.place(6, 20), 2018, "A wood"),
        (*app.session.source.place(9, 7), 2018, "a lake"),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["lon", "lat", "year", "label"])
    upload(app.teach, "p.csv", table.to_csv(index=False).encode())
    settle(app)
    assert app.error is None
    assert app.session.lesson.loaded.labels == ["a wood", "A wood", "a lake"]
    assert app.teach._said.value == (
        "3 labelled places of a file teach the words. Left out: 3 are labelled otherwise as well, at the same pixel "
        "and year."
    )
    app.label(2, "a wood")
    assert "the file of labels says 'a lake' of the pixel and year of place 2" in app.error
    assert app.session.lesson.labels == {1: "a wood", 3: "a hop garden"}
    app.label(2, "a lake")
    assert app.error is None
    upload(app.teach, "p.csv", table[:2].to_csv(index=False).encode())
    settle(app)
    assert "can be used: 2 are labelled otherwise as well" in app.error


def test_long_work_with_labels_says_so_and_can_be_stopped(app: tn.ClickMap, monkeypatch) -> None:
    content = points(app.session.source).to_json().encode()
    app.teach.column.value = "kind"
    said, held = [], threading.Event()
    monkeypatch.setattr(app.session.source, "pause", lambda: held.wait(60))
    app.teach._said.observe(lambda change: said.append(change["new"]), names="value")
    upload(app.teach, "p.geojson", content)
    assert app.busy
    assert app.session.lesson.loaded is None
    assert said == ["Reading the places of the file…"]
    app.cancel()
    assert not app.busy
    held.set()
    upload(app.teach, "p.geojson", content)
    settle(app)
    assert "Reading the places of the file: 100 %." in said
    assert "Teaching the words by 24 places…" in said
    assert said[-1] == "24 labelled places of a file teach the words."
    before = len(said)
    app.teach.judge.click()
    settle(app)
    assert said[before] == "Judging the labels, each by those of other places…"
    assert said[-1].startswith("Too few to tell: 26")


def test_words_that_changed_while_a_file_was_read_are_taught_as_they_are_then(
    app: tn.ClickMap, monkeypatch
) -> None:
    taught, held = app.session.taught, threading.Event()
    monkeypatch.setattr(app.session, "taught", lambda places: (taught(places), held.wait(60))[0])
    app.teach.column.value = "kind"
    upload(app.teach, "p.geojson", points(app.session.source).to_json().encode())
    app.use(task=["a bog", "a wood"])
    held.set()
    settle(app)
    assert app.error is None
    assert app.session.classes == ["a bog", "a wood", "a hop garden"]
    assert len(app.session.words.lesson.labels) == 26


def test_an_upload_that_is_wrong_is_named_as_the_user_names_it(app: tn.ClickMap) -> None:
    for panel, name in ((app.teach, "my places.geojson"), (app.fields, "my fields.geojson")):
        upload(panel, f"../{name}", b"{nonsense")
        settle(app)
        assert name in app.error
        assert "/" not in app.error.replace("such as https://", "")
