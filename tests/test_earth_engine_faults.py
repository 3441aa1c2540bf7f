"""Earth Engine refuses, waits, breaks off or answers oddly: what is tried again, and what is said."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import ee
import numpy as np
import pytest
from earth_engine_cube import CUBE, FAST, box_of, same
from earth_engine_images import scenes_of
from earth_engine_server import EarthEngineServer

import timesen_nb as tn

pytestmark = pytest.mark.usefixtures("no_account")


class TestFaults:
    def test_too_many_requests_then_an_answer(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        server.refuse(429, "Too Many Requests: rate limit.", times=2)
        assert same(source.pixel(*CUBE.place(0, 0), 2018).values, CUBE.months(2018)[:, :, 0, 0])
        assert server.count == source.requests == 3

    def test_a_limit_a_minute_passes_whatever_it_counts(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        server.refuse(429, "Quota exceeded for quota metric 'EECU-seconds' and limit 'EECU per minute'.")
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any()

    def test_the_waits_grow_and_the_state_tells_them(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, first_wait=0.1, attempts=4)
        server.refuse(503, "Service unavailable", times=3)
        states: list[str] = []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.005):
                states.append(source.state)

        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.monotonic()
        source.pixel(*CUBE.place(0, 0), 2018)
        waited = time.monotonic() - began
        done.set()
        watcher.join()
        assert waited >= 0.5 * (0.1 + 0.2 + 0.4)
        assert any("waiting" in s and "503" in s for s in states)
        assert "asking (attempt 2 of 4)" in states
        assert source.state == ""

    def test_the_server_may_say_how_long_to_wait(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, first_wait=200.0, deadline=100.0)
        server.refuse(429, "slow down", Retry_After="0.05")
        source.pixel(*CUBE.place(0, 0), 2018)
        assert server.count == 2

    def test_attempts_end(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", attempts=3, **FAST)
        server.refuse(503, "Service unavailable", times=9)
        with pytest.raises(ValueError, match="asked 3 times"):
            source.pixel(*CUBE.place(0, 0), 2018)
        assert server.count == 3

    @pytest.mark.parametrize(
        ("status", "message", "reason", "cure"),
        [
            (403, "Caller does not have required permission to use project test-project.", "USER_PROJECT_DENIED",
             "project's ID"),
            (403, "Google Earth Engine API has not been used in project 1 before or it is disabled.",
             "SERVICE_DISABLED", "Turn it on at https"),
            (403, "Project test-project is not registered to use Earth Engine.", "", "Register it"),
            (403, "Permission denied.", "", "Authenticate"),
            (401, "Request had invalid authentication credentials.", "", "ee.Authenticate()"),
            (404, "Project 'nowhere' not found or deleted.", "", "project's ID"),
            (400, "Image.select: no such band", "", "please report"),
            (429, "Quota exceeded for quota metric 'EECU time' and limit 'EECU time per month'.", "", "quota.*stac"),
        ],
    )  # fmt: skip
    def test_what_does_not_pass_fails_at_once_with_the_cure(
        self, server: EarthEngineServer, status: int, message: str, reason: str, cure: str
    ) -> None:
        source = tn.open_source("earthengine", **FAST)
        server.refuse(status, message, times=9, reason=reason)
        with pytest.raises(ValueError, match=cure):
            source.pixel(*CUBE.place(0, 0), 2018)
        assert server.count == 1

    def test_a_hung_server_gives_an_error_within_the_deadline(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, deadline=0.3)
        server.refuse(0)
        began = time.monotonic()
        with pytest.raises(ValueError, match=r"within 0\.3 seconds.*later"):
            source.pixel(*CUBE.place(0, 0), 2018)
        assert time.monotonic() - began < 60
        source = tn.open_source("earthengine", cache=False)
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any(), "and the next request works"

    def test_the_server_may_say_until_when_to_wait(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, first_wait=200.0, deadline=100.0)
        server.refuse(429, "slow down", Retry_After=formatdate(time.time() + 1, usegmt=True))
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any()
        assert source.requests == 2
        server.refuse(503, "busy", times=2, Retry_After=formatdate(time.time() + 7200, usegmt=True))
        with pytest.raises(ValueError, match=r"It asks to wait 7\d\d\d seconds"):
            source.pixel(*CUBE.place(0, 0), 2018)

    @pytest.mark.parametrize(
        "answer",
        [None, [], "a text", {"type": "Feature"}, {"features": []}, {"features": [{"properties": {"n": 0}}]},
         {"features": [{"properties": {"n": 0, "values": [1.0] * 9, "clear": {}, "told": []}}]},
         {"features": [{"properties": {"n": 0, "values": [None] * 121, "clear": {}, "told": []}}]},
         {"features": [{"properties": {"n": 0, "values": [1.0] * 121, "clear": [1], "told": [3]}}]}],
    )  # fmt: skip
    def test_an_answer_of_another_kind_is_said(
        self, server: EarthEngineServer, monkeypatch: pytest.MonkeyPatch, answer: Any
    ) -> None:
        monkeypatch.setattr(server, "_compute", lambda path, given: {"result": answer})
        with pytest.raises(
            ValueError, match=r"of another kind than was asked for: expected .* It was asked 2 times"
        ):
            tn.open_source("earthengine", attempts=2, **FAST).pixel(*CUBE.place(0, 0), 2018)

    @pytest.mark.parametrize("how", ["a page", "cut", "another size", "a band lost", "no number"])
    def test_pixels_of_another_kind_are_said(
        self, server: EarthEngineServer, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        whole = server._pixels

        def odd(path: str, given: Any) -> bytes:
            raw = whole(path, given)
            if how in ("a page", "cut"):
                return b"<html>sign in</html>" if how == "a page" else raw[: len(raw) // 2]
            array = np.load(io.BytesIO(raw))
            array = array[:, :-1] if how == "another size" else array
            array = array[list(array.dtype.names[1:])] if how == "a band lost" else array
            if how == "no number":
                array["B4_m03"][0, 0] = np.nan
            out = io.BytesIO()
            np.save(out, array)
            return out.getvalue()

        monkeypatch.setattr(server, "_pixels", odd)
        with pytest.raises(ValueError, match=r"of another kind than was asked for: expected"):
            tn.open_source("earthengine", attempts=1, **FAST).cube(box_of(CUBE), 2018).compute()

    def test_a_wait_that_ends_after_the_deadline_is_not_begun(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, deadline=50.0)
        server.refuse(429, "slow down", times=2, Retry_After="100")
        with pytest.raises(ValueError, match=r"too often.*asked once and the deadline"):
            source.pixel(*CUBE.place(0, 0), 2018)

    def test_a_connection_that_breaks_off_is_tried_again(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        server.refuse(-1)
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any()
        assert server.count == 2

    def test_no_network(self) -> None:
        with EarthEngineServer(scenes_of(CUBE)) as server:
            server.initialize()
            source = tn.open_source("earthengine", **FAST)
            server.stop()
            with pytest.raises(ValueError, match=r"cannot be reached.*sample"):
                source.pixel(*CUBE.place(0, 0), 2018)

    def test_cancel(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False)
        server.refuse(0, times=2)
        with ThreadPoolExecutor(2) as pool:
            clicks = [pool.submit(source.pixel, *CUBE.place(0, c)) for c in range(2)]
            while server.count < 2:
                time.sleep(0.01)
            assert source.state == "asking"
            source.cancel()
            for click in clicks:
                with pytest.raises(ValueError, match="cancelled"):
                    click.result(timeout=60)
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any(), "later requests are not touched"

    def test_the_client_keeps_its_own_settings(self, server: EarthEngineServer) -> None:
        ee.data.setMaxRetries(3)
        ee.data.setWorkloadTag("my-lesson")
        tn.open_source("earthengine", **FAST).pixel(*CUBE.place(0, 0), 2018)
        assert ee.data._get_state().max_retries == 3
        assert server.requests[-1]["workloadTag"] == "my-lesson"

    def test_who_is_cancelled_while_he_waits_for_another_asks_for_nothing(
        self, server: EarthEngineServer
    ) -> None:
        source = tn.open_source("earthengine", cache=False)
        server.refuse(0)
        with ThreadPoolExecutor(2) as pool:
            clicks = [pool.submit(source.pixel, *CUBE.place(0, 0), 2018) for _ in range(2)]
            while server.count < 1:
                time.sleep(0.01)
            time.sleep(0.2)
            source.cancel()
            for click in clicks:
                with pytest.raises(ValueError, match="cancelled"):
                    click.result(timeout=60)
        assert server.count == 1

    def test_who_waits_for_another_that_is_cancelled_asks_himself(self, server: EarthEngineServer) -> None:
        one, other = (tn.open_source("earthengine", cache=False) for _ in range(2))
        server.refuse(0)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(one.pixel, *CUBE.place(0, 0), 2018)
            while server.count < 1:
                time.sleep(0.01)
            second = pool.submit(other.pixel, *CUBE.place(0, 0), 2018)
            time.sleep(0.2)
            one.cancel()
            with pytest.raises(ValueError, match="cancelled"):
                first.result(timeout=60)
            assert second.result(timeout=60).valid.any()

    def test_a_session_that_was_closed(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        ee.Reset()
        with pytest.raises(ValueError, match=r"session was closed. Open it again"):
            source.pixel(*CUBE.place(0, 0), 2018)


class TestClickMap:
    def test_a_click_is_one_request_and_faults_are_shown_in_the_panel(
        self, server: EarthEngineServer
    ) -> None:
        from synthetic import small_model

        source = tn.open_source("earthengine", cache=False)
        shown = tn.ClickMap(small_model(), source, task=["a meadow", "a lake"], year=2018)
        assert server.count == 0, "opening the map asks for nothing"
        assert shown.click(*CUBE.place(0, 0)) is not None
        assert server.count == 1
        server.refuse(0)
        shown.open_source(tn.open_source("earthengine", cache=False, deadline=0.3))
        assert shown.click(*CUBE.place(5, 5)) is None
        assert "no answer within" in str(shown.error)
        shown.open_source(source)
        assert shown.result is None, "an answer goes with the data that it was read from"
        good = shown.click(*CUBE.place(0, 0))
        assert good is not None
        server.refuse(403, "Project p is not registered to use Earth Engine.")
        assert shown.click(*CUBE.place(5, 5)) is None
        assert "Register it" in str(shown.error)
        assert shown.result is good, "the last good answer stays"
        assert shown.click(*CUBE.place(5, 5)) is not None
        assert shown.error is None
