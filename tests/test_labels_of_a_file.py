"""Labels of a file that is uploaded teach the words."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import ipywidgets as w
import numpy as np
import pandas as pd
import pytest
import traitlets
from clicks import settle
from kept_places import WORDS, with_kept_places
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.sources.grid import holds
from timesen_nb.widgets.page import uploaded

UPLOADED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return small_model()


@pytest.fixture
def app(model: tn.TimeSenCLIP) -> tn.ClickMap:
    return with_kept_places(model)


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


def test_a_file_is_uploaded_from_the_page(app: tn.ClickMap, tmp_path: Path) -> None:
    points(app.session.source).to_file(tmp_path / "p.geojson", driver="GeoJSON")
    content = (tmp_path / "p.geojson").read_bytes()
    app.teach.column.value = "kind"
    # as ipywidgets 7 has it
    sent = traitlets.Dict({"../p.geojson": {"content": memoryview(content)}}, read_only=True)
    box = traitlets.HasTraits()
    box.add_traits(value=sent)
    assert [uploaded(box), uploaded(box)] == [[("../p.geojson", content)], []]
    upload(app.teach, "../p.geojson", content)
    settle(app)
    assert len(app.session.lesson.loaded.labels) == 24
    assert app.teach._said.value == "24 labelled places of a file teach the words."


def test_a_file_that_was_forgotten_or_refused_can_be_chosen_again(app: tn.ClickMap) -> None:
    content = points(app.session.source).to_json().encode()
    upload(app.teach, "p.geojson", content)
    settle(app)
    assert "no labels in a column 'label'" in app.error
    app.teach.column.value = "kind"
    for _ in range(2):
        upload(app.teach, "p.geojson", content)
        settle(app)
        assert app.error is None
        assert len(app.session.lesson.loaded.labels) == 24
        app.teach.forget.click()
        assert app.session.lesson.loaded is None


def upload(panel: w.VBox, name: str, content: bytes) -> None:
    file = {"name": name, "type": "", "size": len(content), "content": content, "last_modified": UPLOADED}
    panel.upload.value = [file]


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
