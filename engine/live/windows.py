"""Decides what of a report is private: by the times of private sessions, in memory only.

Clients stamp a play with its start, its middle or its end, send it late, and some clocks are wrong: a play that may
have been made in a private session counts as such. What shows that it was not:

- of a watched player everything is timed by this process, so its plays are judged exactly;
- a client passed on to a track after the session, as it says of what plays; if it says nothing, its play before came in
  after that;
- otherwise its stamp is far from the session: far enough for a song that was paused, unless the client stamps starts
  and the song began after the session;
- a client whose stamps are less than an hour old as they come has no clock that is further behind: what is stamped
  hours before it comes, and is nothing it said it plays, is from its queue, not by the clock of another zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from engine.canonical_keys import artist_key, track_key
from engine.live.clock import enough
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
# Maximum clients remembered, and tracks of each: it may report one after it said the next, and be several players.
_MAX_CLIENTS, _MAX_TRACKS = 100, 20


@dataclass
class _Client:
    """What reports show of a client: `is_timely` if its clock is at most an hour behind, null if unknown; `counted`,
    when its last play came in; and of the tracks it says it plays, as digests, the latest last, `since` when, 0 if it
    may have been for long. `over` are those of which a play came in: said again, that is the next play."""

    is_timely: bool | None = None
    stamps_starts: bool = True
    counted: float = 0.0
    since: dict[int, float] = field(default_factory=dict)
    over: set[int] = field(default_factory=set)

    def says(self, track: int, at: float) -> None:
        """It says that it plays a track: that it goes on with it, or passed on to it."""
        since = self.since.pop(track, at if self.since else 0.0)
        self.since[track] = at if track in self.over else since
        if len(self.since) > _MAX_TRACKS:
            del self.since[next(iter(self.since))]
        self.over = (self.over & self.since.keys()) - {track}


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

    def see(self, since: float | None, at: float, *, unseen: bool = False) -> None:
        """A check at `at`: a session is on since then, or none is. With `unseen` the last check was so long ago that
        one may have begun and ended since: that time counts as one."""
        if unseen and self._clear is not None and self._since is None:
            self._ended.append((min(self._clear, at), at))
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
        if report.plays and not self.on:
            client.over |= {_digest(play.artist, play.title) for play in report.plays} & client.since.keys()
            client.counted = at
        report = replace(report, plays=plays)
        return replace(
            report, verdicts=tuple(one for one in report.verdicts if self._is_open(one, report, at))
        )

    def _is_open(self, said: Play | Verdict, report: Report, at: float) -> bool:
        if self.why_private(said, report, at) is not None:
            self._secret.update(dict.fromkeys(_digests(said), at))
            return False
        # What was played outside a private session since is not secret any more.
        last = float("inf") if self.on else max((ended for _, ended in self._ended), default=0.0)
        if self._secret and isinstance(said, Play) and (said.started_at or at) > last:
            for digest in _digests(said):
                self._secret.pop(digest, None)
        return True

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
        since = client.since.get(_digest(said.artist, said.title))
        # Of what a silent client sends, what it sent before is over.
        earliest = client.counted if report.single and not client.since else since
        length = (said.duration_ms or 0) / 1000 or _LENGTH
        is_queued = not report.single or not self.on or (client.is_timely and client.since)
        before = length + (_BEFORE if is_queued else _ZONES)
        for began, ended in windows:
            if since is not None and since >= ended and (started is None or started >= ended):
                continue  # passed on to afterwards
            if started is None:
                return "without a possible date: it may be from a private session"
            if began - before <= started <= ended + length:
                return "so near to a private session that it may be from it"
            is_after = client.stamps_starts and started > ended
            is_older = started < min(earliest or began, began) - length - _ZONES
            if earliest is not None and earliest < ended and not is_after and not is_older:
                return "perhaps begun before a private session ended, and paused until one was on"
        return None

    def is_secret(self, verdict: Verdict) -> bool:
        """Whether a verdict is on a track that was last reported in private."""
        return any(digest in self._secret for digest in _digests(verdict))

    def _learn(self, report: Report, at: float) -> _Client:
        """Note what a report shows of its client; outside private sessions also of its clock."""
        client = self._clients.get(report.client, _Client())
        if len(self._clients) < _MAX_CLIENTS:
            self._clients[report.client] = client
        if report.playing:
            client.says(_digest(*report.playing), at)
        for play in report.plays:
            if play.started_at is None:
                continue
            age = at - play.started_at
            # Stamped with its start a play does not come in before it counts.
            client.stamps_starts &= age >= enough((play.duration_ms or 0) / 1000)
            if report.single and not self.on and (client.is_timely or age <= _BEFORE):
                # Later only if it was offline; or it passes on what has several clocks.
                client.is_timely = client.is_timely is not False and age <= _BEFORE
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
