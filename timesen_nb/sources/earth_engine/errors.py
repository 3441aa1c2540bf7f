"""What goes wrong with Earth Engine, in words with the cure; nothing secret passes through here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from timesen_nb.sources.retry_policy import Problem, retry_after

#: What needs no account.
INSTEAD = 'Without an account, open_source("stac") and open_source("sample") work.'
NO_ACCOUNT = (
    "Earth Engine does not know who you are: no valid credentials are on this machine. Run "
    "`import ee; ee.Authenticate()` once in a notebook cell (or `earthengine authenticate` in a terminal), or give a "
    f"service account's key file as key=. {INSTEAD}"
)
NO_PROJECT = (
    'Earth Engine needs a Google Cloud project of yours. Give open_source("earthengine", project="my-project"), or '
    "set EE_PROJECT in the environment or in Colab's secrets (with notebook access). Projects are made and registered "
    f"at https://code.earthengine.google.com/register, free for study and research. {INSTEAD}"
)
_TIMED_OUT = "Earth Engine did not answer in time."

#: Tokens, API keys, private keys: whatever a server or library might repeat.
_SECRETS = re.compile(
    r"-----BEGIN[^-]*-----.*?(-----END[^-]*-----|\Z)"
    r"|ya29\.[\w.\-]+|\beyJ[\w\-]+\.[\w\-]+\.[\w\-]+|AIza[\w\-]{10,}|\b1//[\w\-]{10,}"
    r"|(?i:bearer\s+\S+)|(?i:(?<=key=)[^&\s\"']+)|(?i:(?<=token=)[^&\s\"']+)",
    re.DOTALL,
)
#: 429 stands for "too fast", which passes, and for a used up quota, which does not until it is given anew.
_QUOTA = re.compile(r"per day|per month|daily|monthly|eecu|compute quota|quota.*exhausted", re.IGNORECASE)
_PASSES = re.compile(r"per (minute|second)", re.IGNORECASE)
_TOO_MUCH = re.compile(
    r"memory limit|computation timed out|total request size|too many pixels|payload size|too large",
    re.IGNORECASE,
)


class OddAnswer(ValueError):
    """An answer that is not what was asked for; in words."""


@contextmanager
def expected(what: str) -> Iterator[None]:
    """Reading an answer: whatever it lacks makes it an :class:`OddAnswer`."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, EOFError, OSError) as problem:
        raise OddAnswer(f"expected {what}; {type(problem).__name__} while it was read") from None


def without_secrets(text: str) -> str:
    """The text with tokens and keys cut out, in one line of sensible length."""
    clean = " ".join(_SECRETS.sub("(secret)", text).split())
    return clean if len(clean) <= 400 else clean[:400] + "..."


def explain(error: BaseException) -> Problem:
    """What an exception of Earth Engine's client, or of what it stands on, means for the user."""
    from google.auth import exceptions as auth
    from googleapiclient.errors import HttpError

    if isinstance(error, OddAnswer):
        words = f"Earth Engine's answer is of another kind than was asked for: {error}. Where it stays so, report it."
        return Problem(words, passing=True)
    answered = _http_error(error, HttpError)
    if answered is not None:
        return _explain_answer(answered)
    if isinstance(error, auth.TransportError):
        return _UNREACHABLE
    if isinstance(error, auth.GoogleAuthError):
        return Problem(NO_ACCOUNT)
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return Problem(f"{_TIMED_OUT} It may be busy, or the network slow.", passing=True)
    said = without_secrets(str(error))
    if "authorize access" in said or "earthengine authenticate" in said:
        return Problem(NO_ACCOUNT)
    if "no project found" in said:
        return Problem(NO_PROJECT)
    if "not initialized" in said:
        return Problem('The Earth Engine session was closed. Open it again: open_source("earthengine").')
    if isinstance(error, OSError) or "ServerNotFound" in type(error).__name__:
        # A connection that broke off is as good as a time-out; one that never came about is not.
        broken = isinstance(error, (ConnectionAbortedError, ConnectionResetError, BrokenPipeError)) or any(
            words in said for words in ("aborted", "RemoteDisconnected", "reset by peer", "Connection broken")
        )
        return Problem("The connection to Earth Engine broke off.", passing=True) if broken else _UNREACHABLE
    return Problem(f"Earth Engine cannot be asked: {said} ({type(error).__name__}).")


_UNREACHABLE = Problem(
    "Earth Engine cannot be reached: there is no network, or a proxy or firewall is in the way. Places that were "
    'fetched before are still there; open_source("sample") works offline.'
)


def _http_error(error: BaseException | None, kind: type) -> Any:
    """The server's answer behind an exception: the client wraps it."""
    seen = 0
    while error is not None and seen < 5:
        if isinstance(error, kind):
            return error
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None


def _explain_answer(error: Any) -> Problem:
    status = int(error.resp.status)
    message, reason = _said(error.content, str(getattr(error, "reason", "")))
    said = f'Earth Engine said: "{without_secrets(message)}"'
    if _TOO_MUCH.search(message) or status == 413:
        return Problem(f"{said}. Ask for a smaller area or fewer places at once.", too_much=True)
    if status == 429 or (status == 403 and "RATE_LIMIT" in reason.upper().replace("RATELIMIT", "RATE_LIMIT")):
        if _QUOTA.search(message) and not _PASSES.search(message):
            return Problem(
                f"The compute quota of your Earth Engine project is used up. {said}. It comes back with the next "
                f"period; https://code.earthengine.google.com shows what is left. {INSTEAD}"
            )
        return Problem(
            f"Earth Engine was asked too often at once. {said}.", passing=True, wait=_retry_after(error)
        )
    if status >= 500:
        return Problem(f"Earth Engine has a fault of its own ({status}). {said}.", True, _retry_after(error))
    if status == 401:
        return Problem(NO_ACCOUNT)
    if status in (403, 404):
        return Problem(f"{_refused(message, reason)} {said}.")
    return Problem(
        f"Earth Engine refused the request ({status}). {said}. This is likely a fault of timesen_nb or a change "
        "at Earth Engine: please report it with these words."
    )


def _refused(message: str, reason: str) -> str:
    """The cure of a 403 or 404."""
    text = f"{message} {reason}".lower()
    if "has not been used in project" in text or "service_disabled" in text or "is disabled" in text:
        return (
            "The Earth Engine API is off in your project. Turn it on at "
            "https://console.cloud.google.com/apis/library/earthengine.googleapis.com and wait a few minutes."
        )
    if "not registered" in text or "not signed up" in text:
        return (
            "Your project is not registered for Earth Engine. Register it (free for study and research) at "
            "https://code.earthengine.google.com/register."
        )
    if "to use project" in text or "user_project_denied" in text or "project" in text:
        return (
            "Your account may not use this project. Check the project's ID (not its name) given as project= or "
            "EE_PROJECT, or ask its owner for the roles Service Usage Consumer and Earth Engine Resource Viewer."
        )
    return (
        "Your account may not do this on Earth Engine. Check project= and the account you are signed in with "
        "(`ee.Authenticate(force=True)` changes it)."
    )


def _said(content: bytes | str, otherwise: str) -> tuple[str, str]:
    """Message and reasons of an answer in Google's form, or its plain text."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
    try:
        error = json.loads(text)["error"]
        details = error.get("details") or error.get("errors") or []
        reasons = [str(d.get("reason", "")) for d in details if isinstance(d, dict)]
        return str(error.get("message", otherwise)), " ".join([*reasons, str(error.get("status", ""))])
    except (ValueError, KeyError, TypeError, AttributeError):
        return (otherwise or re.sub(r"<[^>]*>", " ", text)).strip() or "nothing", ""


def _retry_after(error: Any) -> float | None:
    return retry_after(error.resp.get("retry-after"))
