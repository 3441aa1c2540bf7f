"""Places that were kept before the page was loaded again: read once more, behind the page."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from timesen_nb.series import PixelSeries
from timesen_nb.sources.retry_policy import RequestFailed
from timesen_nb.widgets.background import Job, JobCancelled, Latest
from timesen_nb.widgets.kept_panel import KeptPanel
from timesen_nb.widgets.link import KeptPlace, kept_places
from timesen_nb.widgets.messages import Messages
from timesen_nb.widgets.session import Session

Read = tuple[list[tuple[PixelSeries, str]], list[str]]


class KeptAgain:
    """Reads the kept places of an address one by one, and keeps them as the words are then.

    coming: those that are not read yet; the address of the page holds them meanwhile.

    Args:
        session: that keeps them.
        panel: where it is said that they are coming.
        messages: where it is said what could not be read.
    """

    def __init__(self, session: Session, panel: KeptPanel, messages: Messages) -> None:
        self._session, self._panel, self._messages = session, panel, messages
        self._jobs = Latest()
        self.coming: Sequence[KeptPlace] = ()

    @property
    def busy(self) -> bool:
        """Whether places are being read."""
        return self._jobs.busy

    def expect(self, places: Sequence[KeptPlace]) -> None:
        """Places that are to be read, beside those that are coming already; those that are kept are not read again."""
        known = {str(place._replace(label="")) for place in (*kept_places(self._session), *self.coming)}
        self.coming = [*self.coming, *(p for p in places if str(p._replace(label="")) not in known)]

    def read(self) -> None:
        """Read what is expected, and keep it; of places that cannot be read it is said why."""
        if self.coming:
            self._panel.wait(len(self.coming))
            self._jobs.start(self._reading, self._keep)

    def _reading(self, job: Job[Read]) -> Read:
        read, problems = list[tuple[PixelSeries, str]](), list[str]()
        for place in self.coming:
            if job.cancelled.is_set():
                raise JobCancelled
            try:
                read.append((self._session.ask(place.lon, place.lat, place.year), place.label))
            # one that does not answer is not asked for the others
            except RequestFailed:
                raise
            except (ValueError, OSError) as problem:
                problems.append(f"{place.lon:.4f}, {place.lat:.4f}: {problem}")
        return read, problems

    def _keep(self, future: Future[Read]) -> None:
        self._panel.wait(0)
        with self._messages.shown(again=self.read):
            read, problems = future.result()
            self.coming = ()
            self._session.keep_again(read)
            if problems:
                self._messages.add(" ".join(["Kept places that cannot be read again:", *problems]))

    def cancel(self) -> bool:
        """Stop reading; True when there was something to stop."""
        self._panel.wait(0)
        return self._jobs.cancel()

    def drop(self) -> None:
        """Forget those that are coming: other data are read from now on."""
        self.cancel()
        self.coming = ()
