"""The click map as ``make map`` serves it, and the system's Chromium, for the tests that look at both."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import pytest

CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 240_000  # milliseconds, for the first page on a machine that has other things to do


@dataclass(frozen=True)
class ServedMap:
    """A server that runs: the address that it printed, and its process."""

    address: str
    process: psutil.Process

    @property
    def port(self) -> int:
        return int(re.search(r":(\d+)/", self.address)[1])

    def kernels(self) -> list[psutil.Process]:
        """Its kernels, those that are still starting too."""
        return [child for child in self.process.children() if child.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def served_map(
    source: str, *options: str, port: int = 8866, python: str = sys.executable, **env: str
) -> Iterator[ServedMap]:
    """A server that shows a source, with the options of ``timesen_nb.widgets.serve``."""
    command = [python, "-m", "timesen_nb.widgets.serve", "--port", str(port), *options]
    environment = {**os.environ, "TIMESEN_SOURCE": source, **env}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        said = []
        for line in server.stdout:
            said.append(line)
            if address := re.search(r"http://127\.0\.0\.1:\d+/\S*", line):
                break
        else:
            pytest.fail("the app did not start: " + "".join(said))
        try:
            yield ServedMap(address.group(), psutil.Process(server.pid))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(60)
        assert server.returncode == 0


@contextmanager
def chromium() -> Iterator:
    """The system's Chromium, driven by playwright; the test is skipped where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        driven = play.chromium.launch(executable_path=path, args=CHROMIUM)
        yield driven
        driven.close()
