"""Labels from a file, and how far the labels may be believed."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets as w

from timesen_nb.widgets.background import Job, JobCancelled, Latest
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.labelled_places import LabelledPlaces, label_accuracy, labels_of_file
from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.page import field, note, on_disk, reveal, uploaded
from timesen_nb.widgets.question import Taught
from timesen_nb.widgets.session import Session

if TYPE_CHECKING:
    from timesen_nb.evaluation.own_labels import BlockedAccuracy
    from timesen_nb.model.zeroshot import ZeroShot

#: Places of a file, and what they make of the words.
FileLesson = tuple[LabelledPlaces, Taught]


class TeachPanel(w.VBox):
    """Load labelled points, and ask how right the taught words are.

    Args:
        session: of the app.
        messages: where failures are shown.
    """

    def __init__(self, session: Session, messages: Messages) -> None:
        self._session, self._messages = session, messages
        self._jobs = Latest()
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
        self._said.value = ""
        if loaded:
            count = len(loaded.labels)
            self._said.value = (
                f"{count} labelled places of a file teach the words."
                if count > 1
                else "1 labelled place of a file teaches the words."
            ) + (f" Left out: {loaded.left_out}." if loaded.left_out else "")
        reveal(self.forget, bool(loaded))
        reveal(self.judge, bool(self._session.lesson.places.labels))

    @property
    def busy(self) -> bool:
        """Whether a file is being read, or labels are being judged."""
        return self._jobs.busy

    def cancel(self) -> bool:
        """Stop reading or judging; True when something was under way."""
        under_way = self._jobs.cancel()
        if under_way:
            self.show()
        return under_way

    def load(self, path: str | Path, label: str) -> None:
        """Teach by the places of a file, and wait for it; what is wrong with it is shown."""
        self._jobs.start(lambda job: self._read(path, label, job), self._came, patient=True)

    def _read(self, path: str | Path, label: str, job: Job[FileLesson]) -> FileLesson:
        def progress(share: float) -> None:
            if job.cancelled.is_set():
                raise JobCancelled
            self._said.value = f"Reading the places of the file: {percent(share)}."

        places = labels_of_file(self._session, path, label, progress)
        progress(1.0)
        self._said.value = f"Teaching the words by {len(places.labels):,} places…"
        return places, self._session.taught(places)

    def _load(self) -> None:
        for name, content in uploaded(self.upload):
            self._begin("Reading the places of the file…")
            label = self.column.value.strip() or "label"
            self._jobs.start(partial(self._read_upload, name, content, label), self._came)

    def _read_upload(self, name: str, content: bytes, label: str, job: Job[FileLesson]) -> FileLesson:
        with on_disk(name, content) as path:
            return self._read(path, label, job)

    def _came(self, future: Future[FileLesson]) -> None:
        self.show()
        with self._messages.shown():
            self._session.learn(*future.result())
            self._messages.say("Read. The words have adjusted to the labels.")

    def _judge(self) -> None:
        words = self._session.words
        self._begin("Judging the labels, each by those of other places…")
        self._jobs.start(lambda job: label_accuracy(self._session), partial(self._judged, words))

    def _judged(self, words: ZeroShot, future: Future[BlockedAccuracy]) -> None:
        self.show()
        with self._messages.shown():
            judged = future.result()
            if self._session.words is words:  # else it is of other labels
                self._said.value = str(judged)
            self._messages.say("Done: the result is below the kept places.")

    def _begin(self, what: str) -> None:
        self._messages.well()
        self._messages.say(what, busy=True)
        self._said.value = what
