"""Who asks Earth Engine, and on which project's account. Keys and tokens are handed on, never shown or kept."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from timesen_nb.sources.addresses import without_keys
from timesen_nb.sources.earth_engine import calls
from timesen_nb.sources.earth_engine.errors import NO_PROJECT
from timesen_nb.sources.retry_policy import RequestFailed, RetryPolicy

#: Environment variables and Colab secrets that name the project, the first that is set counts.
PROJECT_NAMES = ("EE_PROJECT", "GOOGLE_CLOUD_PROJECT")
#: Environment variable or Colab secret with a service account's key: the path of its file, or its JSON.
KEY_NAME = "EE_SERVICE_ACCOUNT_KEY"

Key = str | Path | Mapping[str, Any]


def open_session(requests: RetryPolicy, project: str | None, key: Key | None, url: str | None) -> str:
    """Make sure that the ``ee`` client is initialised. A session that is initialised already is used as it is.

    Args:
        requests: sends what is asked.
        project: a Google Cloud project; None: what the environment or the account says.
        key: of a service account, a path or JSON; None: what the environment says, or your own account.
        url: another endpoint than the standard one.

    Returns:
        The project it works on.

    Raises:
        ValueError: in words: no credentials, no project, a key that cannot be read, a project that is refused, or a
            project or url that differs from that of the session.
    """
    import ee

    if ee.data.is_initialized():
        return _session_as_it_is(project, key, url)
    credentials, of_key = _service_account(key if key is not None else _setting(KEY_NAME))
    name = project or next(filter(None, map(_setting, PROJECT_NAMES)), None) or of_key
    if credentials is not None and name is None:
        raise ValueError(NO_PROJECT)

    def initialize() -> None:
        ee.Initialize(**({} if credentials is None else {"credentials": credentials}), url=url, project=name)

    try:
        requests.send(initialize)
    except RequestFailed:
        ee.Reset()  # the client counts as initialised from its first step on
        raise
    return calls.project()


def _session_as_it_is(project: str | None, key: Key | None, url: str | None) -> str:
    current = calls.project()
    if key is not None:
        raise ValueError(
            "a key was given, but Earth Engine is initialised already and works with its own credentials. Leave key= "
            "out to use that session, or call ee.Reset() first."
        )
    if project is not None and project != current:
        raise ValueError(
            f"project given: {project!r}; Earth Engine is initialised already, with project {current!r}. Leave "
            "project= out to use that session, or call ee.Reset() first."
        )
    if url is not None and url.rstrip("/") != (asked := calls.endpoint().rstrip("/")):
        raise ValueError(
            f"url given: {without_keys(url)!r}; Earth Engine is initialised already, and asks {asked}. Leave url= out "
            "to use that session, or call ee.Reset() first."
        )
    return current


def _setting(name: str) -> str | None:
    """An environment variable, or a secret of Colab's with that name."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    try:
        from google.colab import userdata
    except ImportError:
        return None
    try:
        return (userdata.get(name) or "").strip() or None
    except (userdata.SecretNotFoundError, userdata.NotebookAccessError):
        return None


def _service_account(key: Key | None) -> tuple[Any, str | None]:
    """Credentials of a service account. What is given is never repeated in an error: it may be the key itself.

    Args:
        key: a path, JSON, or its content; None for none.

    Returns:
        The credentials and the project; None and None where there is no key.

    Raises:
        ValueError: the key cannot be read, or is not complete.
    """
    if key is None:
        return None, None
    import ee
    from google.oauth2.service_account import Credentials

    info = _read_key(key)
    try:
        credentials = Credentials.from_service_account_info(info, scopes=ee.oauth.SCOPES)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            "the service account's key is not complete; expected the JSON that Google Cloud makes under IAM, Service "
            "Accounts, Keys, with client_email, private_key and token_uri. Download a new one."
        ) from None
    return credentials, info.get("project_id")


def _read_key(key: Key) -> Mapping[str, Any]:
    if isinstance(key, Mapping):
        return key
    text = str(key)
    if not text.lstrip().startswith("{"):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise ValueError(
                "the service account's key is neither JSON nor a file that can be read (it is not shown here). Give "
                "the path of the key file, or its whole content."
            ) from None
    try:
        info = json.loads(text)
    except ValueError:
        info = None
    if not isinstance(info, Mapping):
        raise ValueError(
            "the service account's key is not valid JSON (it is not shown here). Download it from Google Cloud again, "
            "and give the path of the file."
        ) from None
    return info
