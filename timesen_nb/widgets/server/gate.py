"""Who is let in: requests that this machine's own browser meant to send here.

Any page of the web can send requests to 127.0.0.1, and can give its own name that address. So a server without a
token answers only to a Host header that names this machine, and no request that another site made is answered.
"""

from __future__ import annotations

from html import escape
from typing import Any

from tornado.httputil import HTTPServerRequest, split_host_and_port
from tornado.routing import Matcher, Rule
from tornado.web import RequestHandler

THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


class Gate(Rule):
    """The first rule of the server: it catches what is not let in.

    Args:
        check_host: whether the Host header must name this machine; a token stands in for that.
    """

    def __init__(self, check_host: bool) -> None:
        super().__init__(_NotLetIn(check_host), _Refused)


class _NotLetIn(Matcher):
    def __init__(self, check_host: bool) -> None:
        self._check_host = check_host

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        why = self._why(request)
        return None if why is None else {"target_kwargs": {"why": why}}

    def _why(self, request: HTTPServerRequest) -> str | None:
        headers = request.headers
        if self._check_host and not _names_this_machine(headers.get("Host", "")):
            return "host"
        if "prefetch" in headers.get("Sec-Purpose", ""):
            return "prefetch"  # nobody may ever look at it
        if headers.get("Sec-Fetch-Site", "none") not in ("cross-site", "same-site"):
            return None
        followed = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
        if not followed:
            return "site"
        return "link" if self._check_host else None


class _Refused(RequestHandler):
    """403 in words; a link of another site that a person followed gets a page with a button in place of a kernel."""

    def initialize(self, why: str) -> None:
        self._why = why

    def prepare(self) -> None:
        if self._why == "link" and self.request.method == "GET":
            self.finish(
                "<!DOCTYPE html><meta charset=utf-8><title>Click map</title><p>Another site sent you here. "
                f'<a href="?{escape(self.request.query)}">Open the click map</a>'
            )
            return
        self.set_status(403)
        self.finish(
            {
                "host": "This map answers on this machine only: open the address that it printed when it started.\n",
                "site": "Another site asked for this; it is not answered.\n",
                "prefetch": "Nothing is fetched before somebody asks for it.\n",
                "link": "Another site sent you here; it is not answered.\n",
            }[self._why]
        )


def _names_this_machine(host: str) -> bool:
    try:
        return split_host_and_port(host.lower())[0] in THIS_MACHINE
    except ValueError:  # a port that is no number
        return False
