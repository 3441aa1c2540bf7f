"""The click map in JupyterLab: what its parts are is said there too, as on the served page."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from served_map import PATIENCE, chromium

pytestmark = [pytest.mark.needs_browser, pytest.mark.timeout(900)]

CELL = """
import timesen_nb as tn

app = tn.ClickMap(tn.load("pocket"), tn.open_source("flanders"))
app
"""


@contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab that shows a folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stderr:
                if address := re.search(r"http://127\.0\.0\.1:\d+/", line):
                    break
            else:
                pytest.fail("JupyterLab did not start")
            yield address.group()
        finally:
            server.terminate()
            server.wait(60)


def test_names_and_roles_are_said_in_a_notebook(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "map.ipynb")
    with jupyterlab(tmp_path) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}lab/tree/map.ipynb?reset")
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.get_by_text("Python 3 (ipykernel) | Idle").first.wait_for()
        page.locator("[data-command='notebook:run-cell-and-select-next']").first.click()
        page.wait_for_selector(".tn-app .leaflet-container")
        page.wait_for_selector(".tn-app[role=region]")
        slider = page.locator(".tn-app .tn-month .noUi-handle")
        assert slider.get_attribute("aria-label") == "Month on the map"
        assert slider.get_attribute("aria-valuetext") == "July"
        slider.focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_selector(".tn-month .noUi-handle[aria-valuetext=June]")
        assert page.locator(".tn-lead").get_attribute("role") == "heading"
        assert page.locator(".tn-error").get_attribute("role") == "alert"
        assert page.locator(".tn-place input").get_attribute("aria-label").startswith("Longitude, latitude")
        assert page.locator(".tn-app h1").count() == 1
