"""Plays are counted by one clock, whatever a player does: half a song or four minutes of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.live.clock import Clock, PlayedSong, Seen, Song, enough

SONG, OTHER = Song("Ida", "Tin Roof", length=200.0), Song("Burel", "Waves", length=300.0)
BEGAN = 1_700_000_000.0


def seen(at: float, song: Song | None, playing: bool | None = None, position: float | None = None) -> Seen:
    return Seen(at, BEGAN + at, song, song is not None if playing is None else playing, position)


def played_songs(shown: Iterable[Seen]) -> list[PlayedSong]:
    clock = Clock()
    return [song for one in shown for song in clock.see(one)]


def counted(*shown: Seen) -> list[tuple[str, float, float, bool]]:
    return [
        (one.song.title, round(one.started - BEGAN, 3), round(one.seconds, 3), one.skipped)
        for one in played_songs(shown)
    ]


@pytest.mark.parametrize(
    ("length", "plays"), [(200.0, 100.0), (30.0, 15.0), (4000.0, 240.0), (None, 240.0), (0.0, 240.0)]
)
def test_half_or_four_minutes_make_a_play(length: float | None, plays: float) -> None:
    song = replace(SONG, length=length)
    assert enough(length) == plays
    assert counted(seen(0, song), seen(plays, OTHER)) == [("Tin Roof", 0, plays, False)]
    assert [one for one in counted(seen(0, song), seen(plays - 0.5, None)) if not one[3]] == []


def test_pauses_and_seeks_add_nothing_and_take_nothing() -> None:
    shown = [seen(0, SONG, position=0), seen(60, SONG, False, 60), seen(900, SONG, True, 60)]
    assert counted(*shown, seen(930, SONG, True, 190), seen(939, OTHER)) == []
    assert counted(*shown, seen(930, SONG, True, 1), seen(945, OTHER)) == [("Tin Roof", 0, 105, False)]


def test_a_pause_of_an_hour_ends_the_play() -> None:
    shown = [seen(0, SONG, position=0), seen(150, SONG, False, 150), seen(3750, SONG, True, 150)]
    assert counted(*shown, seen(3760, None)) == [("Tin Roof", 0, 150, False)]


def test_what_hangs_is_not_heard_while_it_is_waited_for() -> None:
    clock = Clock()
    clock.see(seen(0, SONG))
    clock.see(seen(95, SONG, position=95))
    assert clock.end(105, BEGAN + 105, pressed=False) == ()
    clock.see(seen(200, SONG))
    clock.see(seen(300, SONG, position=100))
    assert clock.end(301, BEGAN + 301, pressed=True) == (PlayedSong(SONG, BEGAN + 200, 101),)


def test_a_song_on_repeat_is_a_play_each_time() -> None:
    shown = [seen(200.0 * n, SONG, position=0.0) for n in range(3)]
    assert counted(*shown, seen(500, None)) == [
        ("Tin Roof", 0, 200, False),
        ("Tin Roof", 200, 200, False),
        ("Tin Roof", 400, 100, False),
    ]
    # MPRIS shows a position a little before the beginning.
    assert len(counted(seen(0, SONG), seen(200, SONG, position=-0.398), seen(400, None))) == 2
    # Begun again before it was a play, it is the same one.
    assert counted(seen(0, SONG), seen(40, SONG, position=0), seen(110, None)) == [
        ("Tin Roof", 0, 110, False)
    ]


@pytest.mark.parametrize("length", [0.5, 3.0, 4.9, 6.0, 9.0])
def test_a_song_of_seconds_begins_again_only_when_it_does(length: float) -> None:
    song = replace(SONG, length=length)
    # Shown again and again while it plays, paused in the middle.
    shown = [seen(length * n / 10, song, n != 4, length * min(n, 4) / 10) for n in range(5)]
    shown += [seen(length * n / 10, song, True, length * (n - 1) / 10) for n in range(5, 11)]
    assert counted(*shown, seen(length * 1.1, None)) == [("Tin Roof", 0, length, False)]
    again = [seen(length * n, song, position=0.0) for n in range(3)]
    assert len(counted(*again, seen(length * 3, None))) == 3


def test_a_song_pressed_on_is_a_skip_and_one_that_was_stopped_is_not() -> None:
    assert counted(seen(0, SONG), seen(12, OTHER)) == [("Tin Roof", 0, 12, True)]
    assert counted(seen(0, SONG), seen(12, None)) == []
    assert counted(seen(0, SONG), seen(0.4, OTHER)) == []
    assert counted(seen(0, SONG), seen(40, OTHER)) == []


def test_a_song_sought_to_its_end_ran_out() -> None:
    shown = [seen(0, SONG, position=0), seen(5, SONG, position=190)]
    assert counted(*shown, seen(15, OTHER)) == []
    # Shown once more without its position, and paused near the end.
    assert counted(*shown, seen(8, SONG), seen(9, SONG, False), seen(20, SONG), seen(26, OTHER)) == []
    assert counted(*shown, seen(9, SONG, position=20), seen(15, OTHER)) == [("Tin Roof", 0, 15, True)]
    assert counted(*shown, seen(8, OTHER)) == [("Tin Roof", 0, 8, True)]


def test_a_song_that_played_already_began_earlier_and_counts_from_now() -> None:
    assert counted(seen(0, SONG, position=80), seen(120, None)) == [("Tin Roof", -80, 120, False)]
    assert counted(seen(0, SONG, position=150), seen(50, None)) == []


def test_a_title_that_is_not_loaded_yet_is_no_song() -> None:
    whole = Song("Burel", "Waves", "Slow", 40.0, "file:///a")
    shown = [seen(0, SONG), seen(150, None), seen(150.1, replace(whole, length=None)), seen(150.2, whole)]
    assert counted(*shown, seen(175, None)) == [("Tin Roof", 0, 150, False), ("Waves", 150.1, 24.9, False)]


def test_a_player_that_hangs_hears_no_more_than_the_song_has() -> None:
    assert counted(seen(0, SONG), seen(9000, None)) == [("Tin Roof", 0, 200, False)]


SONGS = st.sampled_from([SONG, OTHER, replace(SONG, place="2"), replace(OTHER, length=None), None])
STEPS = st.lists(
    st.tuples(st.floats(0, 2500), SONGS, st.booleans(), st.none() | st.floats(-1, 300)),
    min_size=1,
    max_size=30,
)


def observations(steps: list[tuple[float, Song | None, bool, float | None]]) -> list[Seen]:
    at, found = 0.0, []
    for wait, song, playing, position in steps:
        at += wait
        found.append(seen(at, song, playing, position))
    return [*found, seen(at + 1, None, False)]


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_whatever_a_player_does(steps: list[tuple[float, Song | None, bool, float | None]]) -> None:
    shown = observations(steps)
    plays = played_songs(shown)
    played = sum(b.at - a.at for a, b in itertools.pairwise(shown) if a.playing and a.song is not None)
    assert sum(one.seconds for one in plays) <= played + 1e-6
    for one in plays:
        if one.skipped:
            assert one.seconds < min(30, enough(one.song.length))
        else:
            assert one.seconds >= enough(one.song.length)
        assert not one.song.length or one.seconds <= one.song.length
    starts = [one.started for one in plays]
    assert all(a + p.seconds <= b + 1e-3 for a, p, b in zip(starts[1:], plays[1:], starts[2:], strict=False))


@given(STEPS, st.data())
@settings(max_examples=50, deadline=None)
def test_sent_the_same_twice_or_later_it_counts_the_same(
    steps: list[tuple[float, Song | None, bool, float | None]], data: st.DataObject
) -> None:
    shown = observations(steps)
    again: list[Seen] = []
    for one, after in zip(shown, [*shown[1:], shown[-1]], strict=True):
        again.append(one)
        if data.draw(st.booleans()):
            # A player that sends what it sent, a while later: no one knows where in the song it is.
            later = one.at + (after.at - one.at) / 2 if one.playing else one.at
            again.append(replace(one, at=later, wall=BEGAN + later, position=None))
    assert totals(played_songs(again)) == totals(played_songs(shown))


def totals(plays: list[PlayedSong]) -> list[tuple[Song, float, float, bool]]:
    return [(one.song, round(one.started, 3), round(one.seconds, 3), one.skipped) for one in plays]


def test_a_clock_holds_nothing_of_what_ended() -> None:
    clock = Clock()
    clock.see(seen(0, SONG))
    assert len(clock.see(seen(150, None))) == 1
    assert clock.see(seen(300, None)) == ()
