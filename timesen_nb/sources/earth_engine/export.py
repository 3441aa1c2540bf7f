"""Batch exports: started here, computed on Earth Engine's own time, followed until the file is there."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any

from timesen_nb.sources.earth_engine import calls
from timesen_nb.sources.earth_engine.errors import without_secrets
from timesen_nb.sources.earth_engine.expressions import NAMES
from timesen_nb.sources.retry_policy import RetryPolicy

if TYPE_CHECKING:
    import ee

_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


class Export:
    """A batch job on Earth Engine; it goes on there whether it is followed or not.

    Attributes:
        operation: its name there.
        state: PENDING, RUNNING, SUCCEEDED, FAILED or CANCELLED, as of the last :meth:`refresh`.
        progress: 0 to 1, as of the last :meth:`refresh`.
        target: where the file goes, in words.
        files: addresses of what was written.
        problem: what Earth Engine says went wrong; "" for nothing.
    """

    def __init__(self, requests: RetryPolicy, operation: dict[str, Any], target: str) -> None:
        self._requests = requests
        self.target = target
        self._take(operation)

    def __repr__(self) -> str:
        return f"Export({self.operation!r}, {self.state}, {self.progress:.0%}, to {self.target})"

    def refresh(self) -> Export:
        """Ask Earth Engine how far it is.

        Returns:
            The job itself.

        Raises:
            ValueError: Earth Engine does not answer, in words.
        """
        self._take(self._requests.send(lambda: calls.operation(self.operation)))
        return self

    def follow(self, every: float = 10.0, told: Callable[[Export], None] | None = None) -> Export:
        """Wait until it has ended, with a progress bar.

        Args:
            every: seconds between two questions.
            told: called with this export after each answer; stop following by raising in it.

        Returns:
            The job itself.

        Raises:
            ValueError: the job failed or was cancelled, with Earth Engine's reason; or Earth Engine does not answer; or
                ``every`` is no number of seconds.
        """
        from tqdm.auto import tqdm

        if not isinstance(every, Real) or not 0 <= every < float("inf"):
            raise ValueError(f"every given: {every!r}; expected seconds between two questions, such as 10.")
        with tqdm(total=100, desc=f"export to {self.target}", unit="%") as bar:
            while True:
                bar.set_postfix_str(self.state.lower(), refresh=False)
                bar.update(round(100 * self.progress) - bar.n)
                if told is not None:
                    told(self)
                if self.state in _ENDED:
                    break
                time.sleep(every)
                self.refresh()
        if self.state != "SUCCEEDED":
            raise ValueError(
                f"the export to {self.target} ended as {self.state.lower()}: {self.problem or 'no reason given'}. What "
                "it wrote so far is not complete. Start it again, with fewer places if it ran out of time or memory."
            )
        return self

    def cancel(self) -> Export:
        """Stop the job on Earth Engine.

        Returns:
            The job itself.

        Raises:
            ValueError: Earth Engine does not answer, in words.
        """
        self._requests.send(lambda: calls.cancel_operation(self.operation))
        return self.refresh()

    def _take(self, operation: dict[str, Any]) -> None:
        about = operation.get("metadata", {})
        self.operation: str = operation["name"]
        self.state: str = about.get("state", "PENDING")
        self.progress: float = 1.0 if self.state == "SUCCEEDED" else float(about.get("progress", 0.0))
        self.files: list[str] = list(about.get("destinationUris", []))
        self.problem: str = without_secrets(operation.get("error", {}).get("message", ""))


def start(
    requests: RetryPolicy, table: ee.FeatureCollection, name: str, folder: str | None, bucket: str | None
) -> Export:
    """Start the export of a table as CSV to Drive, or to a bucket of Cloud Storage; ValueError when both are given."""
    import ee

    if folder is not None and bucket is not None:
        raise ValueError(
            f"folder={folder!r} (Drive) and bucket={bucket!r} (Cloud Storage) given; expected one of them."
        )
    columns = ["n", "lon", "lat", "year", *NAMES]
    if bucket is None:
        task = ee.batch.Export.table.toDrive(table, name, folder, name, "CSV", columns)
        target = f"Google Drive, {folder + '/' if folder else ''}{name}.csv"
    else:
        task = ee.batch.Export.table.toCloudStorage(table, name, bucket, name, "CSV", columns)
        target = f"gs://{bucket}/{name}.csv"
    number = str(uuid.uuid4())  # one for all attempts, so that a repeated request does not start a second job
    operation = requests.send(lambda: calls.export_table(table, task.config or {}, number))
    return Export(requests, operation, target)
