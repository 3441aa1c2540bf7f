"""What is seen: every part of the click map, and where each stands. It decides nothing."""

from __future__ import annotations

import ipywidgets as w

from timesen_nb.widgets.alike_panel import AlikePanel
from timesen_nb.widgets.answer_panel import AnswerPanel
from timesen_nb.widgets.controls import TimeControl, ViewControl
from timesen_nb.widgets.data_control import DataControl
from timesen_nb.widgets.fields_panel import FieldsPanel
from timesen_nb.widgets.kept_panel import KeptPanel
from timesen_nb.widgets.legend import Legend
from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.page import columns, heading, hidden, style_sheet, tabs
from timesen_nb.widgets.scene_map import SceneMap
from timesen_nb.widgets.session import Session
from timesen_nb.widgets.take_panel import TakePanel
from timesen_nb.widgets.teach_panel import TeachPanel
from timesen_nb.widgets.words_control import WordsControl


class Screen:
    """The parts, made once: a map with its legend and time, the words beside it, the answer below them.

    Args:
        session: what is shown.
    """

    def __init__(self, session: Session) -> None:
        self.map = SceneMap(session.source.bounds, session.simulated)
        self.map.switch.value = session.bundled
        self.panel = AnswerPanel()
        self.messages = Messages(self.panel, self.map.go_home)
        self.time = TimeControl(session)
        self.words = WordsControl(session)
        self.view = ViewControl(session)
        self.data = DataControl(session)
        self.legend = Legend(self.messages.safely(session.recolour))

        def label(number: int, text: str) -> None:
            self.messages.well()
            session.label(number, text)

        self.kept = KeptPanel(session.kept, self.messages.safely(session.forget), self.messages.safely(label))
        self.link = hidden("tn-link")  # the served page writes it into its address
        self.alike = AlikePanel(session, self.panel.guess.on, self.messages)
        self.teach, self.take = TeachPanel(session, self.messages), TakePanel(session, self.messages)
        self.fields = FieldsPanel(session, self.map, self.messages)
        self._pages = {
            "Map this view": w.VBox([self.view, self.alike]),
            "Kept places": w.VBox([self.kept, self.teach, self.take]),
            "Fields": self.fields,
            "Data": self.data,
        }
        self.below = tabs(self._pages)

    def turn_to_data(self) -> None:
        """Show the page where any source can be opened, and go there."""
        self.below.choice.value = "Data"
        if hasattr(self.data.go, "focus"):  # ipywidgets 7 has none
            self.data.go.focus()

    @property
    def children(self) -> list[w.Widget]:
        """The parts where they stand, from the top."""
        left = [self.panel.search, self.map, self.legend, self.time, self.below]
        return [style_sheet(), heading(), columns(left, [self.words, self.panel]), self.link]
