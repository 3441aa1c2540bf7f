"""One retry policy for whatever is asked over the network: in time, in few attempts, until somebody cancels.

How often and how long between is urllib3's ``Retry``: a back-off that doubles, with jitter, and what the server asks
for (``Retry-After``) before that. Only this layer repeats a request: the clients below it are told not to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from itertools import count
from math import isfinite
from numbers import Real
from typing import Any, TypeVar

from urllib3.exceptions import InvalidHeader, MaxRetryError
from urllib3.util.retry import RequestHistory, Retry

T = TypeVar("T")

#: Seconds of a deadline: a day, and what clocks can count.
LONGEST = 86_400

#: Answers after which asking again may help; any other error answer is final.
PASSING_ANSWERS = frozenset((408, 425, 429, 500, 502, 503, 504))


@dataclass(frozen=True)
class Problem:
    """What a failed request means.

    Attributes:
        words: What went wrong, with the cure, for the user.
        passing: It may work when sent again.
        wait: Seconds that the server asks for, None where it does not.
        too_much: Less may be asked for.
        absent: What was asked for is not there, or not for us; the server works.
    """

    words: str
    passing: bool = False
    wait: float | None = None
    too_much: bool = False
    absent: bool = False


class RequestFailed(ValueError):
    """A request that will not be answered; its words say why and what to do."""


class TooMuch(RequestFailed):
    """More was asked for at once than the server computes."""


class NotThere(RequestFailed):
    """What was asked for is not there, or not for us."""


class RequestCancelled(RequestFailed):
    """Somebody cancelled the request."""


def retry_after(header: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, as a number or a date; None where it asks for nothing."""
    if header is None:
        return None
    try:
        return max(0.0, float(header)) if isfinite(float(header)) else None
    except ValueError:
        pass
    try:
        return Retry().parse_retry_after(header)
    except InvalidHeader:
        return None


class RetryPolicy:
    """Sends requests one by one for whoever calls, from any thread, again while their faults may pass.

    Args:
        explain: What an exception means.
        attempts: How often one request is sent at most.
        deadline: Seconds until an answer must be there, waits included.
        first_wait: Seconds before the second attempt, twice that before each next one up to ``longest_wait``, and up to
            ``first_wait`` more by chance; what the server asks for goes before.
        longest_wait: Seconds.
        threads: Each attempt has a thread of its own, so that nobody waits for one that hangs. False: it runs where it
            is called, for requests with time limits of their own that must not go on unattended.

    Raises:
        ValueError: No attempt, no time, or a negative wait.
    """

    def __init__(
        self,
        explain: Callable[[BaseException], Problem],
        attempts: int = 5,
        deadline: float = 120.0,
        first_wait: float = 1.0,
        longest_wait: float = 32.0,
        threads: bool = True,
    ) -> None:
        given = (attempts, deadline, first_wait)
        numbers = all(isinstance(n, Real) and not isinstance(n, bool) and isfinite(n) for n in given)
        if (
            not numbers
            or attempts < 1
            or attempts != int(attempts)
            or not 0 < deadline <= LONGEST
            or first_wait < 0
        ):
            raise ValueError(
                f"attempts={attempts!r}, deadline={deadline!r}, first_wait={first_wait!r} given; expected a whole "
                f"number of attempts from 1, a deadline above 0 and up to {LONGEST:,} seconds, and a wait that is not "
                "negative."
            )
        self.explain, self.attempts, self.deadline, self.threads = explain, attempts, deadline, threads
        # urllib3 asks a second time at once and waits from the third on. Servers that compute want a pause from the
        # first on: hence one attempt on record before the first.
        before = (RequestHistory(None, None, None, None, None),)
        self._retry = Retry(
            attempts - 1,
            history=before,
            backoff_factor=first_wait / 2,
            backoff_max=longest_wait,
            backoff_jitter=first_wait,
        )
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

    def begin(self, deadline: float | None = None) -> Work:
        """Several requests under one deadline (seconds; None for the policy's own) and one cancel."""
        limit = self.deadline if deadline is None else deadline
        with self._lock:
            return Work(self, limit, time.monotonic() + limit, self._cancel)

    def send(self, request: Callable[[], T], deadline: float | None = None) -> T:
        """The answer of a single request: :meth:`Work.send` of :meth:`begin`."""
        return self.begin(deadline).send(request)

    def _next(self, retry: Retry, problem: Problem, attempt: int, left: float) -> tuple[Retry, float]:
        """Whether to ask again. What the library raised stays out of it: it may hold secrets.

        Args:
            retry: the retries that are left.
            problem: what went wrong.
            attempt: which one that was, from 1.
            left: seconds until the deadline.

        Returns:
            The retries that are left then, and the seconds before the next.

        Raises:
            RequestFailed: asking again makes no sense.
            TooMuch: it makes sense for less.
        """
        if problem.too_much:
            raise TooMuch(problem.words)
        if problem.absent:
            raise NotThere(problem.words)
        if not problem.passing:
            raise RequestFailed(problem.words)
        times = "once" if attempt == 1 else f"{attempt} times"
        try:
            retry = retry.increment()
        except MaxRetryError:
            raise RequestFailed(f"{problem.words} It was asked {times}.") from None
        pause = retry.get_backoff_time() if problem.wait is None else problem.wait
        if pause >= left:
            asks = "" if problem.wait is None else f"It asks to wait {problem.wait:.0f} seconds. "
            raise RequestFailed(
                f"{problem.words} {asks}It was asked {times} and the deadline does not leave time to ask again."
            )
        return retry, pause

    def _attempt(self, request: Callable[[], T]) -> Future[T]:
        answer: Future[Any] = Future()

        def run() -> None:
            try:
                answer.set_result(request())
            except BaseException as problem:  # noqa: BLE001 - handed to whoever waits
                answer.set_exception(problem)

        with self._lock:
            self.sent += 1
        if self.threads:
            threading.Thread(target=run, name="request", daemon=True).start()
        else:
            run()
        return answer


@dataclass(frozen=True)
class Work:
    """Requests that belong together: one after another they end by the same moment, or when they are cancelled.

    Attributes:
        policy: Who sends them.
        seconds: How long they may take together.
        ends: When that is over, by ``time.monotonic``.
        cancel: Done when somebody cancels.
    """

    policy: RetryPolicy
    seconds: float
    ends: float
    cancel: Future[None]

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.ends - time.monotonic()

    def part(self, share: float) -> Work:
        """The same, with a share (0 to 1) of the time that is left."""
        seconds = max(self.left, 0.0) * share
        return replace(self, seconds=seconds, ends=time.monotonic() + seconds)

    def afresh(self) -> Work:
        """The same, with all of its time from now on; a cancel since it began still counts."""
        return replace(self, ends=time.monotonic() + self.seconds)

    def send(self, request: Callable[[], T]) -> T:
        """The answer of a request, sent again while its fault may pass.

        Args:
            request: Called without arguments for each attempt.

        Returns:
            What the request returns.

        Raises:
            RequestFailed: With words for the user; also :class:`TooMuch` and :class:`RequestCancelled`. An attempt that
                hangs is left behind on its thread.
        """
        policy, number = self.policy, next(self.policy._numbers)
        retry = policy._retry
        try:
            for attempt in count(1):
                again = f" (attempt {attempt} of {policy.attempts})" if attempt > 1 else ""
                policy._under_way[number] = f"asking{again}"
                self._wait(Future(), 0.0)
                answer = policy._attempt(request) if self.left > 0 else Future()
                self._wait(answer, self.left)
                if not answer.done():
                    raise RequestFailed(
                        f"no answer within {self.seconds:.3g} seconds. The server is busy or the connection hangs: try "
                        "again later, or open the source with a longer deadline=."
                    )
                fault = answer.exception()
                if not isinstance(fault, Exception):
                    return answer.result()
                problem = policy.explain(fault)
                retry, pause = policy._next(retry, problem, attempt, self.left)
                policy._under_way[number] = f"waiting {pause:.0f} s before asking again: {problem.words}"
                self._wait(Future(), pause)
            raise AssertionError("the last attempt returns or raises")
        finally:
            del policy._under_way[number]

    def _wait(self, what: Future[Any], seconds: float) -> None:
        """Until it is done, the time is over, or somebody cancels: then it raises."""
        either: list[Future[Any]] = [self.cancel, what]
        wait(either, max(seconds, 0.0), FIRST_COMPLETED)
        if self.cancel.done():
            raise RequestCancelled("the request was cancelled. Ask again when you like.")
