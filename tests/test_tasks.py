"""Tasks: what the bundled files hold, and what a file of one's own may do."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import timesen_nb as tn
from timesen_nb.model.prompts import class_prompts, class_vectors
from timesen_nb.model.towers.pocket import PocketTower
from timesen_nb.model.words import NeverTheAnswer
from timesen_nb.tasks import BUNDLED

SIZES = {"land_cover": 8, "land_use": 16, "crops": 40, "habitat": 44, "bioregion": 8, "country": 28}

#: Words of class names that name no class by themselves: sentences on another class may hold them.
PLAIN = """
areas artificial base black building buildings cities coastal common construction crop crops cultivated dry early
fibre fodder for fresh fruit garden gardens hard high ice including industrial industry inland land lines low made man
mix natural other park parks plant plants poor production protection related rich rock running salt sandy sea service
shore sites small snow spring stage standing storage surface sweet temperate the town towns tree trees use valley
vegetation village villages water waters wet with without works zone
"""

GOOD = """
name = "own"
template = "a view of {}"

[[classes]]
code = "1"
name = "Tea"
members = ["1a", "1b"]
descriptions = ["Bushes of tea on a hill.", "Pickers with baskets of tea."]

[[classes]]
name = "Coffee"
descriptions = ["Coffee under shade trees."]
"""


def stems(text: str) -> set[str]:
    """Words in lower case, without the endings of the plural."""
    return {re.sub(r"(?<=[a-z]{3})(es|s)$", "", word) for word in re.findall(r"[a-z]+", text.lower())}


@pytest.fixture
def own(tmp_path):
    """Writes a task file; what is added to tn.tasks is taken out again."""

    def write(text: str) -> Path:
        path = tmp_path / "own.toml"
        path.write_text(text)
        return path

    yield write
    from timesen_nb.tasks import _known

    for name in set(_known) - set(BUNDLED):
        del _known[name]


def test_bundled_tasks_are_all_there():
    assert list(tn.tasks) == list(BUNDLED) == list(SIZES)
    assert {name: len(task) for name, task in tn.tasks.items()} == SIZES


@pytest.mark.parametrize("name", BUNDLED)
def test_every_class_has_five_sound_descriptions(name):
    task = tn.tasks[name]
    assert len(set(task.classes)) == len(set(task.codes)) == len(task)
    assert task.template == "a centered satellite image of {}"
    everything = [d for c in task.classes for d in task.descriptions[c]]
    assert len(set(everything)) == len(everything) == 5 * len(task)
    for sentence in everything:
        assert sentence[0].isupper()
        assert sentence[-1] == "."
        assert 4 <= len(sentence.split()) <= 25, sentence


@pytest.mark.parametrize("name", BUNDLED)
def test_no_description_names_another_class(name):
    """Neither its whole name, nor a word that stands in its name alone."""
    task = tn.tasks[name]
    held = Counter(word for c in task.classes for word in stems(c))
    wrong = []
    for c in task.classes:
        for other in set(task.classes) - {c}:
            marks = {w for w in stems(other) if held[w] == 1 and len(w) > 2} - stems(PLAIN)
            for sentence in task.descriptions[c]:
                whole = re.search(rf"\b{re.escape(other)}\b", sentence, re.IGNORECASE)
                if whole or marks & stems(sentence):
                    wrong.append((c, other, sentence))
    assert not wrong


@pytest.mark.parametrize("name", BUNDLED)
def test_descriptions_are_nearest_their_own_name(name):
    """In the space of the bundled text tower, for at least seven classes of eight."""
    task, encode = tn.tasks[name], PocketTower().encode_text
    descriptions = class_vectors([task.descriptions[c] for c in task.classes], encode)
    names = class_vectors(class_prompts(task, "names")[1], encode)
    own = (descriptions @ names.T).argmax(axis=1) == np.arange(len(task))
    assert own.mean() >= 7 / 8, [c for c, right in zip(task.classes, own, strict=True) if not right]


def test_labels_find_their_class():
    cover, use = tn.tasks["land_cover"], tn.tasks["land_use"]
    assert cover.index(["A11", "B16", "G50", "H", "Grassland", "8", ""]).tolist() == [0, 1, 6, 7, 4, -1, -1]
    assert use.index(np.array(["U111", "U420", "U11", "U999"])).tolist() == [0, 15, 0, -1]
    assert tn.tasks["habitat"].index(np.array([0, 4, 43, 44])).tolist() == [0, 4, 43, -1]
    assert tn.tasks["bioregion"].index([0, 1, 11]).tolist() == [0, -1, 7]  # Anatolian is none of the 8
    assert tn.tasks["country"].index(["EL", "GR", "uk"]).tolist() == [8, 8, 27]
    assert tn.tasks["crops"].index([" COMMON  wheat ", "b11"]).tolist() == [0, 0]
    assert tn.tasks["crops"].index([]).shape == (0,)


def test_every_simulated_kind_has_its_classes():
    from timesen_nb.simulate.cover_types import COVER_TYPES

    codes = [k.lc1 for k in COVER_TYPES]
    assert (tn.tasks["land_cover"].index(codes) >= 0).all()
    crop = tn.tasks["crops"].index(codes)
    assert ((crop >= 0) == np.array([c[0] == "B" for c in codes])).all()
    assert (tn.tasks["habitat"].index([k.habitat for k in COVER_TYPES]) >= 0).all()


def test_tasks_is_one_mapping_whichever_import_comes_first():
    code = (
        "import timesen_nb.tasks, timesen_nb as tn\n"
        "from timesen_nb.tasks import tasks\n"
        "assert tn.tasks is tasks is timesen_nb.tasks and len(tasks['crops']) == 40"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert isinstance(tn.tasks, Mapping)
    assert "crops" in tn.tasks
    assert "no such" not in tn.tasks
    assert tn.tasks.get("no such") is None


def test_an_unknown_task_says_which_there_are():
    with pytest.raises(ValueError, match=r"'meadows'.*land_cover, land_use, crops"):
        tn.tasks["meadows"]


def test_a_file_of_ones_own(own):
    task = tn.tasks.add(own(GOOD))
    assert tn.tasks["own"] is task
    assert list(tn.tasks)[-1] == "own"
    assert task.classes == ("Tea", "Coffee")
    assert task.codes == ("1", "Coffee")
    assert task.index(["1b", "tea", "COFFEE", "2"]).tolist() == [0, 0, 1, -1]
    assert class_prompts(task, "template")[1] == [["a view of Tea"], ["a view of Coffee"]]
    assert class_prompts(task, "descriptions")[1][1][-1] == "Coffee under shade trees."


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("[[classes]]", "[[classes"), 5, "Expected TOML"),
        (('name = "own"', 'nmae = "own"'), 2, "unknown key 'nmae'"),
        (("a view of {}", "a view"), 3, "where the name goes"),
        (('name = "Tea"', "name = 5"), 7, "name is 5"),
        (('name = "Coffee"\n', ""), 11, "name is missing"),
        (('name = "Coffee"', 'name = "tea"'), 12, "'tea' is that of class 'Tea' already"),
        (('"1b"', '"coffee"'), 12, "'Coffee' is that of class 'Tea' already"),
        (('descriptions = ["Coffee under shade trees."]', "descriptions = []"), 13, r"descriptions is \[\]"),
        (('descriptions = ["Coffee under shade trees."]', ""), 11, "descriptions is missing"),
        (("Pickers with baskets of tea.", "Bushes of tea on a hill."), 9, "the same twice"),
        (("code", "kode"), 6, "unknown key 'kode'"),
    ],
)
def test_a_broken_file_is_refused_by_line_and_reason(own, change, line, reason):
    with pytest.raises(ValueError, match=reason) as problem:
        tn.tasks.add(own(GOOD.replace(*change)))
    assert "own.toml" in str(problem.value)
    assert f"line {line}" in str(problem.value)
    assert "own" not in tn.tasks


WHEAT = ("wheat", "lake"), ("w", "l")
TOLD = {"wheat": ("A field of wheat.",), "lake": ("Still water.",)}


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((("wheat", "lake"), ("w",), TOLD), "2 classes and 1 codes"),
        ((*WHEAT, TOLD, "a photo"), "'a photo'; expected {} where the name"),
        ((*WHEAT, {"Wheat": TOLD["wheat"]}), r"descriptions given of \['Wheat'\], no classes of task 'own'"),
        (
            (*WHEAT, {"wheat": "A field of wheat."}),
            "descriptions of 'wheat' are one text, 'A field of wheat.'",
        ),
        ((*WHEAT, TOLD, "{}", {"wheat": "b11"}), "members of 'wheat' are one text"),
    ],
)
def test_a_task_made_by_hand_is_held_to_what_a_file_is(parts, reason):
    """What it says of no class, or letter by letter, would be left out or read wrongly."""
    with pytest.raises(ValueError, match=reason):
        tn.tasks.Task("own", *parts)


@pytest.mark.parametrize(
    ("classes", "reason"),
    [(("wheat", "Wheat"), "given twice"), ((), "no class given"), (("none of these", "a lake"), "where no word fits")],
)  # fmt: skip
def test_classes_of_a_task_are_as_those_of_a_list(classes, reason):
    with pytest.raises(ValueError, match=reason):
        tn.load("pocket").zero_shot(tn.tasks.Task("own", classes, classes, {}))


def test_blanks_of_a_name_take_no_description_from_it():
    read = []
    for name in ("tea  garden ", "tea garden"):
        told = {name: ("Bushes of tea on a hill.",)}
        read.append(tn.load("pocket").zero_shot(tn.tasks.Task("own", (name, "lake"), ("t", "l"), told)))
    assert read[0].classes == read[1].classes
    np.testing.assert_array_equal(read[0].vectors, read[1].vectors)


def test_a_task_in_no_language_that_the_model_knows_is_no_answer(own):
    model, source = tn.load("pocket"), tn.open_source("flanders")
    german = GOOD.replace("Bushes of tea on a hill.", "Ein Hang im Nebel.").replace('"Tea"', '"Teegarten"')
    german = german.replace("Pickers with baskets of tea.", "Frauen ernten dort.")
    tn.tasks.add(own(german))
    with pytest.warns(NeverTheAnswer, match="'Teegarten': teegarten not known"):
        zs = model.zero_shot("own")
    assert zs.passing.tolist() == [False, True]
    assert zs.predict(source.pixel(3.02548, 50.81754)) == ["Coffee"]
    app = tn.ClickMap(model, source, task="own")
    app.click(3.02548, 50.81754)
    assert any(note.startswith("'Teegarten' is no answer") for note in app.result.notes)
    # a name that is none is explained by one sentence in English
    tn.tasks.add(own(german.replace("Ein Hang im Nebel.", "Bushes of tea on a hill.")))
    assert model.zero_shot("own").passing.all()


def test_other_broken_files(own, tmp_path):
    with pytest.raises(ValueError, match="no classes"):
        tn.Task.read(own('name = "own"'))
    with pytest.raises(FileNotFoundError):
        tn.Task.read(tmp_path / "absent.toml")
    with pytest.raises(ValueError, match="bundled task is named 'crops'"):
        tn.tasks.add(own(GOOD.replace('"own"', '"crops"')))
    (tmp_path / "bytes.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(ValueError, match=r"bytes\.toml: byte 8 is no UTF-8"):
        tn.Task.read(tmp_path / "bytes.toml")


@pytest.mark.needs_real
def test_names_and_codes_are_the_nomenclature_s(real_data):
    facts = json.loads((real_data.parent / "classes.json").read_text())
    for name in ("land_cover", "land_use", "crops", "country"):
        given = facts[name]["classes"]
        assert tn.tasks[name].codes == tuple(given)
        assert tn.tasks[name].classes == tuple(given.values())
    for code, finer in facts["land_use"]["detail"].items():
        name = facts["land_use"]["classes"][code]
        assert tn.tasks["land_use"].members[name] == tuple(finer)
    assert tn.tasks["habitat"].classes == tuple(facts["habitat"]["classes"])
    assert tn.tasks["habitat"].codes == tuple(map(str, range(44)))
    region = tn.tasks["bioregion"]
    assert region.classes == tuple(facts["bioregion"]["classes"])
    assert [facts["bioregion"]["index"][int(c)] for c in region.codes] == list(region.classes)
