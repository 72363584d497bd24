"""When private sessions were, in memory alone, and which plays were heard in one.

Clients stamp a play with its start, its middle or its end, send it late, and some clocks are wrong: what may have been
heard in a private session is taken to have been.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.store.play import Play

# A song of unknown length is taken for one so long, in seconds.
_LENGTH = 600.0
# A song may have been paused before the session began, or its clock be behind, by so much.
_BEFORE = 3600.0
# Sent alone while the session is on, a play was heard in it, unless its clock shows another day: zones reach so far.
_ZONES = 14 * 3600.0
# A session that is over so soon was a command, in which nothing was heard.
MOMENT = 5.0
# How long a session is remembered for who sends late.
_REMEMBERED = 30 * 86_400.0


@dataclass
class Windows:
    """Private sessions of a data folder: begun and ended, seconds UTC."""

    _ended: list[tuple[float, float]] = field(default_factory=list)
    _since: float | None = None

    @property
    def on(self) -> bool:
        """Whether one is on."""
        return self._since is not None

    def begin(self, at: float) -> None:
        """One was first seen; it began at `at` or later. Nothing happens where one is on."""
        if self._since is None:
            self._since = at

    def end(self, at: float) -> bool:
        """None is on any more; the last one ended at `at` or before. Whether that one counts for nothing, being over in
        a moment."""
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
        """Whether a play that was reported now may have been heard in a private session."""
        heard = play.started_at
        if heard is None:
            return self.on
        length = (play.duration_ms or 0) / 1000 or _LENGTH
        before = length + (_ZONES if single and self.on else _BEFORE)
        windows = [*self._ended, *([(self._since, float("inf"))] if self._since is not None else ())]
        return any(began - before <= heard <= ended + length for began, ended in windows)
