"""Decides what of a report is private: by the times of private sessions, in memory only.

Clients stamp a play with its start, its middle or its end, send it late, and some clocks are wrong: a play that may
have been made in a private session counts as such. What shows that it was not:

- of a watched player everything is timed by this process, so its plays are judged exactly;
- a client whose stamps are less than an hour old as they come has no clock that is further behind: what is stamped
  hours before it comes, and is not the song it says it plays, perhaps after a pause, is from its queue, not by the
  clock of another zone;
- a song that a client passed on to after the last session, as it says of what plays now, was not played in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from engine.canonical_keys import artist_key, track_key
from engine.live.listenbrainz import Report, Verdict
from engine.store.play import Ids, Play

# Assumed length of a song of unknown length, in seconds.
_LENGTH = 600.0
# Tolerance for pauses before the session began, or a clock that is behind.
_BEFORE = 3600.0
# A single play sent during the session was made in it, unless its clock shows another day, allowing for time zones.
_ZONES = 14 * 3600.0
# Seconds that a verdict may take from a player to here.
_SENDING = 5.0
# How long a session is remembered for late reports.
_REMEMBERED = 30 * 86_400.0
# Maximum clients remembered.
_MAX_CLIENTS = 100


@dataclass
class _Client:
    """What reports show of a client: `is_timely` if its clock is at most an hour behind, null if unknown; as a digest
    the track it says it plays, and when it passed on to that from another, 0 if that was not seen; `is_over` once a
    play of it came in outside private sessions: if it says it again, that is the next one."""

    is_timely: bool | None = None
    playing: int | None = None
    since: float = 0.0
    is_over: bool = False


@dataclass
class Windows:
    """Private sessions of a data folder: begin and end, seconds UTC. Of names it holds digests only."""

    _ended: list[tuple[float, float]] = field(default_factory=list)
    # The session that is on: since when, and the latest check. The system's clock may be set meanwhile.
    _since: float | None = None
    _until: float = 0.0
    # The last check without a session.
    _clear: float | None = None
    _clients: dict[str, _Client] = field(default_factory=dict)
    # Tracks in private reports, as digests, and when: a verdict on one is private until it is played in the open.
    _secret: dict[int, float] = field(default_factory=dict)

    @property
    def on(self) -> bool:
        """Whether a session is on."""
        return self._since is not None

    def see(self, since: float | None, at: float) -> None:
        """A check at `at`: a session is on since then, or none is."""
        if since is not None:
            if self._since is None:
                # Its begin is known to the second, the last check without it better.
                self._since, self._until = max(since, self._clear or 0.0), at
            self._since, self._until = min(self._since, at), max(self._until, at)
            return
        if self._since is not None:
            self._ended.append((min(self._since, at), max(self._until, at)))
        self._since, self._clear = None, at
        oldest = at - _REMEMBERED
        self._ended = [window for window in self._ended if window[1] > oldest]
        self._secret = {digest: when for digest, when in self._secret.items() if when > oldest}

    def open_part(self, report: Report, at: float) -> Report:
        """The report, come in at `at`, without what is private."""
        client = self._learn(report, at)
        plays = tuple(play for play in report.plays if self._is_open(play, report, at))
        if not self.on and client.playing in {_digest(play.artist, play.title) for play in report.plays}:
            client.is_over = True
        report = replace(report, plays=plays)
        return replace(
            report, verdicts=tuple(one for one in report.verdicts if self._is_open(one, report, at))
        )

    def _is_open(self, said: Play | Verdict, report: Report, at: float) -> bool:
        if self.why_private(said, report, at) is not None:
            self._secret.update(dict.fromkeys(_digests(said), at))
            return False
        # What was played outside a private session since is not secret any more.
        if self._secret and isinstance(said, Play) and (said.started_at or at) > self._last:
            for digest in _digests(said):
                self._secret.pop(digest, None)
        return True

    @property
    def _last(self) -> float:
        """When the last session ended; never while one is on."""
        return float("inf") if self.on else max((ended for _, ended in self._ended), default=0.0)

    def why_private(self, said: Play | Verdict, report: Report, at: float) -> str | None:
        """Why a play or a verdict of a report that came in at `at` is private, or may be; null if it is not. Verdicts
        after plays: of these the report has only what is not private.

        The only place that decides it.
        """
        windows = [*self._ended, *([(self._since, float("inf"))] if self._since is not None else ())]
        if not windows:
            return None
        if isinstance(said, Verdict):
            if said.named in {(play.artist, play.title) for play in report.plays}:
                return None  # said along with a play that is not private
            if any(began <= at <= ended + _SENDING for began, ended in windows):
                return "said in a private session"
            return "of what a private session played" if self.is_secret(said) else None
        client, started = self._clients.get(report.client, _Client()), said.started_at
        if report.watched and started is not None:
            within = any(began <= at and started <= ended for began, ended in windows)
            return "played in a private session" if within else None
        is_playing = client.playing == _digest(said.artist, said.title)
        if is_playing and min(client.since, started or at) >= self._last:
            return None
        if started is None:
            return "without a possible date: it may be from a private session"
        before = after = (said.duration_ms or 0) / 1000 or _LENGTH
        is_queued = client.is_timely and client.playing is not None
        if is_playing:
            # It may have been paused for hours, before the session or as it ended; some clients stamp the end.
            before, after = before + _ZONES, after + _ZONES
        else:
            before += _ZONES if report.single and self.on and not is_queued else _BEFORE
        if any(began - before <= started <= ended + after for began, ended in windows):
            return "so near to a private session that it may be from it"
        return None

    def is_secret(self, verdict: Verdict) -> bool:
        """Whether a verdict is on a track that was last reported in private."""
        return any(digest in self._secret for digest in _digests(verdict))

    def _learn(self, report: Report, at: float) -> _Client:
        """Note what a report shows of its client; outside private sessions also of its clock."""
        client = self._clients.get(report.client, _Client())
        if len(self._clients) < _MAX_CLIENTS:
            self._clients[report.client] = client
        playing = _digest(*report.playing) if report.playing else client.playing
        if playing != client.playing or (report.playing and client.is_over):
            client.since = at if client.playing is not None else 0.0
            client.playing, client.is_over = playing, False
        for play in report.plays if report.single and not self.on else ():
            if play.started_at is not None and at - play.started_at <= _BEFORE:
                client.is_timely = client.is_timely is not False
            elif client.is_timely:
                # It was offline; or it passes on what has several clocks.
                client.is_timely = False
        return client


def _digests(said: Play | Verdict) -> Iterator[int]:
    named = (said.artist, said.title) if isinstance(said, Play) else said.named
    if named:
        yield _digest(*named)
    ids: Ids = said.ids
    yield from map(hash, ids)


def _digest(artist: str, title: str) -> int:
    """Of the names in any spelling, by a key of this process."""
    return hash((artist_key.__wrapped__(artist), track_key.__wrapped__(title)))
