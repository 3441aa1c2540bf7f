"""Photos from their addresses to files: several at once, with retries, and going on where a run was stopped."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import requests

#: Answers after which asking again may help; any other error answer is final.
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
#: So many photos in a row without any answer, and the server counts as out of reach.
OUT_OF_REACH = 20
LONGEST_WAIT = 60.0


def download_photos(
    photos: Any,
    folder: str | Path,
    *,
    workers: int = 8,
    attempts: int = 5,
    wait: float = 1.0,
    timeout: float = 30.0,
    progress: bool = True,
) -> tuple[np.ndarray, dict[str, str]]:
    """Fetch photos into a folder, laid out as on the server; what is there already is not fetched again.

    photos: addresses of any shape, "" = no photo, such as :attr:`PlaceDataset.photos`. attempts: at most so many
    requests a photo, ``wait`` seconds apart, doubled each time; a photo that was cut off goes on where it stopped.
    -> files in the same shape, "" where there is none; and a dictionary of the addresses without a photo, each with the
    reason. Raises ConnectionError when the server is out of reach; what has arrived stays, the same call goes on.
    """
    from tqdm.auto import tqdm

    addresses = np.asarray(photos, dtype=str)
    wanted = [a for a in dict.fromkeys(addresses.reshape(-1).tolist()) if a]
    fetch = _Fetch(Path(folder), attempts, wait, timeout)
    reasons: dict[str, str] = {}
    with tqdm(total=len(wanted), desc="download", unit="photo", disable=not progress, mininterval=1) as bar:
        pool = ThreadPoolExecutor(workers)
        try:
            for start in range(0, len(wanted), 1000):
                part = wanted[start : start + 1000]
                for address, reason in zip(part, pool.map(fetch, part), strict=True):
                    if reason:
                        reasons[address] = reason
                    bar.update()
                    bar.set_postfix(missing=len(reasons), refresh=False)
        finally:
            pool.shutdown(cancel_futures=True)
    files = {a: str(fetch.file(a)) for a in wanted if a not in reasons}
    out = [files.get(a, "") for a in addresses.reshape(-1).tolist()]
    return np.array(out, dtype=str).reshape(addresses.shape), reasons


class _Fetch:
    """Fetches one photo after another, from any thread."""

    def __init__(self, folder: Path, attempts: int, wait: float, timeout: float) -> None:
        self.folder, self.attempts, self.wait, self.timeout = folder, attempts, wait, timeout
        self.unanswered = 0
        self._own = threading.local()

    def file(self, address: str) -> Path:
        """Where a photo goes: the last four parts of its address."""
        return self.folder.joinpath(*[part for part in address.split("/")[-4:] if part not in ("", "..")])

    def __call__(self, address: str) -> str:
        """Fetch a photo; "" when it is there, else the reason why not."""
        path = self.file(address)
        if path.is_file():
            return ""
        path.parent.mkdir(parents=True, exist_ok=True)
        reason = "no attempt was made"
        for attempt in range(self.attempts):
            if self.unanswered >= OUT_OF_REACH:
                raise ConnectionError(
                    f"{address.split('/')[2]} does not answer ({reason}). What has arrived is kept; check the "
                    "connection and call this again, it goes on."
                )
            if attempt:
                time.sleep(min(self.wait * 2 ** (attempt - 1), LONGEST_WAIT) * random.uniform(0.5, 1.0))
            try:
                status, reason = self._attempt(address, path)
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as problem:
                reason = f"no whole answer: {type(problem).__name__}"
                continue
            self.unanswered = 0
            if status not in TRY_AGAIN:
                return reason
        if reason.startswith("no whole answer"):
            self.unanswered += 1
        return reason

    def _attempt(self, address: str, path: Path) -> tuple[int, str]:
        """One request: the status, and the reason why there is no photo ("" when there is)."""
        partial = path.with_name(path.name + ".part")
        have = partial.stat().st_size if partial.is_file() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
        with self._own.session.get(address, headers=headers, stream=True, timeout=self.timeout) as answer:
            if answer.status_code == 416:  # the part does not fit: from the beginning, next time
                partial.unlink(missing_ok=True)
                return 503, "the server answered 416"
            if not answer.ok:
                return answer.status_code, f"the server answered {answer.status_code} {answer.reason}"
            with partial.open("ab" if answer.status_code == 206 else "wb") as file:
                for block in answer.iter_content(1 << 13):  # what a broken answer loses
                    file.write(block)
        with partial.open("rb") as file:
            if file.read(2) != b"\xff\xd8":
                partial.unlink()
                return 200, "what came is no JPEG"
        partial.replace(path)
        return 200, ""
