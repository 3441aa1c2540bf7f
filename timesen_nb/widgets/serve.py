"""Serve the click map on this machine: ``python -m timesen_nb.widgets.serve [--port 8866]``.

The environment names what is shown: TIMESEN_SOURCE is "sample" (the default), "earthengine", "stac" or the path of
a cube file, TIMESEN_MODEL what ``timesen_nb.load`` takes (default "pocket"). The page is the notebook ``app.ipynb``
beside this file, shown by Voila.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tornado.ioloop import IOLoop
from voila.app import Voila

HERE = Path(__file__).resolve().parent
SOURCE, MODEL = "TIMESEN_SOURCE", "TIMESEN_MODEL"
IDLE = 600  # seconds until a kernel whose page was closed is stopped
NEXT = 60  # seconds after a page was opened until a kernel for the next page is made ready


class Server(Voila):
    """Voila that says where it is once it listens; it takes another port itself where the first is taken."""

    asked = 0

    def listen(self) -> None:
        """Listen until Ctrl-C or SIGTERM, then stop every kernel."""
        signal.signal(signal.SIGINT, self._handle_signal_stop)  # not an exception in whatever runs just then
        IOLoop.current().add_callback(self._announce)
        super().listen()
        print("Stopped.")

    def _announce(self) -> None:
        if self.port != self.asked:
            print(f"Port {self.asked} is taken; using {self.port}.")
        print(f"The click map is at http://127.0.0.1:{self.port}/  (Ctrl-C stops it)", flush=True)


def check_source(name: str) -> str:
    """The source's name, a path made absolute; ValueError or OSError in words when it cannot be opened."""
    from timesen_nb.sources import open_source

    open_source(name)
    return _absolute(name)


def check_model(name: str) -> str:
    """The model's name, a path made absolute; ValueError in words when there is no such file. It is not read here."""
    if name != "pocket" and not name.startswith("hf:") and not Path(name).is_file():
        raise ValueError(
            f"model given: {name!r}; expected 'pocket', an existing file, or 'hf:OWNER/REPO/FILE'. Check the path."
        )
    return _absolute(name)


def _absolute(name: str) -> str:
    return str(Path(name).resolve()) if Path(name).exists() else name


def main(argv: Sequence[str] | None = None) -> None:
    """Check source and model, then serve; exits with a message in words when one is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m timesen_nb.widgets.serve", description="Serve the click map."
    )
    parser.add_argument("--port", type=int, default=8866)
    parser.add_argument("--open", action="store_true", help="open a browser too")
    options = parser.parse_args(argv)
    try:
        os.environ[SOURCE] = check_source(os.environ.get(SOURCE) or "sample")
        os.environ[MODEL] = check_model(os.environ.get(MODEL) or "pocket")
    except (ValueError, OSError) as problem:
        sys.exit(f"The click map was not started: {problem}")
    # Our page template lies in the package, where Jupyter finds it by this path.
    os.environ["JUPYTER_PATH"] = os.pathsep.join(
        filter(None, [str(HERE / "share"), os.environ.get("JUPYTER_PATH")])
    )
    logging.getLogger("tornado.general").setLevel(
        logging.ERROR
    )  # Jupyter's ping times are not the user's concern
    Server.asked = options.port
    Server.launch_instance(
        [
            str(HERE / "app.ipynb"),
            "--template=timesen",
            "--theme=light",
            "--Voila.ip=127.0.0.1",
            f"--port={options.port}",
            f"--Voila.open_browser={options.open}",
            "--Voila.log_level=ERROR",
            "--KernelManager.transport_encryption=auto",  # else the kernel warns where it can
            "--preheat_kernel=True",  # the app is ready before the page is asked for
            f"--VoilaKernelManager.fill_delay={NEXT}",
            "--show_tracebacks=True",
            "--MappingKernelManager.cull_interval=60",
            f"--MappingKernelManager.cull_idle_timeout={IDLE}",
        ]
    )


if __name__ == "__main__":
    main()
