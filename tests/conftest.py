"""What every test has: no network but 127.0.0.0/8, here and in every child, honest skips, and no deadline of time."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# tests never time: on a busy machine an example may take long
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "real"
OFFLINE = Path(__file__).resolve().parent / "offline"
#: Only then is the network open, and only the tests marked ``live`` are run.
LIVE = os.environ.get("TIMESEN_LIVE") == "1"
#: The file whose tests take longest.
SPREAD = "test_notebooks.py"


def cut_off() -> None:
    """Block the network, here and in children.

    Children (kernels, Voila, workers) import tests/offline/sitecustomize.py when they start. Libraries that open
    sockets outside Python (GDAL's curl, Chromium) obey the proxy settings: nobody listens at that proxy.
    """
    os.environ["PYTHONPATH"] = os.pathsep.join([str(OFFLINE), *filter(None, [os.environ.get("PYTHONPATH")])])
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[name] = os.environ[name.upper()] = "http://127.0.0.1:9"
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    sys.path.insert(0, str(OFFLINE))
    import sitecustomize

    sitecustomize.block()


if not LIVE:
    cut_off()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Live tests and all others never run together."""
    closed, opened = "asks a real service: run with TIMESEN_LIVE=1", "TIMESEN_LIVE=1 runs live tests only"
    for item in items:
        live = item.get_closest_marker("live") is not None
        if live != LIVE:
            item.add_marker(pytest.mark.skip(reason=closed if live else opened))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of a file share its fixtures, so one worker has them all; notebooks share nothing and are spread.

    Files go in the order of their names (--no-loadscope-reorder): few and long tests are not left to the end.
    """
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if SPREAD in nodeid else super()._split_scope(nodeid)

    return ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With TIMESEN_NO_SKIP=1 only the real data beside the repository and live services may be absent."""
    report = yield
    excused = hasattr(report, "wasxfail") or any(map(item.get_closest_marker, ("needs_real", "live")))
    if report.skipped and not excused and os.environ.get("TIMESEN_NO_SKIP") == "1":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """A test's threads end before the next begins: before Python 3.14 they share the filters of warnings with it."""
    yield
    for thread in threading.enumerate():
        if thread.name == "background":
            thread.join(5)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real Sentinel-2 data beside the repository; mark the test ``needs_real``."""
    if not REAL.is_dir():
        pytest.skip("../shared/real is absent: this test reads real Sentinel-2 from there")
    return REAL


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """No file can grow beyond 20 kB, or as many bytes as are given: writing fails as on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    limit(20_000)
    yield limit
    limit(before[0])


@pytest.fixture
def source() -> Any:
    """A source of one small cube in memory."""
    from synthetic import GridSource

    return GridSource()


@pytest.fixture
def app(source: Any) -> Any:
    """A click map over it, with three words."""
    from clicks import WORDS
    from synthetic import small_model

    import timesen_nb as tn

    return tn.ClickMap(small_model(), source, task=WORDS)


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody is signed in to Earth Engine, and nothing is set."""
    for name in (
        "EE_PROJECT",
        "GOOGLE_CLOUD_PROJECT",
        "EE_SERVICE_ACCOUNT_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("TIMESEN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server(no_account: None) -> Iterator[Any]:
    """An Earth Engine on 127.0.0.1 that holds tests/earth_engine_cube.py, and the client's session with it."""
    from earth_engine_cube import CUBE
    from earth_engine_images import scenes_of
    from earth_engine_server import EarthEngineServer

    with EarthEngineServer(scenes_of(CUBE)) as running:
        running.initialize()
        yield running


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Sums are the same to the last bit only in the same order: as many threads here as in the programs started."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
