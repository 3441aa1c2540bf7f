"""The folder of a run: the checkpoint it resumes from, its log and its picture; one run at a time, every file whole."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from filelock import FileLock, Timeout

from timesen_nb.plots.training import metrics_png
from timesen_nb.tensor_file import whole_file

COLUMNS = ("step", "epoch", "loss", "learning_rate", "scale", "accuracy", "recall_at_1")
#: Settings that runs of 0.1 do not say; they begin so.
LATER = ("encoder ", "every place")
UNREADABLE = (OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, pickle.UnpicklingError)


class RunFolder:
    """metrics.csv, last.ckpt and loss.png of one run. settings: what decides how it ends."""

    def __init__(self, path: str | Path, settings: dict[str, Any]) -> None:
        self.path, self.settings = Path(path).expanduser(), settings

    @contextmanager
    def held(self) -> Iterator[None]:
        """The folder is there, can be written to, and is this run's alone; a run that crashed holds nothing."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / "run.lock").touch()
            lock = FileLock(self.path / "run.lock").acquire(timeout=0)
        except Timeout:
            raise RuntimeError(f"another run trains in {self.path}; wait, or give another folder.") from None
        except OSError as problem:
            raise ValueError(f"{self.path} cannot be written to ({problem}); give another folder.") from None
        with lock:
            yield

    def load(self) -> dict[str, Any] | None:
        """What the run left when it was stopped; None for a new run. ValueError for another run's checkpoint."""
        path = self.path / "last.ckpt"
        anew = "give another folder, or overwrite=True to start anew in this one."
        if not path.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            was = dict(state["settings"])
            _ = state["learner"]["step"], state["optimizer"]["state"], state["watch"]["stopped"]
        except UNREADABLE as problem:
            said = f"{path} is damaged, or no checkpoint of tn.fit ({problem!r:.200})"
            raise ValueError(f"{said}. Move it away, {anew}") from problem
        was = {k: v for k, v in self.settings.items() if k.startswith(LATER)} | was
        changed = [f"{k} was {was.get(k)!r}, now {v!r}" for k, v in self.settings.items() if was.get(k) != v]
        if changed:
            said = f"{self.path} holds another run: {'; '.join(changed)}"
            raise ValueError(f"{said}. To go on with that one, use its settings; else {anew}")
        return state

    def save(self, **state: Any) -> None:
        """Write last.ckpt."""
        buffer = io.BytesIO()
        torch.save({"settings": self.settings, **state}, buffer)
        self._write("last.ckpt", buffer.getvalue())

    def log(self, rows: list[list[float]]) -> None:
        """Write metrics.csv, a row an epoch."""
        table = pd.DataFrame(rows, columns=COLUMNS)
        self._write("metrics.csv", table.to_csv(index=False, float_format="%.6g", na_rep="nan").encode())

    def plot(self) -> None:
        """Draw metrics.csv as loss.png."""
        self._write("loss.png", metrics_png(self.path))

    def _write(self, name: str, content: bytes) -> None:
        cure = f"Make room for {len(content) / 2**20:.1f} MB; then the same call goes on from the last checkpoint."
        with whole_file(self.path / name, cure=cure) as partial:
            partial.write_bytes(content)
