"""What the page is told about success and failure.

Widget callbacks swallow exceptions, so every action goes by here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from timesen_nb.sources.addresses import without_keys
from timesen_nb.sources.retry_policy import RequestCancelled, RequestFailed
from timesen_nb.widgets.answer_panel import AnswerPanel
from timesen_nb.widgets.background import JobCancelled
from timesen_nb.widgets.coverage import NotCovered
from timesen_nb.widgets.page_words import for_the_page

log = logging.getLogger("timesen_nb.widgets")

READY = "Click the map, or type a place."
READY_ANYWHERE = "Type the name of a place to go there, or zoom in; then click."
#: After a failure, without an answer and with one.
FAILED = ("That did not work.", "That did not work; the last answer stays.")


class Offer(ValueError):
    """A failure that a button mends.

    Args:
        problem: in words.
        label: what the button says.
        mend: what it does.
    """

    def __init__(self, problem: str, label: str, mend: Callable[[], Any]) -> None:
        super().__init__(problem)
        self.label, self.mend = label, mend


class Messages:
    """The state in words, and what went wrong last; both are shown in the panel.

    status: the state. error: what went wrong, with the cure for Python, or None after a success.

    Args:
        panel: where it is said.
        home: shows the data on the map.
    """

    def __init__(self, panel: AnswerPanel, home: Callable[[], None]) -> None:
        self._panel, self._home = panel, home
        self.error: str | None = None
        self._offer: Offer | None = None
        self._rest = READY  # the state that a failure took the place of
        panel.mend.on_click(lambda _: self.safely(self._offer.mend if self._offer else self.well)())
        self.say(READY)

    def say(self, status: str, busy: bool = False) -> None:
        """Tell the state; ``busy`` offers to cancel."""
        if not busy and status not in FAILED:
            self._rest = status
        self.status = status
        self._panel.say(status, busy)

    def fail(self, problem: str, offer: Offer | None = None) -> None:
        """Tell what went wrong, with a button where one mends it; the last answer stays."""
        # an address in it may have a key
        self.error = problem = without_keys(problem)
        self._offer = offer
        self._panel.fail(for_the_page(problem), offer.label if offer else "")
        self.say(FAILED[self._panel.answered])

    def add(self, problem: str) -> None:
        """Tell what went wrong beside what was wanted; the state stays, and a button that mends something else."""
        status = self.status
        if problem not in (self.error or ""):
            self.fail(" ".join(filter(None, [self.error, problem])), self._offer if self.error else None)
        self.say(status)

    def well(self) -> None:
        """Nothing is wrong any more: the state is that of before something was."""
        self.error = None
        self._panel.fail(None)
        if self.status in FAILED:
            self.say(self._rest)

    def cancelled(self) -> None:
        """Somebody asked to stop."""
        self.say("Cancelled. " + READY)

    @contextmanager
    def shown(self, again: Callable[[], Any] | None = None) -> Iterator[None]:
        """What fails inside is shown in the panel; faults of the program also go to the log, with their traceback.

        ``again`` sends a request that failed once more, where somebody asks for that.
        """
        try:
            yield
        except (JobCancelled, RequestCancelled):
            self.cancelled()
        # said in words by whoever raised it: input, files, the network
        except (ValueError, OSError) as problem:
            log.info("shown in the panel: %s", without_keys(str(problem)))
            offer = problem if isinstance(problem, Offer) else None
            if isinstance(problem, NotCovered):
                offer = Offer(str(problem), "Back to the data", self._back)
            if again is not None and isinstance(problem, RequestFailed):
                offer = Offer(str(problem), "Try again", again)
            self.fail(str(problem) or type(problem).__name__, offer)
        except Exception as problem:
            log.exception("a fault, shown in the panel")
            self.fail(f"{type(problem).__name__}: {problem}. This is a fault of the program or the source.")

    def _back(self) -> None:
        self._home()
        self.well()
        self.say(READY)

    def safely(self, action: Callable[..., Any]) -> Callable[..., None]:
        """The action as a callback whose failure is shown."""

        def call(*args: Any) -> None:
            with self.shown():
                action(*args)

        return call
