"""What the person thinks of artists and tracks: likes, hides and blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.canonical_keys import Level, artist_key, key_at, track_key
from engine.errors import UsageError
from engine.session.artists import is_one
from engine.session.library import Change, Library, Service, synchronized
from engine.store import feedback as store_feedback
from engine.store.feedback import VERDICTS, Feedback
from engine.store.logged_plays import is_player
from engine.wording import credited

if TYPE_CHECKING:
    from engine.session.artists import Artists


class Verdicts(Service):
    """One verdict an artist or track, in whatever spelling it was given."""

    def __init__(self, library: Library, artists: Artists) -> None:
        super().__init__(library)
        self._artists = artists

    @synchronized
    def all(self) -> tuple[Feedback, ...]:
        """Every like, hide and block, newest first."""
        return tuple(store_feedback.all_feedback(self.library.connection))

    def of_players(self) -> frozenset[Feedback]:
        """The verdicts given in players."""
        return frozenset(one for one in self.all() if is_player(one.source))

    def judge(self, verdict: str | None, artist: str, track: str | None = None) -> str | None:
        """Like, hide or block an artist or track, or with None take it back; returns the verdict before."""
        before = self.replace(verdict, artist, track)
        return before.verdict if before is not None else None

    @synchronized
    def replace(self, verdict: str | None, artist: str, track: str | None = None) -> Feedback | None:
        """As `judge`; returns what stood before, for `put_back`."""
        if verdict is not None and verdict not in VERDICTS:
            raise UsageError(f"{verdict} is not valid: use one of {', '.join(VERDICTS)}.")
        name, key = self._artists.resolve(artist)
        before = next((mark for mark in self.all() if _is_of(mark, key, track)), None)
        if before is not None:
            # One verdict per artist or track: this one is undone, or replaced.
            name, key, track = before.artist, artist_key(before.artist), before.track
        store_feedback.set_verdict(
            self.library.connection,
            verdict,
            artist=name,
            artist_key=key,
            track=track,
            track_key=track_key(track) if track else "",
        )
        self.library.changed(Change.TASTE)
        return before

    @synchronized
    def put_back(self, mark: Feedback) -> None:
        """Restore a verdict that was taken back or replaced, with its date and source."""
        store_feedback.put_back(self.library.connection, mark)
        self.library.changed(Change.TASTE)

    @synchronized
    def undo(self, verdict: str | None, of: tuple[tuple[str, str | None], Feedback | None]) -> None:
        """Restore what stood before a verdict that `replace` gave: `of` an artist or a track of theirs, with that.

        Raises UsageError if something else was said of it since, as in another window.
        """
        (artist, track), before = of
        key = artist_key(before.artist) if before is not None else self._artists.resolve(artist)[1]
        now = next((mark for mark in self.all() if _is_of(mark, key, track)), None)
        if now == before:
            return
        if (now and now.verdict) != verdict:
            raise _changed_since(artist, track)
        if before is None:
            self.judge(None, artist, track)
        else:
            self.put_back(before)

    @synchronized
    def take_back(self, mark: Feedback, before: Feedback | None = None) -> None:
        """Take a verdict back, and restore the one `before` it. Raises UsageError if something else was said of that
        artist or track since."""
        key = artist_key(mark.artist)
        now = next((one for one in self.all() if _is_of(one, key, mark.track)), None)
        if now == before:
            return
        if now != mark:
            raise _changed_since(mark.artist, mark.track)
        if before is None:
            self.judge(None, mark.artist, mark.track)
        else:
            self.put_back(before)

    @synchronized
    def of(self, artist: str) -> str | None:
        """The verdict on an artist, by key, in whatever spelling; null where there is none."""
        return next((mark.verdict for mark in self.all() if _is_of(mark, artist, None)), None)


def _changed_since(artist: str, track: str | None) -> UsageError:
    said = f"What you said of {credited(artist, track)} was changed elsewhere since, so it was left."
    return UsageError(said)


def _is_of(mark: Feedback, artist: str, track: str | None) -> bool:
    """Whether a verdict is about an artist, by key, or a track of theirs, in any spelling or version."""
    if (mark.track is None) != (track is None):
        return False
    level: Level = "artists" if track is None else "tracks"
    asked = key_at(level, artist, track or "")
    said = key_at(level, artist_key(mark.artist), mark.track or "")
    return is_one(asked, said)
