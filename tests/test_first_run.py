"""Notebook 05: the live map of its first cell stays a reader's own, whatever later cells do."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import timesen_nb as tn

NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "05_click_the_map.ipynb"
LAST = "## Map a view"


def test_the_map_that_is_shown_has_no_marks_of_later_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tn.ClickMap] = []

    class Noted(tn.ClickMap):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(tn, "ClickMap", Noted)
    space: dict[str, object] = {"display": lambda *shown: None, "__name__": "__main__"}
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        if text.startswith(LAST):
            break
        tags = cell["metadata"].get("tags", [])
        if cell["cell_type"] == "code" and not {"colab", "exercise", "check"} & set(tags):
            exec(compile(text, str(NOTEBOOK), "exec"), space)
    plt.close("all")
    first = made[0]
    assert first.result is None
    assert first.session.view is None
    assert len(first.session.kept) == 0
    assert first.session.task == "land_cover"
    # and later cells did click, on maps of their own
    assert any(len(other.session.kept) for other in made[1:])
