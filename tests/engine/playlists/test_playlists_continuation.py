"""Continuing a list: the tempo it has, the mix it asks for, artists apart, versions of a song once."""

from __future__ import annotations

import random
from dataclasses import replace

from engine.canonical_keys import artist_key, track_key
from engine.playlists.candidate import Candidate
from engine.playlists.contexts import ARTIST_GAP
from engine.playlists.continuation import Wishes, continued, wishes_of
from engine.playlists.playlist import PlaylistTrack
from engine.playlists.tempo import ENERGY_FITS

PLAIN = Wishes(bpm=None, tolerance=6.0, new=0.3)
ARTISTS = [f"Artist {number}" for number in range(12)]
KEYS = [artist_key(name) for name in ARTISTS]


def offer(
    artist: str, title: str, *, bpm: float | None = None, known: bool = True, seconds: float = 200.0
) -> Candidate:
    return Candidate(
        artist, title, artist_key(artist), track_key(title), bpm, None, None, seconds, 1.0, known
    )


POOL = [
    offer(name, f"{side} {number}", bpm=100.0 + 10 * number, known=side == "Own")
    for number, name in enumerate(ARTISTS)
    for side in ("Own", "New")
]


def test_own_and_new_are_mixed_as_asked_and_an_artist_rests_between_two_tracks() -> None:
    start = [PlaylistTrack(ARTISTS[0], "Start")]
    found = continued(start, POOL, KEYS, PLAIN, places=10)
    assert sum(not track.known for track in found) == 3
    artists = [track.artist for track in (*start, *found)]
    for place, artist in enumerate(artists):
        assert artist not in artists[place + 1 : place + 1 + ARTIST_GAP]
    assert found == continued(start, random.Random(1).sample(POOL, len(POOL)), KEYS, PLAIN, places=10)
    assert found != continued(start, POOL, KEYS, PLAIN, places=10, seed=1)


def test_nobody_but_the_fitting_and_the_better_fitting_first() -> None:
    found = continued([], POOL, KEYS[:3], PLAIN, places=40)
    assert {track.artist for track in found} == set(ARTISTS[:3])
    assert len(found) == 6, "all there is, closer together where nothing else is left"
    firsts = {continued([], POOL, KEYS, PLAIN, places=1, seed=seed)[0].artist for seed in range(20)}
    assert firsts <= set(ARTISTS[:4])


def test_no_song_comes_twice_in_whatever_version() -> None:
    there = [
        PlaylistTrack(ARTISTS[0], "Own 0 - Remastered 2011"),
        PlaylistTrack("X", "Y", ids=(("isrc", "1"),)),
    ]
    twin = Candidate(
        "Artist 1", "Other", "artist 1", "other", None, None, None, 200.0, 9.0, True, ids=(("isrc", "1"),)
    )
    pool = [POOL[0], twin, offer(ARTISTS[2], "Song"), offer(ARTISTS[2], "Song (Live)")]
    assert [track.artist for track in continued(there, pool, KEYS, PLAIN, places=9)] == [ARTISTS[2]]


def test_a_list_with_a_tempo_keeps_it_half_and_double_counted() -> None:
    run = [PlaylistTrack("A", str(bpm), bpm=bpm) for bpm in (150.0, 75.0, 152.0, 149.0, 150.5)]
    wishes = wishes_of(run, {})
    assert wishes == Wishes(bpm=150.0, tolerance=6.0, new=0.3)
    found = continued(
        run, [*POOL, offer(ARTISTS[0], "Half", bpm=75.0), offer(ARTISTS[1], "None")], KEYS, wishes, places=9
    )
    assert {track.bpm for track in found} == {75.0, 150.0}
    assert {(track.bpm, track.factor, track.target_bpm) for track in found} == {
        (75.0, 2.0, 150.0),
        (150.0, 1.0, 150.0),
    }
    assert all((track.tempo_error or 0.0) <= 0.06 for track in found)


def test_half_time_goes_on_with_a_run_only_where_the_energy_does() -> None:
    own = [replace(offer("A", str(number), bpm=170.0), energy=0.8) for number in range(6)]
    run = [PlaylistTrack(track.artist, track.track, bpm=track.bpm) for track in own]
    halves = [replace(offer(name, "Half", bpm=85.0), energy=0.1 + 0.07 * n) for n, name in enumerate(ARTISTS)]
    found = continued(run, [*own, *halves], KEYS, wishes_of(run, {}), places=12)
    near = {track.artist for track in halves if abs((track.energy or 0) - 0.8) <= ENERGY_FITS}
    assert {track.artist for track in found} == near
    assert 0 < len(near) < len(halves)


def test_a_list_made_for_a_run_keeps_the_cadence_it_was_made_for() -> None:
    eased = [PlaylistTrack("A", "B", bpm=120.0, target_bpm=140.0, factor=1.0)]
    made_with = {"bpm": 170.0, "tolerance": 4.0, "new": 0.0}
    assert wishes_of(eased, made_with) == Wishes(bpm=170.0, tolerance=4.0, new=0.0)
    assert wishes_of(eased, {"bpm": "fast", "new": 7}) == Wishes(bpm=170.0, tolerance=6.0, new=0.3)


def test_a_list_of_all_tempi_has_none() -> None:
    mixed = [PlaylistTrack("A", str(bpm), bpm=bpm) for bpm in (60.0, 81.0, 95.0, 118.0, 150.0)]
    few = [PlaylistTrack("A", "B", bpm=150.0)] * 4
    assert wishes_of(mixed, {}).bpm is wishes_of(few, {}).bpm is wishes_of([], {}).bpm is None


def test_interludes_and_endless_pieces_stay_out() -> None:
    pool = [offer(ARTISTS[0], "Interlude", seconds=20.0), offer(ARTISTS[1], "Drone", seconds=4000.0)]
    assert continued([], pool, KEYS, PLAIN, places=5) == ()
