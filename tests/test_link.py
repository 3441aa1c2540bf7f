"""The state of a map in an address: written, read, and taken up by another map."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from dated_cube import dated_cube
from hypothesis import given
from hypothesis import strategies as st

import timesen_nb as tn
from tests.synthetic import small_model
from timesen_nb.sources.file_mark import file_mark
from timesen_nb.sources.public_addresses import PUBLIC_ONLY
from timesen_nb.widgets.link import Link

words = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), max_size=8, unique=True
)
places = st.tuples(st.floats(-180, 180), st.floats(-90, 90)) | st.none()


@given(places, st.integers(1, 9999) | st.none(), words)
def test_what_is_written_is_read_again(place, year, words) -> None:
    back = Link.read(str(Link(place=place, year=year, words=tuple(words))))
    assert (back.year, list(back.words), back.task) == (year, words, None)
    assert (back.place is None) == (place is None)
    if place is not None:
        assert back.place == pytest.approx(place, abs=1e-6)


def test_an_address_can_be_read_by_people() -> None:
    link = Link(place=(4.35, 50.85), year=2018, words=("a lake", "50 % wheat & rye"))
    assert str(link) == "lon=4.350000&lat=50.850000&year=2018&word=a+lake&word=50+%25+wheat+%26+rye"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lon=east&lat=1", "a number"), ("lon=nan&lat=1", "a number"), ("lat=inf&lon=0", "a number"),
        ("year=soon", "a year"), ("year=2018.7", "a year"), ("year=1e300", "a year"), ("year=-3", "a year"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_said(text: str, expected: str) -> None:
    link = Link.read(f"{text}&word=bog")
    assert f"expected {expected}" in link.problems[0]
    assert (link.place, link.year, link.words) == (None, None, ("bog",))


@pytest.mark.parametrize(("given", "lacking"), [("lon", "lat"), ("lat", "lon")])
def test_half_a_place_is_said(given: str, lacking: str) -> None:
    for text in (f"{given}=4.35&word=bog", f"{given}=4.35&{lacking}=&word=bog"):
        link = Link.read(text)
        assert link.problems == (f"it gives {given}='4.35' without {lacking}; expected both of a place.",)
        assert (link.place, link.words) == (None, ("bog",))


def test_an_address_of_too_many_parts_is_told_so() -> None:
    with pytest.raises(ValueError, match="has 401 parts; at most 400 are read"):
        Link.read("&".join(f"word=w{k}" for k in range(401)))


def test_an_address_tells_its_model_and_another_one_is_said(model) -> None:
    source = tn.open_source("flanders")
    first = tn.ClickMap(model, source, ["maize", "a meadow"])
    first.click(3.02548, 50.81754)
    link = Link.of(first.session)
    assert len(link.model) == 8
    assert Link.read(str(link)) == link
    for app, said in ((tn.ClickMap(model, source), None), (tn.ClickMap(small_model(), source), link.model)):
        app.open_link(str(link))
        settled(app)
        assert app.result is not None
        assert app.session.classes == first.session.classes
        if said is None:
            assert app.error is None
        else:
            assert f"made with a model of other weights ({said}, here {app.session.marks[0]})" in app.error
    # an address of before they were told
    old = tn.ClickMap(small_model(), source)
    old.open_link(str(replace(link, model=None)))
    settled(old)
    assert old.error is None
    assert old.result is not None


def test_another_file_of_the_same_name_is_said(model, tmp_path) -> None:
    """A copy elsewhere is the same file; no folder of this machine is in the address."""
    world, other = dated_cube(height=4, width=4), dated_cube(seed=1, height=4, width=4)
    for folder in ("mine", "copy", "yours"):
        (tmp_path / folder).mkdir()
    mine = world.write(tmp_path / "mine" / "cube.nc")
    copy, yours = tmp_path / "copy" / "cube.nc", other.write(tmp_path / "yours" / "cube.nc")
    copy.write_bytes(mine.read_bytes())
    first = tn.ClickMap(model, tn.open_source(mine), ["maize", "a meadow"])
    first.click(*world.place(1, 2))
    link = Link.of(first.session)
    assert len(link.file) == 8
    assert str(tmp_path) not in str(link)
    assert "mine" not in str(link)
    for path, address, said in (
        (copy, link, False), (yours, link, True), (yours, replace(link, file=None), False)
    ):  # fmt: skip
        app = tn.ClickMap(model, tn.open_source(path))
        app.open_link(str(address))
        settled(app)
        assert app.result is not None
        if said:
            assert (
                f"another file that is called cube.nc ({link.file}, here {app.session.marks[1]})" in app.error
            )
        else:
            assert app.error is None
        assert app.session.source.name == link.source


def test_a_folder_of_files_is_told_from_another(tmp_path) -> None:
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        part = tmp_path / name / "sub" / "part.tif"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"0" * 100_000 + content)
    marks = [file_mark(tmp_path / name) for name in "abc"]
    assert marks[0] == marks[1] != marks[2]
    (tmp_path / "a" / "new.tif").write_bytes(b"")
    assert file_mark(tmp_path / "a") != marks[1]


@pytest.mark.parametrize("at", [0, 100_000, 200_000, 299_999])
@pytest.mark.parametrize("name", ["one.tif", "other.tif"])
def test_every_file_of_a_folder_tells_it_from_another(tmp_path, name: str, at: int) -> None:
    for part in ("one.tif", "other.tif"):
        (tmp_path / part).write_bytes(bytes(300_000))
    before = file_mark(tmp_path)
    changed = bytearray(300_000)
    changed[at] = 1
    (tmp_path / name).write_bytes(changed)
    assert file_mark(tmp_path) != before


@pytest.mark.parametrize(("written", "meant"), [("Flanders", "flanders"), ("SAMPLE", "sample")])
def test_capitals_make_no_other_source(model, written: str, meant: str) -> None:
    app = tn.ClickMap(model, tn.open_source("sample" if meant == "flanders" else "flanders"))
    app.open_link(f"source={written}&word=bog&word=heath")
    settled(app)
    assert app.error is None
    assert app.session.shared == meant


def test_what_it_does_not_know_is_passed_over() -> None:
    assert Link.read("token=abc&lon=1&lat=2&x=<b>") == Link(place=(1.0, 2.0))


def test_an_address_is_read_as_it_was_before_a_mail_or_chat_program_wrote_it_anew() -> None:
    link = Link(place=(3.02, 50.81), year=2018, words=("R&amp;D", "50 % wheat"))
    for text in (str(link).replace("&", "&amp;"), quote(str(link)), quote(str(link), safe=",+")):
        assert Link.read(text) == link


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("LON=3.02&LAT=50.81", "'LON=3.02&LAT=50.81' is nothing that this map knows"), ("top", "'top' is nothing"),
    ],
)  # fmt: skip
def test_what_an_address_loses_is_said(text: str, said: str) -> None:
    assert said in Link.read(text).problems[0]


@pytest.fixture(scope="module")
def model():
    return tn.load("pocket")


def settled(app: tn.ClickMap) -> tn.ClickMap:
    app._actions.opening.settle()
    app._jobs.settle()
    return app


def test_another_map_takes_up_place_and_words(model) -> None:
    source = tn.open_source("flanders")
    west, south, east, north = source.bounds
    first = tn.ClickMap(model, source)
    first.use(task=["a lake", "a field of wheat", "houses"])
    answer = first.click(west + 0.4 * (east - west), south + 0.6 * (north - south))
    second = tn.ClickMap(model, source)
    second.open_link(str(Link.of(first.session)))
    settled(second)
    assert second.error is None
    assert second.session.classes == first.session.classes
    assert second.result.probabilities == pytest.approx(answer.probabilities)
    assert (second.result.lon, second.result.lat) == pytest.approx((answer.lon, answer.lat), abs=1e-6)


def test_a_task_goes_by_its_name(model) -> None:
    first = tn.ClickMap(model, tn.open_source("flanders"), task="crops")
    link = Link.of(first.session)
    assert (link.task, link.words) == ("crops", ())
    second = tn.ClickMap(model, tn.open_source("flanders"))
    second.open_link(str(link))
    assert second.session.task == "crops"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task=weather", "weather"),
        ("year=1999", "1999"),
        ("lon=0&lat=0", "outside the data"),
        ("lon=3", "without lat"),
    ],
)
def test_what_a_map_cannot_take_up_is_said_in_its_panel(model, text: str, said: str) -> None:
    app = tn.ClickMap(model, tn.open_source("flanders"))
    app.open_link(text)
    settled(app)
    assert said in app.error
    assert app.result is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("year=2050", "2050"),
        ("year=soon", "year='soon'; expected a year"),
        ("prompts=foo", "prompts='foo'; expected one of names, template"),
        ("layer=infrared", "layer='infrared'; expected one of True colour"),
        ("word=bog&word=heath&word=Bog", "'Bog' more than once"),
        ("task=weather", "weather"),
        ("word=" + "x" * 500, "500 characters"),
    ],
)
def test_every_good_part_of_an_address_is_taken_up(model, text: str, said: str) -> None:
    source = tn.open_source("flanders")
    west, south, east, north = source.bounds
    app = tn.ClickMap(model, source, ["maize", "a meadow"])
    place = west + 0.4 * (east - west), south + 0.6 * (north - south)
    app.open_link(f"{text}&{Link(place=place)}")
    settled(app)
    assert (app.result.lon, app.result.lat) == pytest.approx(place, abs=1e-6)
    assert "Part of the address cannot be used" in app.error
    assert said in app.error
    assert "did not work" not in app.status
    assert app.session.classes == (["bog", "heath"] if "bog" in text else ["maize", "a meadow"])
    app.click(*place)
    assert app.error is None


def test_the_place_of_data_that_are_not_opened_is_not_read_in_others(model) -> None:
    source = tn.open_source("flanders")
    app = tn.ClickMap(model, source)
    west, south, *_ = source.bounds
    app.open_link(str(Link(place=(west + 1e-3, south + 1e-3), source="stac", words=("bog", "heath"))))
    settled(app)
    assert "names the source 'stac'" in app.error
    assert app.result is None
    assert app.session.classes == ["bog", "heath"]


def test_an_address_that_is_typed_as_a_catalog_is_checked(model, monkeypatch) -> None:
    monkeypatch.setenv(PUBLIC_ONLY, "1")
    app = tn.ClickMap(model, tn.open_source("flanders"))
    app.data.source.value = "stac"
    for typed, said in (
        ("http://127.0.0.1:9/stac", "private network"),
        ("ftp://a.example/", "begins with https://"),
    ):
        app.data.catalog.value = typed
        app.data.go.click()
        settled(app)
        assert said in app.error
        assert app.session.source.name.startswith("real sample")
