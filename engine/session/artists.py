"""Artists by name: resolving names, search, and similar artists."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from engine import defaults
from engine.canonical_keys import (
    SEPARATOR,
    AnySpelling,
    Level,
    artist_key,
    artist_of,
    joined_key,
    nearest,
    relaxed_artist_key,
)
from engine.errors import UnknownNameError
from engine.session.library import Change, Library, Service, synchronized
from engine.store import feedback as store_feedback
from engine.store import history
from engine.store.music_files import artist_of_files
from engine.wording import learned_from

if TYPE_CHECKING:
    from engine.recommend.lists import RelatedList
    from engine.session.models import Models
    from engine.session.searching import Found, OwnNames

# Separators between an artist and a title as people write them.
DASH = re.compile(r"(?<!\s)\s++[-\u2013\u2014]\s+")


class Artists(Service):
    """The artists of the library and of the models' catalogs."""

    def __init__(self, library: Library, models: Models) -> None:
        super().__init__(library)
        self._models = models
        # Valid while the library has the same number of rows.
        self._own_names: tuple[tuple[int, ...], OwnNames] | None = None

    def drop_cache(self, change: Change, /) -> None:
        """Names change with plays; counts may rise without a new listen."""
        if change >= Change.PLAYS:
            self._own_names = None

    @synchronized
    def search(self, text: str, n: int = 20) -> tuple[Found, ...]:
        """Artists and tracks by name, your own first; tolerates typos, excludes what is blocked."""
        from engine.session.searching import own_names, search

        newest = history.newest(self.library.connection)
        if self._own_names is None or self._own_names[0] != newest:
            self._own_names = (newest, own_names(self.library.connection))
        return search(
            text,
            n,
            self._own_names[1],
            self._models.open_if_any(),
            store_feedback.marked(self.library.connection, "block"),
            tracks=self._models.open_if_any("tracks"),
        )

    @synchronized
    def resolve(self, name: str) -> tuple[str, str]:
        """(display name, key) of an artist of the library or the catalog, by exact then relaxed key, else of a music
        file or of a like, hide or block, also of a track of theirs.

        Raises UnknownNameError with the nearest names.
        """
        connection = self.library.connection
        key = artist_key(name)
        own = history.artist_by_key(connection, key)
        if own is not None:
            return own, key
        in_catalog = self._artist_of_catalogs(key) if key else None
        other = history.artist_spelled_like(connection, relaxed_artist_key(name)) if key else None
        if in_catalog is not None and (
            other is None or not self._is_catalogs(artist_key(other), *in_catalog)
        ):
            return in_catalog
        if other is not None:
            return other, artist_key(other)
        if key and (of_files := artist_of_files(connection, key)) is not None:
            return of_files, key
        for mark in store_feedback.all_feedback(connection):
            if is_one(key, artist_key(mark.artist)):
                return mark.artist, artist_key(mark.artist)
        # Suggestions from search, of the community too; more distant names only if it finds nothing.
        found = [hit.artist for hit in self.search(name) if hit.kind == "artist"]
        close = found[:3] or nearest(name, history.artist_names(connection))
        hint = f" Did you mean {', '.join(close)}?" if close else ""
        if not close and not history.counts(connection).artists:
            hint = f" There are no plays yet. {self.library.first_step}"
        raise UnknownNameError(f"No artist “{name}” here.{hint}")

    @synchronized
    def is_known(self, name: str) -> bool:
        """Whether the library or a catalog has an artist of exactly this key."""
        key = artist_key(name)
        own = history.artist_by_key(self.library.connection, key) if key else None
        return own is not None or (bool(key) and self._artist_of_catalogs(key) is not None)

    def _is_catalogs(self, key: str, name: str, catalogs: str) -> bool:
        """Whether the library's artist is in a catalog only under another spelling."""
        return is_one(key, catalogs) and self._artist_of_catalogs(key) == (name, catalogs)

    def _artist_of_catalogs(self, key: str) -> tuple[str, str] | None:
        """(name, key) of an artist in the catalog of artists, or else by their tracks in that of tracks."""
        if (model := self._models.open_if_any()) is not None:
            number = model.catalog.ids_of([key]).get(key)
            if number is not None:
                item = model.catalog.items([number])[number]
                return item.name, item.key
        if (model := self._models.open_if_any("tracks")) is not None:
            for number in model.catalog.ids_of_artist(key)[:1]:
                item = model.catalog.items([number])[number]
                return item.artist, artist_of(item.key)
        return None

    @synchronized
    def key_of(self, name: str, level: Level) -> str:
        """The key of an artist or a track; where items are tracks also of one written as "artist - title".

        Raises UnknownNameError with the nearest names.
        """
        artist, separator, title = name.partition(SEPARATOR)
        if separator:
            return joined_key(self.resolve(artist)[1], title)
        try:
            return self.resolve(name)[1]
        except UnknownNameError:
            # Either name may contain a dash.
            for dash in DASH.finditer(name) if level == "tracks" else ():
                with contextlib.suppress(UnknownNameError):
                    return joined_key(self.resolve(name[: dash.start()])[1], name[dash.end() :])
            raise

    @synchronized
    def related(self, name: str, n: int = defaults.LENGTH) -> RelatedList:
        """The artists nearest to one."""
        from engine.recommend.related import related_artists
        from engine.taste.gate import read_taste

        display, key = self.resolve(name)
        model = self._models.open()
        item = model.catalog.ids_of([key]).get(key)
        if item is None:
            data = learned_from(solo=model.manifest.solo)
            raise UnknownNameError(f"{display} is not in {data}, so it has no similar artists.")
        return related_artists(model, read_taste(self.library.connection), item, n)


def is_one(key: str, other: str) -> bool:
    """Whether two keys are of one item in any spelling; an artist with guests is not the artist alone."""
    return AnySpelling([key]).holds(other) and AnySpelling([other]).holds(key)
