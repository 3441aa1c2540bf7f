"""Work that may take long, off the thread that answers the page."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class JobCancelled(Exception):
    """The work was stopped because somebody asked for that."""


class Job(Generic[T]):
    """One piece of work on a thread of its own; ``cancelled`` tells the work to stop where it can."""

    def __init__(self, work: Callable[[Job[T]], T], deliver: Callable[[Future[T]], None]) -> None:
        self.cancelled = threading.Event()
        self.future: Future[T] = Future()
        self.deliver = deliver
        self._work = work
        threading.Thread(target=self._run, name="background", daemon=True).start()

    def _run(self) -> None:
        try:
            self.future.set_result(self._work(self))
        except Exception as problem:  # noqa: BLE001 - handed to whoever asked, who shows it
            self.future.set_exception(problem)


class Latest:
    """Runs one job at a time: a newer one takes the older one's place, whose outcome is then dropped.

    A job that ends within ``grace`` seconds is delivered before :meth:`start` returns, so quick sources stay simple
    and in order. A longer one is delivered on the event loop that started it, or on its own thread without a loop.
    """

    def __init__(self, grace: float = 0.25) -> None:
        self.grace = grace
        self._job: Job[Any] | None = None
        self._lock = threading.RLock()  # what is delivered may start the next job

    @property
    def busy(self) -> bool:
        """Whether a job is under way, or its outcome is being delivered."""
        return self._job is not None

    def start(
        self, work: Callable[[Job[T]], T], deliver: Callable[[Future[T]], None], patient: bool = False
    ) -> bool:
        """Run ``work``, hand its future to ``deliver``; ``patient`` waits for it. True when delivered."""
        with self._lock:
            self.cancel()
            job = self._job = Job(work, deliver)
        if self.settle(None if patient else self.grace):
            return True
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            job.future.add_done_callback(lambda _: self._deliver(job))
        else:
            job.future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._deliver, job))
        return False

    def settle(self, timeout: float | None = None) -> bool:
        """Wait for the job under way and deliver it now; False when it takes longer than ``timeout`` seconds."""
        job = self._job
        if job is None:
            return True
        wait([job.future], timeout)
        if job.future.done():
            self._deliver(job)
        return job.future.done()

    def _deliver(self, job: Job[Any]) -> None:
        with self._lock:
            if self._job is not job:
                return
            try:
                job.deliver(job.future)
            finally:
                if self._job is job:
                    self._job = None

    def cancel(self) -> bool:
        """Drop the job under way, if any; True when there was one."""
        with self._lock:
            job, self._job = self._job, None
        if job is not None:
            job.cancelled.set()
        return job is not None
