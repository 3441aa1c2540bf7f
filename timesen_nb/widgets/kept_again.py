"""Places that were kept before the page was loaded again: read once more, behind the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from timesen_nb.series import PixelSeries
from timesen_nb.sources.retry_policy import RequestFailed
from timesen_nb.widgets.background import Job, JobCancelled, Latest
from timesen_nb.widgets.kept_panel import KeptPanel
from timesen_nb.widgets.link import KeptPlace, kept_places
from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.session import Session

SHOWN = 3  # reasons that are told
#: What was read, and why each of the others was not.
Read = tuple[dict[KeptPlace, PixelSeries], dict[KeptPlace, str]]


class KeptAgain:
    """Reads the kept places of an address one by one, and keeps them as the words are then.

    coming: those that are not read yet, or could not be; the address of the page holds them until they are forgotten.
    unread: what was said of those that could not be, or "".

    Args:
        session: that keeps them.
        panel: where it is said what is read, and what is not.
        messages: where it is said that there is something to see there.
        changed: called when others are coming than before.
    """

    def __init__(
        self, session: Session, panel: KeptPanel, messages: Messages, changed: Callable[[], None]
    ) -> None:
        self._session, self._panel, self._messages, self._changed = session, panel, messages, changed
        self._jobs = Latest()
        self.coming: list[KeptPlace] = []
        self.unread = ""
        panel.read.on_click(lambda _: messages.safely(self.read)())
        panel.stop.on_click(lambda _: messages.safely(self.cancel)())
        panel.give_up.on_click(lambda _: messages.safely(self._forget)())

    @property
    def busy(self) -> bool:
        """Whether places are being read."""
        return self._jobs.busy

    def expect(self, places: Sequence[KeptPlace]) -> list[str]:
        """Places that are to be read, beside those that are coming already; one that is kept gets the label alone.

        Args:
            places: of an address.

        Returns:
            What is wrong with them, in words.
        """
        problems, there = [], kept_places(self._session)
        labels = {place.spot: place.label for place in self.coming}
        for place in places:
            if place.spot in there:
                number, kept = there[place.spot]
                try:
                    if place.label and place.label != kept.label:
                        self._session.label(number, place.label)
                except ValueError as problem:
                    problems.append(str(problem))
            elif place.spot not in labels:
                self.coming.append(place)
                labels[place.spot] = place.label
            elif place.label and place.label != labels[place.spot]:
                problems.append(
                    f"{place.spot} is there as {labels[place.spot]!r} and as {place.label!r}; the first counts."
                )
        return problems

    def read(self) -> None:
        """Read what is expected, and keep it; of places that cannot be read it is said why."""
        if self.coming:
            self._panel.coming(len(self.coming), reading=True)
            wanted = list(self.coming)
            self._jobs.start(lambda job: self._reading(job, wanted), self._keep)

    def _reading(self, job: Job[Read], wanted: Sequence[KeptPlace]) -> Read:
        read, failed = dict[KeptPlace, PixelSeries](), dict[KeptPlace, str]()
        for n, place in enumerate(wanted):
            if job.cancelled.is_set():
                raise JobCancelled
            try:
                read[place] = self._session.ask(place.lon, place.lat, place.year)
            # one that does not answer is not asked for the others, which come first the next time
            except RequestFailed as problem:
                failed |= dict.fromkeys([*wanted[n + 1 :], place], str(problem))
                break
            except (ValueError, OSError) as problem:
                failed[place] = str(problem)
        return read, failed

    def _keep(self, future: Future[Read]) -> None:
        self.unread, why = "", ""
        with self._messages.shown():
            read, failed = future.result()
            again = [(series, place.label) for place, series in read.items()]
            problems = [*failed.values(), *self._session.keep_again(again)]
            there = kept_places(self._session)
            self.coming = [place for place in (*read, *failed) if place.spot not in there]
            why = told(problems)
            if problems:
                count = "A kept place" if len(problems) == 1 else f"{len(problems)} kept places"
                self.unread = f"{count} could not be brought back in full: “Kept places” says why."
                self._messages.add(self.unread)
        self._panel.coming(len(self.coming), why)
        self._changed()

    def _forget(self) -> None:
        self.drop()
        self._messages.well()

    def cancel(self) -> bool:
        """Stop reading; True when there was something to stop."""
        stopped = self._jobs.cancel()
        if stopped:
            self._panel.coming(len(self.coming))
        return stopped

    def drop(self) -> None:
        """Forget those that are coming."""
        self._jobs.cancel()
        self.coming, self.unread = [], ""
        self._panel.coming(0)
        self._changed()


def told(problems: Sequence[str]) -> str:
    """The most frequent reasons, and how many more there are."""
    reasons = Counter(problems).most_common()
    more = [f"And {len(reasons) - SHOWN} more reasons."] if len(reasons) > SHOWN else []
    return " ".join([reason for reason, _ in reasons[:SHOWN]] + more)
