"""What the app, maps and reports say of how far an answer may be believed."""

import numpy as np
import pytest
import xarray as xr

import timesen_nb as tn
from timesen_nb.datasets import simulated_dataset
from timesen_nb.evaluation.trust import TRUST
from timesen_nb.model.words import WordCheck
from timesen_nb.widgets.answer_panel import AnswerPanel
from timesen_nb.widgets.answer_trust import NO_FIT, UNLIKE, Trust
from timesen_nb.widgets.session import Session

PLACE = 3.0212, 50.8163


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(tn.load("pocket"), tn.open_source("flanders"))


@pytest.fixture
def clicked(session: Session) -> Session:
    session.click(*PLACE)
    return session


def test_unknown_words_are_marked_and_never_the_headline(clicked: Session) -> None:
    clicked.use_words("forrest\nqwertyuiop\na herd of elephants\nmaize field")
    answer = clicked.result
    assert answer is not None
    assert answer.top == "maize field"
    assert answer.headline.startswith("maize field: ")
    assert dict(answer.ranked())["qwertyuiop"] == 0  # no word of it is known
    assert sum(p for _, p in answer.ranked()) == pytest.approx(1)
    said = "\n".join(answer.notes)
    assert "'forrest' is no answer: forrest is no word we know. Did you mean 'forest'?" in said
    assert "'a herd of elephants' is no answer: it names nothing that land can be." in said
    panel = AnswerPanel()
    panel.show(answer)
    assert "qwertyuiop –" in panel.text
    assert "Did you mean 'forest'?" in panel.text


def test_notes_that_find_no_room_are_counted(clicked: Session) -> None:
    clicked.use_words("\n".join(["maize", *(f"qwertyui{letter}" for letter in "abcdefg")]))
    answer, panel = clicked.result, AnswerPanel()
    panel.show(answer)
    shown = sum(note in panel.text for note in answer.notes)
    assert shown == 4
    assert f"And {len(answer.notes) - 4} more." in panel.text
    clicked.use_words("maize\nqwertyuia")
    panel.show(clicked.result)
    assert "more." not in panel.text


def test_lines_that_all_mean_nothing_have_no_headline(clicked: Session) -> None:
    clicked.use_words("qwertyuiop\nasdfgh")
    answer = clicked.result
    assert answer is not None
    assert answer.headline == "These words give no answer"
    assert answer.top == "none of these"
    assert answer.probability == 0


def test_one_class_alone_says_how_well_it_fits_and_no_percentage(clicked: Session) -> None:
    better = {}
    for word in ("built-up area", "meadow", "a glacier"):
        clicked.use_words(word)
        answer = clicked.result
        assert answer is not None
        assert answer.trust.nearer is not None
        better[word], others = answer.trust.nearer
        expected = f"{word}: {better[word]} of {others} other words for land fit better"
        assert answer.headline in (expected, f"{word}: does not fit this place")
    clicked.use_words("qwertyuiop\nbuilt-up area")  # one line that means anything
    assert clicked.result is not None
    assert "%" not in clicked.result.headline
    clicked.use_words("a glacier")
    answer = clicked.result
    assert better["built-up area"] < better["meadow"]  # a street of houses
    panel = AnswerPanel()
    panel.show(answer)
    assert "%" not in panel.text.split("NDVI")[0]


def test_sets_are_said_and_the_words_of_bundled_tasks_are_known(clicked: Session) -> None:
    clicked.use("land_cover")
    answer = clicked.result
    assert answer is not None
    assert all(check.passes for check in answer.trust.checks)
    assert answer.likely[0] == answer.top
    assert (f"Probably one of: {', '.join(answer.likely)}." in answer.notes) is (len(answer.likely) > 1)


def test_notes_say_the_gravest_first() -> None:
    unknown = WordCheck("forrest", ("forrest",), "forest", meaningful=False)
    told = Trust(checks=(unknown,), fits=False, inside=False).notes(["maize", "forest"])
    assert told[:2] == [UNLIKE, NO_FIT]
    assert told[2].startswith("'forrest' is no answer")
    assert Trust(inside=True, fits=True).notes(["maize", "forest"]) == ["Probably one of: maize, forest."]
    assert Trust().notes([]) == []


def cube() -> xr.DataArray:
    source = tn.open_source("flanders")
    assert source.bounds is not None
    return source.cube(source.bounds, year=2018)[..., :16, :16]


@pytest.mark.filterwarnings("ignore::timesen_nb.model.words.NeverTheAnswer")
def test_maps_choose_among_the_words_that_pass_and_tell_where_light_is_unlike() -> None:
    model, part = tn.load("pocket"), cube()
    words = ["a herd of elephants", "maize field", "grassland"]
    maps = tn.map_region(model.zero_shot(words), part, applicability=True, every_class=True, progress=False)
    assert set(np.unique(maps["label"])) <= {1, 2}
    assert (
        maps["probabilities"][0] > 0
    ).all()  # the probability of a word that does not pass stays what it is
    pixels = part.transpose("y", "x", "month", "band").values.reshape(-1, 12, 10)
    here = model.applicability(pixels).dissimilarity.reshape(16, 16)
    np.testing.assert_allclose(maps["dissimilarity"], here, rtol=0.05, atol=0.02)
    kept = tn.map_region(model.zero_shot(words), part, keep="float16", progress=False)
    with pytest.raises(ValueError, match="expected a whole cube"):
        tn.map_region(model.zero_shot(words), kept, applicability=True, progress=False)


def test_reports_tell_coverage_set_size_rejection_and_applicability() -> None:
    model, places = tn.load("pocket"), simulated_dataset(200)
    options = {
        "tasks": ["land_cover"],
        "prompts": ["names"],
        "composites": (12, 1),
        "progress": False,
        "resamples": 2,
    }
    found = tn.report(model, places, **options)
    trust = found.trust.loc["model", 12, "land_cover", "names"]
    zs = model.zero_shot("land_cover", "names")
    rows = found.one("land_cover", "names").rows
    truth, values = found.one("land_cover", "names").truth, places.series(np.arange(len(places)))
    values = values[~np.isnan(values).all(axis=(1, 2))][rows]
    sets = zs.prediction_sets(values)
    assert trust["coverage"] == pytest.approx(sets[np.arange(len(sets)), truth].mean())
    assert trust["set_size"] == pytest.approx(sets.sum(axis=1).mean())
    assert trust["inside"] == pytest.approx(model.applicability(values).inside.mean())
    open_set = model.zero_shot("land_cover", "names", open_set=True).predict(values)
    assert trust["rejection"] == pytest.approx(open_set.count("none of these") / len(values), abs=0.02)
    for name in TRUST:
        assert name in repr(found)


def test_tasks_that_a_pixel_hardly_tells_say_so() -> None:
    assert "by twelve months" in tn.tasks["bioregion"].caution
    assert tn.tasks["land_cover"].caution == ""
