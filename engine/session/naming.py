"""Names in a library and its models: who is meant, what is found by a name, and what the person thinks of it."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from engine.errors import UnknownNameError, UsageError
from engine.names import (
    SEPARATOR,
    AnySpelling,
    Level,
    artist_key,
    artist_of,
    joined_key,
    key_at,
    nearest,
    relaxed_artist_key,
    track_key,
)
from engine.paths import Folders
from engine.session.library import Library, alone
from engine.store import feedback as store_feedback
from engine.store import history
from engine.store.feedback import VERDICTS

if TYPE_CHECKING:
    from engine.session.searching import Found, OwnNames
    from engine.store.feedback import Feedback
    from engine.training.artifact import Model


class Naming(Library):
    """A library with the models over it, opened when first asked for."""

    def __init__(self, folders: Folders, *, private: bool = False) -> None:
        super().__init__(folders, private=private)
        self._models: dict[Level, Model] = {}
        # Kept while the library holds as much as when they were read.
        self._own_names: tuple[tuple[int, ...], OwnNames] | None = None

    @alone
    def reload(self) -> None:
        """Forget what was computed: the library or the model changed, here or in a child process."""
        self._forget()
        self._own_names = None
        for model in self._models.values():
            model.close()
        self._models.clear()

    def _forget(self) -> None:
        """The library changed: what was worked out of it is no longer so."""

    @alone
    def search(self, text: str, n: int = 20) -> tuple[Found, ...]:
        """Artists and tracks by name, your own first; typos are forgiven, what is blocked stays out."""
        from engine.session.searching import own_names, search

        newest = history.newest(self._connection)
        if self._own_names is None or self._own_names[0] != newest:
            self._own_names = (newest, own_names(self._connection))
        return search(
            text, n, self._own_names[1],
            self._open_model() if self.model() else None,
            store_feedback.marked(self._connection, "block"),
            tracks=self._open_model("tracks") if self.model("tracks") else None,
        )  # fmt: skip

    @alone
    def resolve_artist(self, name: str) -> tuple[str, str]:
        """(display name, key) of an artist of the library or the catalog, by exact then relaxed key.

        Raises UnknownNameError with the nearest names.
        """
        key = artist_key(name)
        own = history.artist_by_key(self._connection, key)
        if own is not None:
            return own, key
        in_catalog = self._artist_of_catalogs(key) if key else None
        other = history.artist_spelled_like(self._connection, relaxed_artist_key(name)) if key else None
        if in_catalog is not None and (
            other is None or not self._is_catalogs(artist_key(other), *in_catalog)
        ):
            return in_catalog
        if other is not None:
            return other, artist_key(other)
        names = history.artist_names(self._connection)
        close = nearest(name, names) or [found.artist for found in self.search(name, 3)]
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UnknownNameError(f"No artist here is called {name}.{hint}")

    def _is_catalogs(self, key: str, name: str, catalogs: str) -> bool:
        """Whether the library's artist is the catalog's in another spelling, and in no catalog by their own."""
        return _is_one(key, catalogs) and self._artist_of_catalogs(key) == (name, catalogs)

    def _artist_of_catalogs(self, key: str) -> tuple[str, str] | None:
        """(name, key) of an artist in the catalog of artists, or else by their tracks in that of tracks."""
        if self.model():
            catalog = self._open_model().catalog
            number = catalog.ids_of([key]).get(key)
            if number is not None:
                return catalog.items([number])[number].name, catalog.items([number])[number].key
        if self.model("tracks"):
            catalog = self._open_model("tracks").catalog
            for number in catalog.ids_of_artist(key)[:1]:
                item = catalog.items([number])[number]
                return item.artist, artist_of(item.key)
        return None

    def _open_model(self, level: Level = "artists") -> Model:
        from engine.training.artifact import open_model

        if level not in self._models:
            self._models[level] = open_model(self.folders, level)
        return self._models[level]

    def _key_of(self, name: str, level: Level) -> str:
        """The key of an artist or a track; where items are tracks also of one written as "artist - title".

        Raises UnknownNameError with the nearest names.
        """
        artist, separator, title = name.partition(SEPARATOR)
        if separator:
            return joined_key(self.resolve_artist(artist)[1], title)
        try:
            return self.resolve_artist(name)[1]
        except UnknownNameError:
            parts = re.split(r"\s+[-\u2013\u2014]\s+", name) if level == "tracks" else []
            # Either may have a dash of its own.
            for place in range(1, len(parts)):
                with contextlib.suppress(UnknownNameError):
                    key = self.resolve_artist(" - ".join(parts[:place]))[1]
                    return joined_key(key, " - ".join(parts[place:]))
            raise

    @alone
    def judge(self, verdict: str | None, artist: str, track: str | None = None) -> str | None:
        """Like, hide or block an artist or track, or with None take it back; returns the verdict before."""
        if verdict is not None and verdict not in VERDICTS:
            raise UsageError(f"{verdict} is no verdict; one of {', '.join(VERDICTS)}.")
        name, key = self._judged(artist)
        for mark in self.feedback():
            if _is_of(mark, key, track):
                # One verdict an artist or track: it is this that is taken back, or said anew.
                name, key, track = mark.artist, artist_key(mark.artist), mark.track
                break
        before = store_feedback.set_verdict(
            self._connection,
            verdict,
            artist=name,
            artist_key=key,
            track=track,
            track_key=track_key(track) if track else "",
        )
        self._forget()
        return before

    def _verdict(self, artist: str) -> str | None:
        """What the person said of an artist, by key, in whatever spelling; null where nothing."""
        return next((mark.verdict for mark in self.feedback() if _is_of(mark, artist, None)), None)

    def _judged(self, artist: str) -> tuple[str, str]:
        """An artist already judged needs no library or catalog to be found again."""
        key = artist_key(artist)
        for mark in self.feedback():
            if artist_key(mark.artist) == key:
                return mark.artist, key
        return self.resolve_artist(artist)


def _is_of(mark: Feedback, artist: str, track: str | None) -> bool:
    """Whether a verdict is about an artist, by key, or a track of theirs, in any spelling or version."""
    if (mark.track is None) != (track is None):
        return False
    level: Level = "artists" if track is None else "tracks"
    asked = key_at(level, artist, track or "")
    said = key_at(level, artist_key(mark.artist), mark.track or "")
    return _is_one(asked, said)


def _is_one(key: str, other: str) -> bool:
    """Whether two keys are of one item, however the artist is spelled; who has guests is not their host."""
    return AnySpelling([key]).holds(other) and AnySpelling([other]).holds(key)
