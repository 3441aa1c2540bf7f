"""What a search of a catalog found: items that can be used, and what cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from timesen_nb.sources.addresses import without_keys
from timesen_nb.sources.stac.acquisitions import LeftOut

if TYPE_CHECKING:
    from pystac import Item


@dataclass
class Found:
    """What a search found.

    Attributes:
        items: Each with a date.
        left_out: What cannot be used, and why.
        lasting: False where a search of one of the collections failed, and may not fail another time.
    """

    items: list[Item] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    lasting: bool = True

    def add(self, raw: dict[str, Any], href: str | None = None) -> None:
        """Read an item as JSON has it."""
        from pystac import Item

        said = raw.get("properties") or {}
        said["datetime"] = said.get("datetime") or said.get("start_datetime")
        if said["datetime"] is None:
            return self.leave_out(raw.get("id"), "it has no date")
        try:
            self.items.append(Item.from_dict(raw, href=href, preserve_dict=False))
        except Exception as problem:  # noqa: BLE001 - one odd item is no reason to lose the others
            self.leave_out(
                raw.get("id"), f"it cannot be read as a STAC item: {type(problem).__name__} {problem}"
            )
        return None

    def leave_out(self, what: object, why: str) -> None:
        """Say that something cannot be used."""
        self.left_out.append({"what": str(what), "why": without_keys(why)})


def once(parts: Sequence[Found]) -> Found:
    """What several searches found, each item once."""
    items = {(item.collection_id, item.id): item for part in parts for item in part.items}
    left_out = [left for part in parts for left in part.left_out]
    once = [left for n, left in enumerate(left_out) if left not in left_out[:n]]
    return Found(list(items.values()), once, all(part.lasting for part in parts))
