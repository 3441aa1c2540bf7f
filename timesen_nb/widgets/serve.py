"""Serve the click map on this machine: ``python -m timesen_nb.widgets.serve [--port 8866]``.

The environment names what is shown: TIMESEN_SOURCE is "flanders" (the default), "sample", "earthengine", "stac" or
the path of a cube file, TIMESEN_MODEL what ``timesen_nb.load`` takes (default "pocket"), TIMESEN_TOKEN a token that
every request must bring. The page is the notebook ``app.ipynb`` beside this file, shown by Voila with the kernels of
``server/``.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from timesen_nb.widgets.postponed import GRAMMAR_OF_ADDRESSES, postponed
from timesen_nb.widgets.server.check import MODEL, SOURCE, check_model, check_source
from timesen_nb.widgets.server.memory import kernels_that_fit

HERE = Path(__file__).resolve().parent
#: What is installed for notebooks is no page's business: plotly's and vuetify's scripts alone are 7 MB.
SCRIPTS = (
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager7",  # Voila takes the one that fits ipywidgets
    "@voila-dashboards/widgets-manager8",
    "jupyter-leaflet",
)
TOKEN = "TIMESEN_TOKEN"  # noqa: S105 - the name of a variable


def parser() -> argparse.ArgumentParser:
    """What can be told on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m timesen_nb.widgets.serve", description="Serve the click map."
    )
    parser.add_argument("--port", type=int, default=8866)
    parser.add_argument("--open", action="store_true", help="open a browser too")
    parser.add_argument(
        "--pages",
        type=int,
        metavar="N",
        help="pages that may be open at once; default: as many as fit into the memory that is free now",
    )
    parser.add_argument(
        "--linger",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long the computation of a page that vanished without a word waits for it to come back",
    )
    parser.add_argument(
        "--private-addresses",
        action="store_true",
        help="let catalogs that are typed on the page lie in a private network, or on this machine",
    )
    parser.add_argument(
        "--token",
        action="store_true",
        help="let in whoever has the token in the printed address, under whatever name this machine is called",
    )
    parser.add_argument("--base-url", default="/", metavar="PATH", help="path below which the map answers")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Check source and model, then serve; exits with a message in words when one is wrong."""
    options = parser().parse_args(argv)
    try:
        os.environ[SOURCE] = check_source(os.environ.get(SOURCE) or "flanders")
        os.environ[MODEL] = check_model(os.environ.get(MODEL) or "pocket")
        pages = kernels_that_fit() if options.pages is None else options.pages
        if pages < 1:
            raise ValueError(f"--pages given: {pages}; expected 1 or more.")
    except (ValueError, OSError) as problem:
        sys.exit(f"The click map was not started: {problem}")
    # Our page template lies in the package, where Jupyter finds it by this path.
    os.environ["JUPYTER_PATH"] = os.pathsep.join(
        filter(None, [str(HERE / "share"), os.environ.get("JUPYTER_PATH")])
    )
    token = os.environ.pop(TOKEN, "") or (secrets.token_urlsafe(24) if options.token else "")
    logging.getLogger("tornado.general").setLevel(
        logging.ERROR
    )  # Jupyter's ping times are not the user's concern
    with postponed(GRAMMAR_OF_ADDRESSES):
        from timesen_nb.widgets.server.app import Server

    Server.launch_instance(
        [
            str(HERE / "app.ipynb"),
            "--template=timesen",
            "--theme=light",
            "--Voila.ip=127.0.0.1",
            f"--port={options.port}",
            f"--base_url=/{options.base_url.strip('/')}/".replace("//", "/"),
            f"--Voila.token={token}",
            "--Voila.open_browser=False",
            "--Voila.log_level=ERROR",
            "--KernelManager.transport_encryption=auto",  # else the kernel warns where it can
            "--KernelManager.autorestart=False",  # a kernel that starts again has lost its map
            "--show_tracebacks=True",
            *(f"--VoilaConfiguration.extension_allowlist={script}" for script in SCRIPTS),
            f"--Server.most={pages}",
            f"--Server.linger={options.linger}",
            f"--Server.private_addresses={options.private_addresses}",
            f"--Server.opens_browser={options.open}",
        ]
    )


if __name__ == "__main__":
    main()
