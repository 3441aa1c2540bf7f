"""What goes wrong with a catalog and its files, in words that say what to do."""

from __future__ import annotations

import re

from timesen_nb.sources.addresses import without_keys
from timesen_nb.sources.retry_policy import PASSING_ANSWERS, Problem, RequestFailed, retry_after

_ABSENT = (403, 404, 410)
_KEYS_OF_S3 = re.compile(r"AWS_SECRET_ACCESS_KEY|AWS_NO_SIGN_REQUEST|InvalidCredentials|/vsis3/|s3://", re.I)


def explain(name: str, error: BaseException) -> Problem:
    """What a failed request, or a file that cannot be read, of the catalog of that name means for the user."""
    from pystac import STACError
    from pystac_client.exceptions import APIError
    from rasterio.errors import RasterioError
    from requests.exceptions import ConnectionError as Unreachable
    from requests.exceptions import HTTPError, RequestException, Timeout

    said = without_keys(str(error))
    if isinstance(error, APIError):  # it wraps what requests raised
        return explain(name, error.__cause__ or error.__context__ or OSError(said))
    if isinstance(error, HTTPError) and error.response is not None:
        status, words = error.response.status_code, _in_short(error.response.text)
        wait = retry_after(error.response.headers.get("Retry-After"))
        said = f"{name} answered with the error {status}: {words}"
        return Problem(said, status in PASSING_ANSWERS, wait, absent=status in _ABSENT)
    if isinstance(error, Timeout):
        return Problem(f"{name} did not answer in time.", passing=True)
    if isinstance(error, Unreachable) and not re.search("reset|aborted|disconnect", said, re.IGNORECASE):
        return Problem(
            f"{name} cannot be reached: there is no network, or a proxy or firewall is in the way. "
            'Places that were read before are still there; open_source("sample") works offline.'
        )
    if isinstance(error, RequestException):
        return Problem(f"The connection to {name} broke off.", passing=True)
    if isinstance(error, RasterioError) and _KEYS_OF_S3.search(said):
        return Problem(
            f"The files of {name} lie in a store (s3://) that wants keys, and none are known here or they "
            f"are refused: {said}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_S3_ENDPOINT where it "
            "is not Amazon's) in the environment, or choose a catalog whose files are open, such as "
            '"earth-search".'
        )
    if isinstance(error, RasterioError) and re.search("HTTP response code: 40[13]", said):
        return Problem(
            f"A file of {name} is not given out to everybody: {said}. It wants a key, or an address that is "
            'signed. Choose a catalog whose files are open, as "earth-search" has them.'
        )
    if isinstance(error, RasterioError):
        return Problem(
            f"A file of {name} cannot be read: {said}. Try again later; where it stays so the file is "
            "damaged: choose another catalog or year."
        )
    if isinstance(error, STACError):
        return Problem(
            f"{name} is no STAC catalog that can be read: {said}. Give the address of a STAC API, or of a "
            "catalog.json."
        )
    return Problem(f"{name} cannot be read: {said} ({type(error).__name__}).")


class Explained:
    """Whatever is raised within becomes a RequestFailed in the catalog's words."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, where: object) -> None:
        cause: BaseException | None = error if isinstance(error, Exception) else None
        while cause is not None and not isinstance(cause, RequestFailed):
            cause = cause.__cause__ or cause.__context__
        if cause is not None:
            raise cause from None
        if isinstance(error, Exception):
            raise RequestFailed(explain(self.name, error).words) from None


def _in_short(text: str) -> str:
    """What a server says, in a line, without markup and keys."""
    plain = " ".join(without_keys(re.sub(r"<[^>]*>", " ", text)).split())
    return plain if len(plain) <= 300 else plain[:300] + "..."
