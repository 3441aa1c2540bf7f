"""Where items come from: a STAC API that is searched, or a static catalog that is read once."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from timesen_nb.sources.addresses import plain_address, without_keys
from timesen_nb.sources.grid import BBox, halves
from timesen_nb.sources.public_addresses import check_address
from timesen_nb.sources.retry_policy import (
    NotThere,
    RequestCancelled,
    RequestFailed,
    RetryPolicy,
    Work,
)
from timesen_nb.sources.stac.acquisitions import LeftOut, footprint
from timesen_nb.sources.stac.found import Found, once
from timesen_nb.sources.stac.problems import Explained, explain
from timesen_nb.sources.stac.signing import signer
from timesen_nb.sources.stac.versions import touches

if TYPE_CHECKING:
    from pystac_client import Client
    from pystac_client.stac_api_io import StacApiIO
    from requests import Request

KNOWN = {
    "earth-search": "https://earth-search.aws.element84.com/v1",
    "planetary-computer": "https://planetarycomputer.microsoft.com/api/stac/v1",
}
#: Whose items count where nobody says it. Each of earth-search's two lacks images that the other has (its issues 29, 65
#: and 70).
USUAL = "usual"
_USUAL = {KNOWN["earth-search"]: ("sentinel-2-l2a", "sentinel-2-c1-l2a")}
#: Items a page of a search; a place has 70 to 300 a year. Some servers cannot send more than a few megabytes at once.
_PAGE = 100
_CONNECT = 10.0
#: Share of what is left of the deadline that a search of several collections may take, and then each of them asked
#: for itself: where one hangs, more than half is left to ask the other and to read its files.
_PATIENCE = 0.25


class Catalog:
    """A STAC catalog by name, address or path; opened when it is first asked.

    Args:
        which: One of :data:`KNOWN`, an address, or the path of a catalog.json or its folder. A key in an address
            (``?key=...``, ``user:password@``) goes along with requests to that server, and is nowhere shown or kept.
        collections: Whose items count; None for all, :data:`USUAL` for those that the catalog is known to have.
        attempts: How often a request is sent at most.
        deadline: Seconds that a search may take.

    Raises:
        ValueError: It is none of these, or the catalog needs a package that is not installed.
    """

    def __init__(
        self, which: str | Path, collections: str | Sequence[str] | None, attempts: int, deadline: float
    ) -> None:
        if not isinstance(which, (str, Path)):
            raise _no_catalog(which)
        names = [collections] if isinstance(collections, str) else collections
        if names is not None and not (
            isinstance(names, Collection)
            and len(names)
            and all(isinstance(name, str) and name for name in names)
        ):
            raise ValueError(
                f"collection given: {collections!r}; expected the name of a collection, such as 'sentinel-2-l2a', "
                "several in a list, or None for all."
            )
        given = KNOWN.get(str(which), str(which))
        self.is_local = "://" not in given
        if self.is_local:
            self.address, self.name = _local(Path(which), str(which))
        else:
            self.address = plain_address(check_address(given))
            self.name = str(which) if str(which) in KNOWN else self.address
        if collections == USUAL:
            collections = _USUAL.get(self.address, ("sentinel-2-l2a",))
        self.collections = (
            (collections,) if isinstance(collections, str) else collections and tuple(collections)
        )
        self.sign = signer() if "planetarycomputer.microsoft.com" in self.address else None
        self.policy = RetryPolicy(partial(explain, self.name), attempts, deadline)
        self._server = None if self.is_local else urlsplit(given)
        self._client: Client | None = None
        self._all: Found | None = None

    def search(self, bbox: BBox, year: int, work: Work) -> Found:
        """The items that touch a box, of a year and a day around it; its east may lie beyond 180.

        All collections are asked for at once; where that fails, each for itself in its share of the time. One that
        fails is left out, and said.

        Args:
            bbox: (west, south, east, north) in degrees.
            year: Calendar year.
            work: Under whose deadline and cancel.

        Returns:
            What was found.

        Raises:
            RequestFailed: In words; every collection failed.
            RequestCancelled: Somebody cancelled.
        """
        client = self._open(work)
        if len(parts := halves(bbox)) > 1:
            return once([self.search(part, year, work) for part in parts])
        if client.get_search_link() is None:
            return self._near(bbox, year, work)
        names = self.collections
        if names is None or len(names) < 2:
            return self._search(client, names, bbox, year, work)
        try:
            return self._search(client, names, bbox, year, work.part(_PATIENCE))
        except RequestCancelled:
            raise
        except RequestFailed:
            pass
        return self._one_by_one(client, names, bbox, year, work)

    def all_items(self, work: Work) -> Found:
        """Every item of a static catalog, read once; ValueError where it lists none."""
        client = self._open(work)
        if self._all is None:
            found = Found()
            with Explained(self.name), self._files(work) as files:
                for href in _listed(client, files, found):
                    found.add(*href)
            if not found.items:
                raise ValueError(
                    f"the catalog {self.name} lists no items that can be used{_first(found.left_out)}; expected "
                    'Sentinel-2 L2A items, under links of the kind "item" or in catalogs under links of the kind '
                    '"child". Give the address of another.'
                )
            self._all = found
        return self._all

    def _near(self, bbox: BBox, year: int, work: Work) -> Found:
        found = self.all_items(work)
        near = [
            item
            for item in found.items
            if touches(footprint(item) or bbox, bbox)
            and item.datetime
            and abs(item.datetime.year - year) <= 1
        ]
        return Found(near, found.left_out)

    def _search(
        self, client: Client, names: Sequence[str] | None, bbox: BBox, year: int, work: Work
    ) -> Found:
        from pystac_client import ItemSearch

        found = Found()
        with Explained(self.name), self._files(work) as files:
            search = ItemSearch(
                str(client.get_search_link().get_absolute_href()),  # type: ignore[union-attr]
                stac_io=files,
                client=client,
                collections=None if names is None else list(names),
                bbox=bbox,
                datetime=f"{year - 1}-12-31/{year + 1}-01-01",
                limit=_PAGE,
            )
            for raw in search.items_as_dicts():
                found.add(raw)
        return found

    def _one_by_one(self, client: Client, names: Sequence[str], bbox: BBox, year: int, work: Work) -> Found:
        found, failed = Found(), []
        for name in names:
            try:
                part = self._search(client, [name], bbox, year, work.part(_PATIENCE))
            except RequestCancelled:
                raise
            except RequestFailed as problem:
                failed.append(problem)
                found.leave_out(f"the collection {name}", str(problem))
            else:
                found.items += part.items
                found.left_out += part.left_out
        if len(failed) == len(names):
            raise failed[0]
        found.lasting = not failed
        return found

    def check(self, work: Work) -> None:
        """Whether it answers; ValueError in words where it does not."""
        self._open(work)

    def _open(self, work: Work) -> Client:
        from pystac_client import Client

        if self._client is None:
            with warnings.catch_warnings(), Explained(self.name), self._files(work) as files:
                # pystac_client warns of static catalogs, which are known here
                warnings.simplefilter("ignore")
                # open() sets both anew on the reader that it is given
                again: dict[str, Any] = {"request_modifier": self._with_key, "timeout": files.timeout}
                self._client = Client.open(self.address, stac_io=files, **again)
        return self._client

    @contextmanager
    def _files(self, work: Work) -> Iterator[StacApiIO]:
        """pystac-client's reader, whose every request is one of ``work``: pages too end with it."""
        from pystac_client.stac_api_io import StacApiIO

        class Pages(StacApiIO):
            def request(self, *args: Any, **kwargs: Any) -> str:
                ask = super().request
                return work.send(lambda: ask(*args, **kwargs))

        timeout = (min(_CONNECT, work.seconds), max(work.seconds, 0.001))
        files = Pages(timeout=timeout, max_retries=None, request_modifier=self._with_key)
        # pystac-client keeps an error's text only; so its cause keeps the answer, which may say how long to wait
        files.session.hooks["response"].append(lambda answer, *_, **__: answer.raise_for_status())
        with files.session:
            yield files

    def _with_key(self, request: Request) -> Request:
        """The key of the catalog's address goes to its own server, and to no other."""
        there, here = urlsplit(str(request.url or "")), self._server
        if here is None or (there.scheme, there.hostname, there.port) != (
            here.scheme,
            here.hostname,
            here.port,
        ):
            return request
        given: dict[str, Any] = dict(request.params) if request.params else {}  # type: ignore[arg-type]
        key, known = dict(parse_qsl(here.query)), dict(parse_qsl(there.query))
        request.params = {**{k: v for k, v in key.items() if k not in known}, **given}
        if here.username:
            request.auth = (unquote(here.username), unquote(here.password or ""))
        return request


def _listed(client: Client, files: StacApiIO, found: Found) -> Iterator[tuple[dict[str, Any], str]]:
    """The items of a static catalog and of those under it, as JSON, and where each lies; what is broken is said."""
    from pystac.utils import make_absolute_href

    start = str(client.get_self_href())
    open_ones, seen = [("child", start)], set()
    while open_ones:
        kind, href = open_ones.pop()
        if href in seen:
            continue
        seen.add(href)
        try:
            raw = json.loads(files.read_text(href))
            links = [
                (link["rel"], make_absolute_href(str(link["href"]), href)) for link in raw.get("links") or ()
            ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            if isinstance(problem, RequestFailed) and (href == start or not isinstance(problem, NotThere)):
                raise
            why = problem if isinstance(problem, NotThere) else type(problem).__name__
            found.leave_out(Path(plain_address(href)).name, f"it cannot be read: {why}")
            continue
        if kind == "item":
            yield raw, href
        else:
            open_ones += [link for link in reversed(links) if link[0] in ("item", "child")]


def _first(left_out: Sequence[LeftOut]) -> str:
    return f" ({left_out[0]['what']}: {left_out[0]['why']})" if left_out else ""


def _local(path: Path, given: str) -> tuple[str, str]:
    file = path / "catalog.json" if path.is_dir() else path
    if not file.is_file():
        raise _no_catalog(without_keys(given))
    return str(file.resolve()), file.resolve().parent.name


def _no_catalog(given: object) -> ValueError:
    return ValueError(
        f"catalog given: {given!r}; expected one of {', '.join(KNOWN)}, the address of a STAC catalog (https://...), "
        "or the path of a catalog.json."
    )
