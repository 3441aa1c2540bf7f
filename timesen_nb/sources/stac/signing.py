"""Addresses that a catalog's store wants signed."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit


def signer() -> Callable[[str], str]:
    """What signs an address of planetary-computer; ValueError where its package is not installed."""
    try:
        import planetary_computer  # noqa: F401
    except ImportError:
        raise ValueError(
            "the catalog planetary-computer signs its files with the package planetary-computer, which is not "
            'installed. Install it: pip install "timesen_nb[planetary-computer]". No account is needed.'
        ) from None
    return _sign


def _sign(href: str) -> str:
    from planetary_computer import sign_url
    from planetary_computer.sas import get_token

    where = urlsplit(href)
    if where.netloc.endswith(".blob.core.windows.net"):
        # asked for here first, because sign_url goes on for minutes where there is no network
        get_token(where.netloc.partition(".")[0], where.path.split("/")[1], retry_total=2)
    return sign_url(href)
