"""Simulated songs with pauses around a private session: none that was heard in it comes in."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest

from engine.live.listenbrainz import Report
from engine.live.windows import Windows
from engine.store.play import Play
from tests.support.live import NOW

MINUTE, HOUR = 60.0, 3600.0
# From begin to end, in seconds.
Span = tuple[float, float]


@dataclass
class Song:
    """What was played: when it sounded, and how much of it would be all."""

    title: str
    length: float
    heard: list[Span]

    @property
    def counts(self) -> float | None:
        """When half of it, or four minutes, had sounded; null if it was skipped before."""
        left = min(self.length / 2, 240.0)
        for begin, end in self.heard:
            if end - begin >= left:
                return begin + left
            left -= end - begin
        return None


def songs(drawn: random.Random, player: int) -> list[Song]:
    """What one player plays, one after the other, some with a pause of minutes or hours."""
    found, at = [], NOW + drawn.uniform(0, HOUR)
    for number in range(drawn.randint(3, 6)):
        length, heard = drawn.uniform(90, 600), list[Span]()
        left = length
        for _ in range(drawn.choice((0, 0, 0, 1, 1, 2))):
            part = drawn.uniform(0.05, 0.9) * left
            heard.append((at, at + part))
            left -= part
            at += part + drawn.choice((drawn.uniform(5, HOUR), drawn.uniform(HOUR, 6 * HOUR)))
        left *= drawn.choice((1, 1, 1, 1, 1, drawn.random()))
        heard.append((at, at + left))
        at += left + drawn.choice((0, 1, drawn.uniform(1, 15 * MINUTE)))
        found.append(Song(f"Song {number} of {player}", length, heard))
    return found


def trial(drawn: random.Random, *, speaks: bool, players: int) -> Counter[tuple[bool, bool]]:
    """(was it private, did it come in) of the plays around one session, of clients of any habit."""
    stamp = drawn.choice(("start", "start", "end", "sending"))
    habit = drawn.choice(("as it counts", "at the end", "after the next began", "late"))
    repeats, tells_length = drawn.random() < 0.5, drawn.random() < 0.7
    played = [songs(drawn, player) for player in range(players)]
    moments = [moment for line in played for song in line for span in song.heard for moment in span]
    began = drawn.choice(moments) + drawn.choice((drawn.uniform(-300, 300), drawn.uniform(-2 * HOUR, 600)))
    ended = began + drawn.choice((drawn.uniform(30, 600), drawn.uniform(600, 3 * HOUR)))
    # In order: when, the song, and if it was reported by then its stamp.
    events: list[tuple[float, Song | None, float | None]] = [(began, None, None), (ended, None, None)]
    for line in played:
        for song, following in zip(line, [*line[1:], None], strict=True):
            events += [
                (begin + 0.2, song, None) for begin, _ in song.heard[: None if repeats else 1] if speaks
            ]
            if (counts := song.counts) is None:
                continue
            end = counts if habit == "as it counts" else song.heard[-1][1]
            at = end + drawn.choice((0.1, drawn.uniform(1, 120)) if habit == "late" else (0.1,))
            if habit == "after the next began":
                at = (following.heard[0][0] if following else end) + drawn.uniform(0.5, 3)
            stamps = {"start": song.heard[0][0], "end": end, "sending": at}
            events.append((at, song, stamps[stamp]))
    windows, outcome = Windows(), Counter[tuple[bool, bool]]()
    windows.see(None, NOW - HOUR)
    # The listener knows the client by then.
    earlier = NOW - 600 + (0 if stamp == "start" else 300)
    windows.open_part(Report("c", playing=("A", "Earlier") if speaks else None), NOW - 600)
    windows.open_part(
        Report("c", (Play("A", "Earlier", earlier, duration_ms=300_000),), single=True), NOW - 300
    )
    for at, heard, stamped in sorted(events, key=lambda event: event[0]):
        windows.see(began if began <= at < ended else None, at)
        if heard is None:
            continue
        if stamped is None:
            windows.open_part(Report("c", playing=("A", heard.title)), at)
            continue
        length = round(heard.length * 1000) if tells_length else None
        report = Report("c", (Play("A", heard.title, int(stamped), duration_ms=length),), single=True)
        # What sounded until it was reported.
        private = any(begin < min(ended, at) and min(end, at) > began for begin, end in heard.heard)
        outcome[private, bool(windows.open_part(report, at).plays)] += 1
    return outcome


@pytest.mark.parametrize(("speaks", "players"), [(True, 1), (True, 2), (False, 1)])
def test_no_song_heard_in_a_session_comes_in_and_most_others_do(speaks: bool, players: int) -> None:
    drawn, outcome = random.Random(20), Counter[tuple[bool, bool]]()
    for _ in range(500):
        outcome += trial(drawn, speaks=speaks, players=players)
    private, others = outcome[True, False], outcome[False, True] + outcome[False, False]
    assert private > 250
    assert outcome[True, True] == 0
    # Of those around it that were not: they may have been paused until it was on.
    assert outcome[False, False] < 0.15 * others
