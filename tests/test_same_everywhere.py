"""What the screen says is what the address, the files and the code that are taken along say."""

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from clicks import settle

import timesen_nb as tn
from tests.synthetic import GridSource, small_model
from timesen_nb.model.words import NeverTheAnswer
from timesen_nb.widgets.link import Link

NONSENSE = "zzgrxq blorf"


@pytest.fixture(scope="module")
def pocket() -> tn.TimeSenCLIP:
    return tn.load("pocket")


@pytest.fixture
def real(pocket: tn.TimeSenCLIP) -> tn.ClickMap:
    """The bundled sample, one place read."""
    app = tn.ClickMap(pocket, tn.open_source("flanders"))
    west, south, east, north = app.session.source.bounds
    app.click((west + east) / 2, (south + north) / 2)
    return app


def shares(app: tn.ClickMap) -> dict[str, float]:
    assert app.result is not None
    return dict(zip(app.result.classes, app.result.probabilities.tolist(), strict=True))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exported calls write maps where they run."""
    monkeypatch.chdir(tmp_path)


def said_by_code(app: tn.ClickMap, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What the exported calls print."""
    code = app.export(folder / "calls.py").read_text("utf-8")
    capsys.readouterr()
    with warnings.catch_warnings():
        # words that mean nothing are told of
        warnings.simplefilter("ignore", NeverTheAnswer)
        exec(compile(code, "calls.py", "exec"), {})
    said: dict[str, float] = eval(capsys.readouterr().out.splitlines()[0])
    return said


def test_the_names_of_a_task_as_own_words_are_own_words(real: tn.ClickMap) -> None:
    names = list(tn.tasks["land_cover"].classes)
    by_task = shares(real)
    real.use(names)
    own = shares(real)
    assert real.session.question.own
    assert own != by_task
    alone = real.session.model.zero_shot(names).probabilities(real.result.series)[0]
    np.testing.assert_allclose(list(own.values()), alone, atol=1e-6)
    # whoever opens the address has the same answer
    other = tn.ClickMap(real.session.model, real.session.source)
    other.open_link(str(Link.of(real.session)))
    settle(other)
    assert shares(other) == pytest.approx(own, abs=1e-6)


def test_a_blank_typed_beside_the_words_of_a_task_leaves_it_a_task(real: tn.ClickMap) -> None:
    real.words.words.value += "\n "
    assert real.session.task == "land_cover"
    real.words.words.value += "\norchard"
    assert real.session.question.own


def test_a_task_of_ones_own_is_written_out_and_no_address_takes_its_sentences_away(
    pocket: tn.TimeSenCLIP, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = {
        "Cropland": ("a photo of dry yellow wheat in July",),
        "Grassland": ("cut silage, ploughed in september",),
    }
    task = tn.tasks.Task("mine", ("Cropland", "Grassland"), ("A", "B"), sentences)
    app = tn.ClickMap(pocket, tn.open_source("flanders"), task)
    west, south, east, north = app.session.source.bounds
    app.click((west + east) / 2, (south + north) / 2)
    assert said_by_code(app, tmp_path, capsys) == pytest.approx(shares(app), abs=2e-3)
    other = tn.ClickMap(pocket, app.session.source)
    other.open_link(str(Link.of(app.session)))
    settle(other)
    assert "mine" in str(other.error or other.text)
    assert other.session.task == "land_cover"


def test_a_word_without_meaning_has_no_part_in_any_file(
    real: tn.ClickMap, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real.use(["maize", "meadow", "houses and gardens", NONSENSE])
    on_screen = shares(real)
    assert on_screen.pop(NONSENSE) == 0
    file = real.export(tmp_path / "words.safetensors")
    words = tn.load(file)
    found = dict(zip(words.classes, words.probabilities(real.result.series)[0].tolist(), strict=True))
    assert found == pytest.approx(on_screen, abs=1e-6)
    assert said_by_code(real, tmp_path, capsys) == pytest.approx(on_screen, abs=2e-3)
    real.use([NONSENSE])
    with pytest.raises(ValueError, match="none of the words is known"):
        real.export(tmp_path / "none.safetensors")


def test_likely_classes_are_as_many_as_the_map_says(real: tn.ClickMap, tmp_path: Path) -> None:
    real.use(["maize", "meadow", "houses and gardens", NONSENSE])
    source = real.session.source
    west, south, east, north = source.bounds
    box = (west, south, west + (east - west) / 6, south + (north - south) / 6)
    encoded = real.map_view(bbox=box)
    real.export(tmp_path / "map.tif")
    with rasterio.open(tmp_path / "map_set_size.tif") as file:
        sizes = file.read(1)
    grid = encoded.cube
    xs, ys = np.meshgrid(grid.x.values, grid.y.values)
    lons, lats = rasterio.warp.transform(grid.rio.crs, "EPSG:4326", xs.ravel(), ys.ravel())
    for k in range(0, len(lons), max(1, len(lons) // 25)):
        real.click(lons[k], lats[k])
        assert real.result is not None
        assert int(real.result.trust.members.sum()) == sizes.ravel()[k]


def test_a_kept_place_has_the_task_that_was_asked_there(real: tn.ClickMap, tmp_path: Path) -> None:
    real.use(["maize", "meadow"])
    real.keep()
    real.use("crops")
    real.keep()
    real.use("land_cover")
    table = gpd.read_file(real.export(tmp_path / "kept.geojson"))
    assert table["task"].tolist() == ["your own words", "crops"]


def test_one_place_has_one_label(real: tn.ClickMap) -> None:
    real.use(["maize", "meadow"])
    real.keep()
    real.use(["maize", "meadow", "forest"])
    real.keep()
    real.label(1, "maize")
    before = shares(real)
    real.label(2, "meadow")
    assert "one place in one year" in str(real.error)
    assert shares(real) == before
    real.label(2, "maize")
    assert real.error is None
    real.label(1, "")
    real.label(2, "")
    real.label(2, "meadow")
    assert real.error is None


def test_the_map_that_is_taken_is_the_one_that_is_shown(real: tn.ClickMap, tmp_path: Path) -> None:
    real.use(["maize", "meadow"])
    west, south, east, north = real.session.source.bounds
    box = (west, south, west + (east - west) / 6, south + (north - south) / 6)
    real.map_view(bbox=box)
    cube = real.session.source.cube(box)
    maps = tn.map_region(real.session.model.zero_shot(["orchard", "a lake"]), cube, progress=False)
    real.show_region(maps)
    real.export(tmp_path / "region.tif")
    with rasterio.open(tmp_path / "region.tif") as file:
        np.testing.assert_array_equal(file.read(1), maps["label"].values)
    real.map_view(bbox=box)
    real.export(tmp_path / "view.tif")
    assert "orchard" not in str(rasterio.open(tmp_path / "view.tif").tags())


def test_an_answer_says_that_places_of_other_data_taught_its_words() -> None:
    here = GridSource()
    app = tn.ClickMap(small_model(), here, ["a lake", "a meadow"])
    app.click(*here.place(5, 7))
    app.keep()
    app.label(1, "a meadow")
    assert not app.result.taught_elsewhere
    there = GridSource()
    there.name = "other data"
    app.open_source(there)
    app.click(*there.place(5, 7))
    assert app.result.taught_elsewhere == (1,)
    assert "taught by kept place 1 of other data" in app.text
    app.label(1, "")
    assert "of other data" not in app.text


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("A Meadow", "Taught by 1 label."),
        ("meadow", "New by labels: 'meadow' (did you mean 'a meadow'?)"),
        ("medow", "New by labels: 'medow' (did you mean"),
        ("hop garden", "New by labels: 'hop garden'."),
    ],
)
def test_an_answer_says_that_labels_taught_its_words_and_what_they_added(
    label: str, said: str, tmp_path: Path
) -> None:
    here = GridSource()
    app = tn.ClickMap(small_model(), here, ["a lake", "a meadow"])
    app.click(*here.place(5, 7))
    app.keep()
    assert "Taught by" not in app.text
    app.label(1, label)
    assert said in app.text
    app.click(*here.place(9, 9))
    app.keep()
    assert app.table()["labels_taught"].tolist() == [0, 1]
    for suffix in (".csv", ".geojson"):
        rows = gpd.read_file(app.export(tmp_path / f"kept{suffix}"))
        assert rows["labels_taught"].astype(int).tolist() == [0, 1]
    app.label(1, "")
    assert "Taught by" not in app.text
