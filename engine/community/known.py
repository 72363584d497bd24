"""Which recordings and artists the packs know by MusicBrainz id, and which recordings the library does.

What is stored for packs is the same for everybody, and reveals nothing of the person; what is stored for the library
names their tracks, and is deleted when anything is forgotten.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from uuid import UUID

from engine.canonical_keys import Level
from engine.community.catalog import CatalogItem
from engine.community.pack import MBIDS_FILE, Pack
from engine.paths import Folders

_AT_A_TIME = 10_000


# Last.fm's ids may be of a track on one release: those are of no recording, and find nothing.
_OWN = """
SELECT DISTINCT value, artists.name, title FROM track_ids
JOIN tracks ON tracks.id = track_id JOIN artists ON artists.id = artist_id
WHERE scheme IN ('mb_recording', 'lastfm_mbid') ORDER BY value, artists.name, title
"""


@dataclass
class KnownRecordings:
    """`number` of a recording by its id as text, and by that its (artist, title): `public` of packs, then one's own."""

    number: dict[bytes, int] = field(default_factory=dict)
    names: list[tuple[str, str]] = field(default_factory=list)
    public: int = 0

    def add(self, mbid: str, artist: str, title: str) -> None:
        """Take one down, where its id is not known already."""
        key = mbid.encode()
        if key not in self.number:
            self.number[key] = len(self.names)
            self.names.append((artist, title))


def known_recordings(folders: Folders, library: sqlite3.Connection | None) -> KnownRecordings:
    """Those of the packs of tracks, the ones with the most listeners first, then those the library alone knows."""
    found = KnownRecordings()
    for item, mbid in _items(folders, "tracks"):
        found.add(mbid, item.artist, item.track or "")
    found.public = len(found.names)
    for value, artist, title in library.execute(_OWN) if library is not None else ():
        found.add(str(value).strip().lower(), str(artist), str(title))
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
