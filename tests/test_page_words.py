"""Errors on the page: in the words of somebody who uses a map, with a button where one mends them."""

import ast
import re
from pathlib import Path

import pytest
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.sources.retry_policy import RequestFailed
from timesen_nb.widgets.page import seen
from timesen_nb.widgets.page_words import for_the_page

PACKAGE = Path(tn.__file__).parent
#: What looks like Python to somebody who has none.
CODE = re.compile(r"open_source|\b(tn|timesen_nb|ee|maps|cube|model)\.\w|\b(?!lon=|lat=)\w+=|pip install|`")
#: Said to whoever calls with an option that no page passes, and what only Python sees (``repr``, warnings, patterns).
NOT_THERE = re.compile(
    r"^(masked|nodata|out_of_range|rename|group|crs|folder|attempts)=|^X? ?rename= has|^group= was|^a key was|"
    r"^places given|^(CubeFile|Sample|Stac|EarthEngine)Source\(|^the cache cannot|does not state a radiometric|"
    r"^none: the baseline|Git LFS|^\^|^project given"
)


def written(path: Path) -> list[str]:
    """Every sentence that a module can say, X for what is put in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {  # constants that messages hold
        node.targets[0].id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.targets[0], ast.Name)
    }
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}

    def text(part: ast.expr) -> str:
        if isinstance(part, ast.Constant):
            return str(part.value)
        name = getattr(getattr(part, "value", None), "id", "")
        return str(named.get(name, "X"))

    nodes = [node for node in ast.walk(tree) if id(node) not in docs | parts]
    said = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    said += ["".join(map(text, node.values)) for node in nodes if isinstance(node, ast.JoinedStr)]
    return [words for words in said if len(words.split()) > 3]


SAID = sorted(
    {
        words
        for path in (PACKAGE / "sources").rglob("*.py")
        for words in written(path)
        if not NOT_THERE.search(words)
    }
)


def test_there_are_errors_to_look_at() -> None:
    assert sum(bool(CODE.search(words)) for words in SAID) > 15


@pytest.mark.parametrize("words", SAID)
def test_no_error_of_a_source_has_python_on_the_page(words: str) -> None:
    what = "The file my.nc cannot be used" + (". " if words[0].isupper() else ": ")
    shown = for_the_page(what + words)
    assert not CODE.search(shown)
    assert shown.startswith(what)
    if not CODE.search(words):
        assert shown == what + words


def test_the_first_sentence_stays_whatever_it_says() -> None:
    assert for_the_page("tn.open_source(x) is no file. Say crs=1.").startswith(
        "tn.open_source(x) is no file."
    )


# A button that mends it


@pytest.fixture
def source() -> GridSource:
    return GridSource()


@pytest.fixture
def app(source: GridSource) -> tn.ClickMap:
    return tn.ClickMap(small_model(), source, task=["meadow", "lake"])


def test_the_page_has_its_own_cure_and_python_keeps_its(app: tn.ClickMap, source: GridSource) -> None:
    source.fail = ValueError('It is of no use. Say it: open_source(path, crs="EPSG:32631").')
    app.click(*source.place(5, 5))
    assert "open_source(path" in app.error
    assert "open_source" not in app.text
    assert "notebook" in app.text


def test_a_place_that_was_not_answered_can_be_asked_again(app: tn.ClickMap, source: GridSource) -> None:
    source.fail = RequestFailed("the catalog did not answer in time.")
    assert app.click(*source.place(5, 5)) is None
    assert seen(app.panel.mend)
    assert app.panel.mend.description == "Try again"
    app.panel.mend.click()
    app._jobs.settle()
    assert app.result is not None
    assert app.error is None
    assert not seen(app.panel.mend)


def test_what_will_not_pass_is_not_tried_again(app: tn.ClickMap, source: GridSource) -> None:
    source.fail = ValueError("the file is damaged.")
    app.click(*source.place(5, 5))
    assert not seen(app.panel.mend)


def test_a_source_that_was_not_reached_can_be_opened_again(
    app: tn.ClickMap, source: GridSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [RequestFailed("the catalog cannot be reached."), tn.open_source("flanders")]

    def opening() -> tn.Source:
        if isinstance(found[0], Exception):
            raise found.pop(0)
        return found[0]

    app._actions.use_source(opening)
    app._jobs.settle()
    assert app.session.source is source
    assert app.panel.mend.description == "Try again"
    app.panel.mend.click()
    app._jobs.settle()
    assert app.session.bundled == "flanders"


def test_a_name_that_was_not_looked_up_can_be_asked_again(
    app: tn.ClickMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def find(name: str) -> None:
        asked.append(name)
        raise RequestFailed("the gazetteer did not answer.")

    monkeypatch.setattr("timesen_nb.widgets.place_reader.find_place", find)
    app.find("Vilvoorde")
    assert app.panel.mend.description == "Try again"
    app.panel.mend.click()
    app._jobs.settle()
    assert asked == ["Vilvoorde", "Vilvoorde"]


def test_a_click_outside_offers_the_way_back(app: tn.ClickMap) -> None:
    app.click(0.5, 0.5)
    assert "outside the data" in app.error
    assert app.panel.mend.description == "Back to the data"
    app.panel.mend.click()
    assert app.error is None


def test_a_view_without_data_offers_the_way_back(app: tn.ClickMap) -> None:
    assert app.map_view(bbox=(0.1, 0.1, 0.2, 0.2)) is None
    assert "no data" in app.error
    assert app.panel.mend.description == "Back to the data"
    app.panel.mend.click()
    assert app.error is None
