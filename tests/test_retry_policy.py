"""One retry policy: how often, how long between, until when, and what a waiting user is told."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from timesen_nb.sources.checks import check_year
from timesen_nb.sources.retry_policy import (
    Problem,
    RequestCancelled,
    RequestFailed,
    RetryPolicy,
    TooMuch,
    retry_after,
)


class Server:
    """Fails with each problem in turn, then answers; remembers when it was asked."""

    def __init__(self, *problems: Problem) -> None:
        self.problems, self.asked = list(problems), []

    def __call__(self) -> str:
        self.asked.append(time.monotonic())
        if self.problems:
            raise OSError(self.problems.pop(0))
        return "answer"


def policy(**options) -> RetryPolicy:
    return RetryPolicy(lambda error: error.args[0], **{"first_wait": 0.01, **options})


BUSY = Problem("It is busy.", passing=True)


@pytest.mark.parametrize("threads", [True, False])
def test_faults_that_pass_are_asked_again(threads: bool) -> None:
    server, requests = Server(BUSY, BUSY), policy(threads=threads)
    assert requests.send(server) == "answer"
    assert len(server.asked) == requests.sent == 3


def test_attempts_end_and_are_counted() -> None:
    server = Server(*[BUSY] * 9)
    with pytest.raises(RequestFailed, match=r"It is busy\. It was asked 3 times\."):
        policy(attempts=3).send(server)
    assert len(server.asked) == 3
    with pytest.raises(RequestFailed, match="asked once"):
        policy(attempts=1).send(Server(BUSY))


def test_other_faults_are_said_at_once() -> None:
    server = Server(Problem("It says no."))
    with pytest.raises(RequestFailed, match="It says no"):
        policy().send(server)
    assert len(server.asked) == 1
    with pytest.raises(TooMuch):
        policy().send(Server(Problem("Too large.", too_much=True)))


def test_waits_double_and_are_not_all_the_same() -> None:
    pauses = []
    for _ in range(5):
        server = Server(BUSY, BUSY, BUSY)
        policy(first_wait=0.04).send(server)
        pauses.append([b - a for a, b in zip(server.asked, server.asked[1:], strict=False)])
    for first, second, third in pauses:
        assert (first >= 0.04, second >= 0.08, third >= 0.16) == (True, True, True)
    assert len({round(first, 4) for first, _, _ in pauses}) > 1


def test_what_the_server_asks_for_goes_before() -> None:
    server = Server(Problem("It is busy.", passing=True, wait=0.3))
    policy(first_wait=0.0).send(server)
    assert server.asked[1] - server.asked[0] >= 0.3
    server = Server(Problem("It is busy.", passing=True, wait=0.0))
    policy(first_wait=100.0, deadline=50.0).send(server)
    assert len(server.asked) == 2


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    server = Server(Problem("It is busy.", passing=True, wait=3600.0))
    with pytest.raises(RequestFailed, match=r"asks to wait 3600 seconds.*deadline does not leave time"):
        policy(deadline=5.0).send(server)
    assert len(server.asked) == 1


def test_retry_after_is_seconds_or_a_date() -> None:
    assert (retry_after("7"), retry_after("0.5"), retry_after("-3")) == (7.0, 0.5, 0.0)
    assert (retry_after("nan"), retry_after("inf")) == (None, None)
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True))
    assert soon is not None
    assert 90 < soon <= 100
    assert retry_after("Mon, 01 Jan 2001 00:00:00 GMT") == 0.0
    assert retry_after("soon") is None
    assert retry_after(None) is None


def test_a_request_that_hangs_is_left_behind_at_the_deadline() -> None:
    never = threading.Event()
    with pytest.raises(RequestFailed, match=r"no answer within 0\.2 seconds"):
        policy(deadline=0.2).send(never.wait)
    never.set()


def test_cancel_reaches_a_wait_and_what_comes_between_two_requests() -> None:
    requests = policy(first_wait=60.0)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(requests.send, Server(BUSY))
        while "waiting" not in requests.state:
            time.sleep(0.005)
        assert requests.state.endswith("It is busy.")
        requests.cancel()
        with pytest.raises(RequestCancelled):
            asked.result(timeout=120)
    assert requests.state == ""
    work = requests.begin()
    work.send(Server())
    requests.cancel()
    server = Server()
    with pytest.raises(RequestCancelled):
        work.send(server)
    assert not server.asked, "what was cancelled sends nothing more"
    assert requests.send(Server()) == "answer"


def test_several_requests_share_one_deadline() -> None:
    work = policy(deadline=0.2).begin()
    work.send(lambda: None)
    time.sleep(0.25)
    server = Server()
    with pytest.raises(RequestFailed, match=r"no answer within 0\.2 seconds"):
        work.send(server)
    assert not server.asked
    part = policy(deadline=100.0).begin().part(0.001)
    assert part.left < 1


def test_an_interrupt_is_no_fault_of_the_server() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        policy(threads=False).send(interrupted)


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"deadline": 0}, {"first_wait": -1}])
def test_what_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="expected a whole number of attempts"):
        policy(**wrong)


def test_no_year_is_the_newest() -> None:
    assert check_year(None, range(2017, 2026), "it") == 2025
    assert check_year(None, [2019, 2018], "it") == 2019
    with pytest.raises(ValueError, match="year given: None"):
        check_year(None, [], "it")


@pytest.mark.parametrize("wrong", [2018.7, "last year", 20180, 18, float("nan"), float("inf")])
def test_what_is_no_year_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="expected a calendar year"):
        check_year(wrong, [], "it")  # type: ignore[arg-type]
