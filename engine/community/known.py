"""Which recordings and artists the packs know by MusicBrainz id.

Packs alone are asked: what is kept for them is the same for everybody who has them, and tells nothing of the person.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from uuid import UUID

from engine.canonical_keys import Level
from engine.community.catalog import CatalogItem
from engine.community.pack import MBIDS_FILE, Pack
from engine.paths import Folders

_AT_A_TIME = 10_000


@dataclass
class KnownRecordings:
    """`number` of a recording by its id as text, and by that its (artist, title)."""

    number: dict[bytes, int] = field(default_factory=dict)
    names: list[tuple[str, str]] = field(default_factory=list)


def known_recordings(folders: Folders) -> KnownRecordings:
    """Those of the packs of tracks, the ones with the most listeners first."""
    found = KnownRecordings()
    for item, mbid in _items(folders, "tracks"):
        if mbid.encode() not in found.number:
            found.number[mbid.encode()] = len(found.names)
            found.names.append((item.artist, item.track or ""))
    return found


def known_artists(folders: Folders) -> dict[str, str]:
    """The keys of those of the packs of artists, by id: of several of one name that with the most listeners."""
    found: dict[str, str] = {}
    for item, mbid in _items(folders, "artists"):
        found.setdefault(item.key, mbid)
    return {mbid: key for key, mbid in found.items()}


def _items(folders: Folders, level: Level) -> Iterator[tuple[CatalogItem, str]]:
    """The items of the packs of a level that have an id, those of a pack by falling listeners, and their ids."""
    for file in sorted(folders.packs.glob(f"[!.]*/{MBIDS_FILE}")):
        pack = Pack(file.parent)
        mbids = pack.mbids()
        if mbids is None or pack.manifest.level != level:
            continue
        with closing(pack.catalog()) as catalog:
            order = catalog.ids_by_listeners()
            for start in range(0, len(order), _AT_A_TIME):
                ids = order[start : start + _AT_A_TIME]
                items = catalog.items(ids)
                for number in ids:
                    if mbids[number].any():
                        yield items[number], str(UUID(bytes=mbids[number].tobytes()))
