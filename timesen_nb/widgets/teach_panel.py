"""Labels from a file, and how far the labels may be believed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import ipywidgets as w

from timesen_nb.widgets.labelled_places import LabelledPlaces, label_accuracy, labels_of_file
from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.page import field, named_as_given, note, reveal, uploaded
from timesen_nb.widgets.session import Session


class TeachPanel(w.VBox):
    """Load labelled points, and ask how right the taught words are.

    Args:
        session: of the app.
        messages: where failures are shown.
    """

    def __init__(self, session: Session, messages: Messages) -> None:
        self._session = session
        self.upload = w.FileUpload(
            accept=".csv,.geojson,.json,.gpkg", multiple=False, description="Labels from a file"
        )
        self.column = w.Text(value="label", tooltip="Column of the labels")
        self.forget = w.Button(description="Forget the file")
        self.judge = w.Button(description="How right are the labels?")
        self._said = note("")
        for widget, style in (
            (self.judge, "tn-judge"),
            (self._said, "tn-judged"),
            (self.upload, "tn-upload"),
        ):
            widget.add_class(style)
        loaded, judged = messages.safely(self._load), messages.safely(self._judge)
        forgotten = messages.safely(lambda: session.learn(None))
        self.upload.observe(lambda _: loaded(), names="value")
        self.judge.on_click(lambda _: judged())
        self.forget.on_click(lambda _: forgotten())
        super().__init__(
            [
                w.HBox([self.upload, field("Column of labels", self.column), self.forget, self.judge]),
                self._said,
            ]
        )
        self.add_class("tn-teach")
        self.show()

    def show(self) -> None:
        """What stands there now: a judgement of other labels is gone."""
        loaded = self._session.lesson.loaded
        self._said.value = _told(loaded) if loaded else ""
        reveal(self.forget, bool(loaded))
        reveal(self.judge, bool(self._session.lesson.places.labels))

    def load(self, path: str | Path, label: str) -> None:
        """Teach by the places of a file; ValueError when it holds none."""
        self._session.learn(labels_of_file(self._session, path, label))

    def _load(self) -> None:
        for name, content in uploaded(self.upload.value):
            with TemporaryDirectory() as folder:
                # its name alone: it comes from a page
                path = Path(folder) / f"points{Path(name).suffix.lower()}"
                path.write_bytes(content)
                with named_as_given(path, name):
                    self.load(path, self.column.value.strip() or "label")

    def _judge(self) -> None:
        self._said.value = str(label_accuracy(self._session))


def _told(loaded: LabelledPlaces) -> str:
    """What of a file teaches the words, and what of it does not."""
    lost = (
        f" {loaded.left_out} more are left out: outside the data, or without a clear month of their year."
        if loaded.left_out
        else ""
    )
    return f"{len(loaded.labels)} labelled places of a file teach the words.{lost}"
