"""Photos from their addresses to files: several at once, with retries, and going on where a run was stopped."""

from __future__ import annotations

import hashlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import requests

from timesen_nb.sources.retry_policy import PASSING_ANSWERS, Problem, RequestFailed, RetryPolicy, retry_after

#: So many photos in a row without any answer, and the server counts as out of reach.
OUT_OF_REACH = 20
LONGEST_WAIT = 60.0
#: A JPEG begins and ends so; cameras may write some bytes of their own behind its end.
_START, _END, _BEHIND = b"\xff\xd8", b"\xff\xd9", 1024


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
    """Fetch photos into a folder, laid out as on their servers; what is there already is not fetched again.

    Args:
        photos: Addresses of any shape, "" = no photo, such as :attr:`PlaceDataset.photos`.
        folder: Where ``https://server/a/b.jpg`` becomes ``server/a/b.jpg``.
        workers: Photos that are fetched at the same time.
        attempts: Requests a photo at most; a photo that was cut off goes on where it stopped.
        wait: Seconds before the second request for a photo, doubled each time; what the server asks for
            (``Retry-After``) goes before.
        timeout: Seconds that a server may stay silent.
        progress: Show a bar.

    Returns:
        Files in the shape of ``photos``, "" where there is none; and a dictionary of the addresses without a photo,
        each with the reason.

    Raises:
        ConnectionError: The server is out of reach. What has arrived stays, the same call goes on.
        OSError: The folder cannot be written.
    """
    from tqdm.auto import tqdm

    addresses = np.asarray(photos, dtype=str)
    wanted = [a for a in dict.fromkeys(addresses.reshape(-1).tolist()) if a]
    fetch = _Fetch(Path(folder).expanduser(), attempts, wait, timeout)
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
            fetch.policy.cancel()
            pool.shutdown(cancel_futures=True)
            fetch.close()
    files = {a: str(photo_file(fetch.folder, a)) for a in wanted if a not in reasons}
    out = [files.get(a, "") for a in addresses.reshape(-1).tolist()]
    return np.array(out, dtype=str).reshape(addresses.shape), reasons


def photo_file(folder: Path, address: str) -> Path:
    """Where the photo of an address goes: no two addresses share a file.

    Args:
        folder: of all photos.
        address: of one.

    Returns:
        Its file in the folder.

    Raises:
        ValueError: it is no address of a web server.
    """
    split = urlsplit(address)
    host = split.hostname or ""
    if split.scheme not in ("http", "https") or not host.strip("."):
        raise ValueError("expected an address that begins with http:// or https:// and a server's name")
    server = host + (f"_{split.port}" if split.port else "")
    given = [part for part in split.path.split("/") if part]
    parts = [re.sub(r"[^\w.\-]", "_", part)[:100] for part in given if part not in (".", "..")] or ["photo"]
    if parts != given or split.query or parts[-1].endswith(".part"):
        # what the names alone do not tell apart
        name = Path(parts[-1])
        parts[-1] = f"{name.stem}-{hashlib.sha256(address.encode()).hexdigest()[:12]}{name.suffix}"
        parts[-1] = parts[-1].replace(".part", "")
    return folder.joinpath(re.sub(r"[^\w.\-]", "_", server), *parts)


class _Answer(Exception):
    """An answer that is no photo: why, and what it means for the next attempt."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.words)
        self.problem = problem


class _Fetch:
    """Fetches one photo after another, from any thread."""

    def __init__(self, folder: Path, attempts: int, wait: float, timeout: float) -> None:
        self.folder, self.timeout = folder, timeout
        most = attempts * (timeout + LONGEST_WAIT)
        self.policy = RetryPolicy(self._explain, attempts, most, wait, LONGEST_WAIT, threads=False)
        self.unanswered = 0
        self._own = threading.local()
        self._sessions: list[requests.Session] = []

    def close(self) -> None:
        """Let go of the connections of all threads."""
        for session in self._sessions:
            session.close()

    def __call__(self, address: str) -> str:
        """Fetch a photo; "" when it is there, else the reason why not."""
        try:
            path = photo_file(self.folder, address)
        except ValueError as problem:
            return f"this is no address of a photo: {problem}"
        if path.is_file():
            return ""
        if self.unanswered >= OUT_OF_REACH:
            raise ConnectionError(
                f"{urlsplit(address).netloc.rpartition('@')[2]} does not answer. What has arrived is kept; check the "
                "connection and call this again, it goes on."
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            return "another photo lies where the folder of this one should be"
        try:
            self.policy.send(lambda: self._attempt(address, path))
        except RequestFailed as problem:
            self.unanswered = self.unanswered + 1 if str(problem).startswith(_NO_ANSWER) else 0
            return str(problem)
        self.unanswered = 0
        return ""

    def _attempt(self, address: str, path: Path) -> None:
        """One request; raises where there is no whole photo after it."""
        partial = path.with_name(path.name + ".part")
        have = partial.stat().st_size if partial.is_file() else 0
        # as it is: a part of what is packed would be of no use
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
            self._sessions.append(self._own.session)
        with self._own.session.get(address, headers=headers, stream=True, timeout=self.timeout) as answer:
            status, where = answer.status_code, answer.headers.get("Content-Range", "")
            if status == 416:
                partial.unlink(missing_ok=True)
                if where.endswith(f"/{have}"):
                    raise _Answer(Problem("The photo on the server stops before its end."))
                raise _Answer(
                    Problem("The server answered 416 to a part that it does not have.", passing=True)
                )
            if not answer.ok:
                again = retry_after(answer.headers.get("Retry-After"))
                words = f"The server answered {status} {answer.reason}."
                raise _Answer(Problem(words, status in PASSING_ANSWERS, again))
            first = re.match(r"bytes (\d+)-", where)
            start = 0 if status != 206 else int(first[1]) if first else -1
            if start not in (0, have):
                partial.unlink(missing_ok=True)
                raise _Answer(Problem("The server sent another part than it was asked for.", passing=True))
            with partial.open("ab" if start else "wb") as file:
                for block in answer.iter_content(1 << 13):  # what a broken answer loses
                    file.write(block)
        with partial.open("rb") as file:
            begins = file.read(2) == _START
            file.seek(max(file.seek(0, 2) - _BEHIND, 0))
            ends = _END in file.read()
        if not begins:
            partial.unlink()
            raise _Answer(Problem("What came is no JPEG."))
        if not ends:
            raise _Answer(Problem("The photo was cut off.", passing=True))
        partial.replace(path)

    def _explain(self, error: BaseException) -> Problem:
        if isinstance(error, _Answer):
            return error.problem
        if isinstance(
            error, (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
        ):
            return Problem(f"{_NO_ANSWER}: {type(error).__name__}.", passing=True)
        if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
            raise OSError(f"photos cannot be written to {self.folder}: {error}") from error
        return Problem(f"The server's answer cannot be read, or nobody can be asked: {type(error).__name__}.")


_NO_ANSWER = "No whole answer came"
