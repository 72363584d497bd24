"""Four years of the made-up listener's days: when they listen, to what, and where they skip."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sample_data import persona, tracks
from sample_data.persona import DAYS, FIRST_DAY, Favourite

CADENCE = 170.0
SERVICE, HOME = "service", "home"


@dataclass(frozen=True)
class Play:
    """One thing played. `start` is in seconds UTC; `via` is the player: the service or the one at home."""

    start: int
    ms_played: int
    track: tracks.Track
    reason_start: str
    reason_end: str
    shuffle: bool
    platform: str
    private: bool = False
    via: str = SERVICE

    @property
    def end(self) -> int:
        """Return the whole second in which it ended."""
        return self.start + (self.ms_played + 999) // 1000


@dataclass(frozen=True)
class Habit:
    """A time of day at which the listener tends to listen.

    `weekdays` (Monday = 0), local start `hour`, how likely on such a day, typical `minutes`, what it asks of
    the music (`mood`), the device, and from which day of the history to which.
    """

    mood: str
    weekdays: tuple[int, ...]
    hour: float
    chance: float
    minutes: float
    platform: str
    first: int = 0
    last: int = DAYS
    via: str = SERVICE


_WORK, _FREE = (0, 1, 2, 3, 4), (5, 6)
HABITS: tuple[Habit, ...] = (
    Habit("running", (1, 3, 5), 6.6, 0.50, 40, "ios"),
    Habit("running", (6,), 8.2, 0.42, 62, "ios"),
    Habit("any", _WORK, 7.7, 0.55, 22, "ios"),
    Habit("focus", _WORK, 9.6, 0.34, 58, "osx"),
    Habit("focus", _WORK, 13.7, 0.22, 50, "osx"),
    Habit("any", _WORK, 17.1, 0.46, 24, "ios"),
    Habit("evening", (0, 1, 2, 3, 6), 20.4, 0.34, 44, "osx"),
    Habit("party", (4, 5), 20.8, 0.30, 85, "osx"),
    Habit("any", _FREE, 10.6, 0.48, 62, "ios"),
    Habit("evening", (6,), 15.3, 0.60, 62, "navidrome", first=1030, via=HOME),
)
# What each mood makes of a genre; genres not named count 1 (or what "" says).
_MOODS: dict[str, dict[str, float]] = {
    "any": {"ambient": 0.35, "drone": 0.1},
    "focus": {
        "": 0.12,
        "ambient": 3.0,
        "electronica": 1.3,
        "drone": 3.0,
        "modern classical": 3.0,
        "jazz": 0.6,
    },
    "evening": {
        "": 0.7,
        "jazz": 2.2,
        "soul": 1.8,
        "chamber pop": 2.0,
        "trip hop": 1.8,
        "folk": 2.0,
        "punk": 0.1,
    },
    "party": {
        "": 0.6,
        "funk": 3.0,
        "house": 3.0,
        "synthpop": 2.5,
        "post-punk": 1.6,
        "ambient": 0.02,
        "jazz": 0.5,
    },
}
# (genre, month of its best season): colder music in winter, warmer in summer.
_SEASONS = {"ambient": 1, "drone": 1, "chamber pop": 11, "trip hop": 12, "shoegaze": 11, "soul": 6, "funk": 7}


def make_history(rng: random.Random, favourites: Sequence[Favourite]) -> list[Play]:
    """Return everything played, in order of time; sessions never overlap."""
    history: list[Play] = []
    fits: dict[tuple[str, int], list[float]] = {}
    once = [favourite for favourite in favourites if favourite.phase == persona.STEADY][-1]
    regular = [favourite for favourite in favourites if favourite is not once]
    for day in range(DAYS):
        today = FIRST_DAY + timedelta(days=day)
        if _away(today):
            continue
        free_at = 0
        for habit in sorted(_habits_of(rng, today, day), key=lambda habit: habit.hour):
            start = max(_instant(today, habit.hour + rng.gauss(0.0, 0.28)), free_at)
            if (habit.mood, today.month) not in fits:
                fits[habit.mood, today.month] = [_fits(known, habit.mood, today.month) for known in regular]
            session = _session(rng, habit, regular, fits[habit.mood, today.month], day, start)
            history.extend(session)
            free_at = session[-1].end + 60 if session else free_at
    history.extend(_private_sessions(rng, favourites, history))
    history.extend(_one_album(regular, history))
    history.append(_single(once.tracks[0], history))
    return sorted(history, key=lambda play: play.start)


def _habits_of(rng: random.Random, today: date, day: int) -> list[Habit]:
    """Return the habits followed on one day; there is less running in winter and less of all in July."""
    kept = []
    for habit in HABITS:
        chance = habit.chance
        if habit.mood == "running":
            chance *= 1.0 - 0.45 * math.cos(2 * math.pi * (today.timetuple().tm_yday - 15) / 365)
        if today.month == 7:
            chance *= 0.7
        if today.weekday() in habit.weekdays and habit.first <= day < habit.last and rng.random() < chance:
            kept.append(habit)
    return kept


def _away(today: date) -> bool:
    """Whether the listener is in the mountains without a phone: ten days each August."""
    return today.month == 8 and 6 + today.year % 3 <= today.day < 16 + today.year % 3


def _instant(today: date, hour: float) -> int:
    """Return the UTC second of a local hour, in central European time with its summer time."""
    summer_from = max(date(today.year, 3, d) for d in range(25, 32) if date(today.year, 3, d).weekday() == 6)
    summer_to = max(date(today.year, 10, d) for d in range(25, 32) if date(today.year, 10, d).weekday() == 6)
    offset = 2 if summer_from <= today < summer_to else 1
    midnight = datetime.combine(today, time(), tzinfo=UTC)
    return int(midnight.timestamp()) + round((hour - offset) * 3600)


def _session(
    rng: random.Random, habit: Habit, favourites: Sequence[Favourite], fits: list[float], day: int, start: int
) -> list[Play]:
    """Return one sitting: an album, one artist, or a mix, with skips; `fits` runs beside the favourites."""
    weights = [favourite.weight(day) * fit for favourite, fit in zip(favourites, fits, strict=True)]
    if habit.mood == "running":
        queue = _running_queue(rng, favourites, weights)
    else:
        queue = _queue(rng, favourites, weights, album=habit.via == HOME)
    length = habit.minutes * 60 * rng.lognormvariate(0.0, 0.35)
    return _play_through(rng, queue, start, start + int(length), habit.platform, habit.via)


def _fits(favourite: Favourite, mood: str, month: int) -> float:
    """Return how well an artist's genres fit a mood and the season."""
    if mood == "running":
        return 4.0 if favourite.phase == persona.RUNNING else 1.0
    table = _MOODS[mood]
    fit = 0.0
    for genre, weight in favourite.genre_weights.items():
        season = 1.0
        if genre in _SEASONS:
            season += 0.6 * math.cos(2 * math.pi * (month - _SEASONS[genre]) / 12)
        fit += weight * table.get(genre, table.get("", 1.0)) * season
    return fit * (0.25 if favourite.phase == persona.RUNNING else 1.0)


def _queue(
    rng: random.Random, favourites: Sequence[Favourite], weights: list[float], album: bool
) -> tuple[list[tracks.Track], bool]:
    """Return up to 60 tracks to play in order, and whether they were shuffled."""
    kind = rng.random()
    if album or kind < 0.16:
        queue: list[tracks.Track] = []
        for favourite in rng.choices(favourites, weights, k=6):
            chosen = rng.choice(favourite.tracks).album
            queue.extend(track for track in favourite.tracks if track.album == chosen)
        return queue, False
    if kind < 0.26:
        favourite = rng.choices(favourites, weights)[0]
        own = list(favourite.tracks)
        rng.shuffle(own)
        mixed = [_track_of(rng, other) for other in rng.choices(favourites, weights, k=40)]
        return own[:8] + mixed, True
    return [
        _track_of(rng, favourite) for favourite in rng.choices(favourites, weights, k=60)
    ], rng.random() < 0.7


def _track_of(rng: random.Random, favourite: Favourite) -> tracks.Track:
    """Return one of an artist's tracks, the first ones far more often (Zipf)."""
    odds = [1.0 / (place + 1.5) for place in range(len(favourite.tracks))]
    return rng.choices(favourite.tracks, odds)[0]


def _running_queue(
    rng: random.Random, favourites: Sequence[Favourite], weights: list[float]
) -> tuple[list[tracks.Track], bool]:
    """Return tracks with some energy whose tempo, or twice it, is within 5 % of the listener's steps."""
    choices: list[tracks.Track] = []
    odds: list[float] = []
    for favourite, weight in zip(favourites, weights, strict=True):
        if not weight:
            continue
        for place, track in enumerate(favourite.tracks):
            if track.energy > 0.5 and any(abs(track.tempo * m / CADENCE - 1) < 0.05 for m in (1, 2)):
                choices.append(track)
                odds.append(weight / (place + 2.0))
    if not choices:
        return [], True
    return rng.choices(choices, odds, k=40), True


def _play_through(
    rng: random.Random,
    queue: tuple[list[tracks.Track], bool],
    start: int,
    until: int,
    platform: str,
    via: str = SERVICE,
    private: bool = False,
) -> list[Play]:
    """Return the plays of a queue from `start` until about `until`; one track in eleven is skipped early."""
    listed, shuffle = queue
    plays: list[Play] = []
    now, reason = start, "clickrow"
    previous: tracks.Track | None = None
    for track in listed:
        if now >= until:
            break
        if track is previous:
            continue
        previous = track
        ms, ended = _played_of(rng, track, may_skip=via == SERVICE)
        last = now + ms // 1000 >= until
        if last and ended == "trackdone" and rng.random() < 0.4:
            ms, ended = max(31_000, int(ms * rng.uniform(0.3, 0.95))), rng.choice(("logout", "endplay"))
        play = Play(now, ms, track, reason, ended, shuffle, platform, private, via)
        plays.append(play)
        now = play.end + (rng.randint(0, 2) if rng.random() < 0.9 else rng.randint(5, 240))
        reason = "fwdbtn" if ended == "fwdbtn" else "trackdone"
    return plays


def _played_of(rng: random.Random, track: tracks.Track, may_skip: bool) -> tuple[int, str]:
    """Return how many milliseconds of a track were played, and why it ended."""
    chance = rng.random()
    if may_skip and chance < 0.09:
        return rng.randint(900, 26_000), "fwdbtn"
    if may_skip and chance < 0.125:
        return int(track.duration_ms * rng.uniform(0.35, 0.9)), rng.choice(("fwdbtn", "endplay"))
    return track.duration_ms, "trackdone"


def _private_sessions(rng: random.Random, favourites: Sequence[Favourite], history: list[Play]) -> list[Play]:
    """Return fifteen late private sessions with artists that are played nowhere else, about 150 plays."""
    secret = [favourite for favourite in favourites if favourite.phase == persona.SECRET]
    plays: list[Play] = []
    for day in sorted(rng.sample(range(260, DAYS - 5), 15)):
        start = _instant(FIRST_DAY + timedelta(days=day), 23.4)
        start = max(
            [start, *(play.end + 60 for play in history if start - 14_400 < play.start < start + 14_400)]
        )
        queue = [_track_of(rng, rng.choice(secret)) for _ in range(30)]
        plays.extend(_play_through(rng, (queue, True), start, start + 42 * 60, "ios", private=True))
    return plays


def _one_album(favourites: Sequence[Favourite], history: list[Play]) -> list[Play]:
    """Return one rainy afternoon in 2025 on which one album ran on repeat, five hours long."""
    start = _instant(date(2025, 2, 8), 12.5)
    start = max([start, *(play.end + 60 for play in history if start - 14_400 < play.start < start)])
    new = [
        favourite
        for favourite in favourites
        if favourite.phase == persona.GROWING and favourite.row is not None
    ]
    loved = max(new, key=lambda favourite: len(favourite.tracks))
    album = [track for track in loved.tracks if track.album == loved.tracks[0].album]
    later = [play.start for play in history if play.start >= start]
    until = min([start + 5 * 3600, *(begins - 900 for begins in later)])
    plays: list[Play] = []
    now = start
    while now < until:
        for track in album:
            plays.append(Play(now, track.duration_ms, track, "trackdone", "trackdone", False, "osx"))
            now = plays[-1].end + 1
    return plays[: next((i for i, play in enumerate(plays) if play.start >= until), len(plays))]


def _single(track: tracks.Track, history: list[Play]) -> Play:
    """Return the only play of an artist played once, in a quiet hour of May 2024."""
    start = _instant(date(2024, 5, 21), 22.9)
    start = max([start, *(play.end + 60 for play in history if start - 14_400 < play.start < start + 7200)])
    return Play(start, track.duration_ms, track, "uriopen", "trackdone", False, "ios")
