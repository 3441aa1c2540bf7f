"""Addresses as they may be shown and kept: keys, tokens and passwords in them are nobody else's."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_WITH_KEY = re.compile(r"(?<=://)[^\s/]*@|\b[^\s/@:'\"]+:[^\s/@'\"]+@")
_QUERY = re.compile(r"([?#])[^\s'\"<>?]*=[^\s'\"<>)]*")


def plain_address(address: str) -> str:
    """An address without user, password, query and fragment."""
    split = urlsplit(address)
    return urlunsplit((split.scheme, split.netloc.rpartition("@")[2], split.path, "", ""))


def without_keys(text: str) -> str:
    """A text whose addresses have lost users and passwords, and whatever follows ``?`` or ``#``: there tokens stand."""
    return _QUERY.sub(r"\1...", _WITH_KEY.sub("", text))
