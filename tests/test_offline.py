"""The network block itself: it must hold, or every other test may lie."""

import socket
import subprocess
import sys

import pytest


@pytest.mark.parametrize("host", ["93.184.216.34", "example.org", "::1", "10.0.0.1"])
def test_other_hosts_are_refused(host: str) -> None:
    with pytest.raises(OSError, match=r"127\.0\.0\.0/8"):
        socket.create_connection((host, 80), timeout=2)


def test_this_machine_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=2).close()


def test_programs_started_by_tests_are_cut_off_too() -> None:
    code = "import socket; socket.create_connection(('93.184.216.34', 80), timeout=2)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "tests block the network" in done.stderr
