"""Requests to remote sources that end: in time, after few attempts, or when somebody cancels. Counted, in words."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """What a failed request means: in words with the cure, and what may be done about it.

    passing: it may work when sent again. wait: seconds that the server asks for. too_much: less may be asked for.
    """

    words: str
    passing: bool = False
    wait: float | None = None
    too_much: bool = False


class RequestFailed(ValueError):
    """A request that will not be answered; its words say why and what to do."""


class TooMuch(RequestFailed):
    """More was asked for at once than the server computes."""


class RequestCancelled(RequestFailed):
    """Somebody cancelled the request."""


class Requests:
    """Sends requests one by one for whoever calls, from any thread.

    explain: what an exception means. attempts: how often one request is sent at most. deadline: seconds until an
    answer must be there, waits included. first_wait: seconds before the second attempt, twice that before each
    next one up to ``longest_wait``, with jitter; what the server asks for goes before.
    """

    def __init__(
        self,
        explain: Callable[[BaseException], Problem],
        attempts: int = 5,
        deadline: float = 120.0,
        first_wait: float = 1.0,
        longest_wait: float = 32.0,
    ) -> None:
        if attempts < 1 or deadline <= 0 or first_wait < 0:
            raise ValueError(
                f"attempts={attempts}, deadline={deadline}, first_wait={first_wait} given; expected at least one "
                "attempt, a deadline above 0 seconds and a wait that is not negative."
            )
        self.explain, self.attempts, self.deadline = explain, attempts, deadline
        self.first_wait, self.longest_wait = first_wait, longest_wait
        self.sent = 0
        self._under_way: dict[int, str] = {}
        self._numbers = count()
        self._lock = threading.Lock()
        self._cancel: Future[None] = Future()

    @property
    def state(self) -> str:
        """What is under way, in words; empty when nothing is."""
        return next(reversed(list(self._under_way.values())), "")

    def cancel(self) -> None:
        """Every request under way fails with :class:`RequestCancelled` at once; later ones are not touched."""
        with self._lock:
            stopped, self._cancel = self._cancel, Future()
        stopped.set_result(None)

    def send(self, request: Callable[[], T], deadline: float | None = None) -> T:
        """The answer of ``request``, sent again while its fault may pass.

        Raises :class:`RequestFailed` (:class:`TooMuch`, :class:`RequestCancelled`) with words for the user. An
        attempt that hangs is left behind on its thread.
        """
        limit = self.deadline if deadline is None else deadline
        ends, number = time.monotonic() + limit, next(self._numbers)
        with self._lock:
            cancel = self._cancel
        try:
            for attempt in count(1):
                again = f" (attempt {attempt} of {self.attempts})" if attempt > 1 else ""
                self._under_way[number] = f"asking{again}"
                answer = self._attempt(request)
                _wait(cancel, answer, ends - time.monotonic())
                if not answer.done():
                    raise RequestFailed(
                        f"no answer within {limit:g} seconds. The server is busy or the connection hangs: try again "
                        "later, or open the source with a longer deadline=."
                    )
                fault = answer.exception()
                if fault is None:
                    return answer.result()
                problem = self.explain(fault)
                pause = self._pause(attempt) if problem.wait is None else problem.wait
                self._give_up(problem, attempt, time.monotonic() + pause >= ends)
                self._under_way[number] = f"waiting {pause:.0f} s before asking again: {problem.words}"
                _wait(cancel, Future(), pause)
            raise AssertionError("the last attempt returns or raises")
        finally:
            del self._under_way[number]

    def _give_up(self, problem: Problem, attempt: int, late: bool) -> None:
        """Raise where asking again makes no sense; what the library raised stays out of it: it may hold secrets."""
        if problem.too_much:
            raise TooMuch(problem.words)
        if not problem.passing:
            raise RequestFailed(problem.words)
        if late or attempt >= self.attempts:
            times = "once" if attempt == 1 else f"{attempt} times"
            why = " and the deadline does not leave time to ask again" if late else ""
            raise RequestFailed(f"{problem.words} It was asked {times}{why}.")

    def _pause(self, attempt: int) -> float:
        return min(self.first_wait * 2 ** (attempt - 1), self.longest_wait) * random.uniform(0.5, 1.0)

    def _attempt(self, request: Callable[[], T]) -> Future[T]:
        """Start a request on a thread of its own, so that nobody has to wait for one that hangs."""
        answer: Future[Any] = Future()

        def run() -> None:
            try:
                answer.set_result(request())
            except BaseException as problem:  # noqa: BLE001 - handed to whoever waits
                answer.set_exception(problem)

        with self._lock:
            self.sent += 1
        threading.Thread(target=run, name="request", daemon=True).start()
        return answer


def _wait(cancel: Future[None], what: Future[Any], seconds: float) -> None:
    """Until it is done, the time is over, or somebody cancels: then it raises."""
    either: list[Future[Any]] = [cancel, what]
    wait(either, seconds, FIRST_COMPLETED)
    if cancel.done():
        raise RequestCancelled("the request was cancelled. Ask again when you like.")
