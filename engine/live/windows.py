"""Times of private sessions, in memory only, and which plays were made in one.

Clients stamp a play with its start, its middle or its end, send it late, and some clocks are wrong: a play that may
have been made in a private session counts as such.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.store.play import Play

# Assumed length of a song of unknown length, in seconds.
_LENGTH = 600.0
# Tolerance for pauses before the session began, or a clock that is behind.
_BEFORE = 3600.0
# A single play sent during the session was made in it, unless its clock shows another day, allowing for time zones.
_ZONES = 14 * 3600.0
# A session this short was a command, in which nothing was played.
MOMENT = 5.0
# How long a session is remembered for late reports.
_REMEMBERED = 30 * 86_400.0


@dataclass
class Windows:
    """Private sessions of a data folder: begin and end, seconds UTC."""

    _ended: list[tuple[float, float]] = field(default_factory=list)
    _since: float | None = None

    @property
    def on(self) -> bool:
        """Whether one is on."""
        return self._since is not None

    def begin(self, at: float) -> None:
        """A session was first seen; it began at `at` or later. Does nothing if one is on."""
        if self._since is None:
            self._since = at

    def end(self, at: float) -> bool:
        """No session is on; the last one ended at `at` or before. Returns whether it was too short to count."""
        if (since := self._since) is None:
            return False
        self._since = None
        self._ended = [window for window in self._ended if window[1] > at - _REMEMBERED]
        if at - since <= MOMENT:
            return True
        self._ended.append((since, at))
        return False

    def began_just_now(self, at: float) -> bool:
        """Whether one is on that may be over in a moment."""
        return self._since is not None and at - self._since <= MOMENT

    def hide(self, play: Play, *, single: bool) -> bool:
        """Whether a play reported now may have been made in a private session."""
        started = play.started_at
        if started is None:
            # Its clock is wrong, so it may be a late report from a session.
            return self.on or bool(self._ended)
        length = (play.duration_ms or 0) / 1000 or _LENGTH
        before = length + (_ZONES if single and self.on else _BEFORE)
        windows = [*self._ended, *([(self._since, float("inf"))] if self._since is not None else ())]
        return any(began - before <= started <= ended + length for began, ended in windows)
