"""Running playlists: what every list keeps to, whatever the pool, and that the search earns its keep."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import CancelledError, NothingYetError
from engine.playlists.candidate import Candidate
from engine.playlists.compose import compose
from engine.playlists.contexts import ARTIST_GAP, CONTEXTS, Settings
from engine.playlists.playlist import ContextPlaylist
from engine.playlists.pool import ASSUMED_SECONDS
from engine.playlists.sequence import greedy
from tests.support.pools import made_up_pool, objective
from tuiapp.screens.context_profile import profile

POOL = made_up_pool(2500)


def assert_keeps_its_word(playlist: ContextPlaylist) -> None:
    names = [(track.artist, track.track) for track in playlist.tracks]
    assert len(set(names)) == len(names)
    for place, track in enumerate(playlist.tracks):
        nearby = playlist.tracks[place + 1 : place + 1 + playlist.artist_gap]
        assert track.artist not in {other.artist for other in nearby}
        assert track.bpm is not None
        assert track.factor in (0.5, 1.0, 2.0)
        assert track.tempo_error is not None
        assert track.tempo_error <= playlist.settings.tolerance / 100 + 1e-9


@pytest.mark.parametrize("bpm", [140.0, 160.0, 175.0])
@pytest.mark.parametrize(("minutes", "ease"), [(20.0, 0.0), (45.0, 5.0), (90.0, 10.0)])
def test_list_has_the_tempo_length_and_mix_asked_for(bpm: float, minutes: float, ease: float) -> None:
    asked = Settings(bpm=bpm, minutes=minutes, warm_up=ease, cool_down=ease, new=0.4)
    playlist = compose(POOL, asked)
    assert_keeps_its_word(playlist)
    assert playlist.artist_gap == ARTIST_GAP
    assert abs(playlist.length_error) < 15
    assert playlist.tempo_error < 0.02
    assert abs(playlist.new_share - 0.4) <= 1 / len(playlist.tracks)


def test_tempo_follows_the_profile() -> None:
    playlist = compose(POOL, Settings(bpm=170, minutes=60, warm_up=15, cool_down=15))
    targets = [track.target_bpm for track in playlist.tracks]
    assert targets[0] < 155
    assert targets[-1] < 150
    assert max(targets) == 170
    for track in playlist.tracks:
        assert abs(track.bpm * track.factor / track.target_bpm - 1) <= 0.06


def test_search_beats_greedy_and_never_loses_to_it() -> None:
    gains = []
    for seed in range(3):
        for minutes, ease in ((30.0, 5.0), (60.0, 0.0)):
            asked = Settings(bpm=165, minutes=minutes, warm_up=ease, cool_down=ease, seed=seed)
            gains.append(compose(POOL, asked).objective - greedy(objective(POOL, asked)).objective)
    assert min(gains) >= 0
    assert sum(gains) / len(gains) > 0.05


def test_same_seed_same_list_in_any_order_of_candidates() -> None:
    asked = Settings(bpm=160, minutes=30, seed=7)
    shuffled = list(POOL)
    random.Random(3).shuffle(shuffled)
    assert compose(POOL, asked) == compose(shuffled, asked)


def test_another_seed_gives_another_list_as_good() -> None:
    first = compose(POOL, Settings(bpm=160, minutes=45, seed=1))
    second = compose(POOL, Settings(bpm=160, minutes=45, seed=2))
    assert len({track.track for track in first.tracks} & {track.track for track in second.tracks}) < 10
    assert second.tempo_error < 0.02


def test_appeal_decides_between_tracks_that_fit_alike() -> None:
    pool = [replace(track, bpm=160.0, seconds=200.0, energy=0.8) for track in POOL[:600]]
    playlist = compose(pool, Settings(bpm=160, minutes=30, new=0.4))
    place = {track.track: rank for rank, track in enumerate(sorted(pool, key=lambda track: -track.appeal))}
    assert max(place[track.track] for track in playlist.tracks) < 200


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_share_of_new_music_is_met(share: float) -> None:
    playlist = compose(POOL, Settings(bpm=165, minutes=40, new=share))
    assert abs(playlist.new_share - share) <= 0.5 / len(playlist.tracks) + 1e-9


def test_versions_of_one_song_come_once() -> None:
    versions = [
        Candidate("A", title, "a", title.casefold(), 160.0, "x", 0.8, 200.0, 1.0, True)
        for title in ("Tin Roof", "Tin Roof - Remastered 2011", "Tin Roof (Remastered)")
    ]
    same_recording = [
        Candidate(
            name, "Duet", name.casefold(), "duet", 160.0, "x", 0.8, 200.0, 1.0, True, ids=(("isrc", "X1"),)
        )
        for name in ("B", "C")
    ]
    playlist = compose([*versions, *same_recording, *versions], Settings(bpm=160, minutes=15, new=0))
    assert len(playlist.tracks) == 2


# -- too little to choose from ------------------------------------------------------------------------


def test_too_few_tracks_give_a_shorter_list_that_says_so() -> None:
    pool = made_up_pool(60, seed=4, artists=60)
    playlist = compose(pool, Settings(bpm=150, minutes=120))
    assert_keeps_its_word(playlist)
    assert 0 < len(playlist.tracks) <= playlist.fitting
    assert playlist.length_error < -600
    short = round(-playlist.length_error / 60)
    assert any(
        f"Only {playlist.fitting} tracks fit" in note and f"{short} minutes short" in note
        for note in playlist.notes
    )


def test_unknown_tempo_is_counted_and_said() -> None:
    pool = [replace(track, bpm=None) if number % 2 else track for number, track in enumerate(POOL)]
    playlist = compose(pool, Settings(bpm=160, minutes=30))
    with_tempo = sum(track.bpm is not None for track in pool)
    assert playlist.coverage == with_tempo / len(pool)
    assert any(f"{len(pool) - with_tempo:,} can't be chosen" in note for note in playlist.notes)
    nearly = compose([replace(POOL[0], bpm=None, track_key="x"), *(t for t in POOL if t.bpm)], Settings())
    assert any(note.startswith(">99 % of the ") for note in nearly.notes)


def test_an_energy_that_is_an_estimate_is_counted_and_said() -> None:
    pool = [replace(track, energy_estimated=track.known) for track in made_up_pool(300)]
    playlist = compose(pool, context=CONTEXTS["commute"])
    owned = sum(track.known for track in playlist.tracks)
    assert 0 < owned < len(playlist.tracks)
    assert playlist.curve("energy").estimated == owned
    assert f"The energy of {owned} tracks is an estimate: how loud the file is." in playlist.notes
    assert f"energy, {owned} of {len(playlist.tracks)} estimated" in profile(playlist, "energy", 60).plain
    assert not [note for note in compose(made_up_pool(300)).notes if "energy" in note]


def test_files_that_wait_to_be_measured_are_named_where_something_is_unknown() -> None:
    said = "3 of your music files are not measured yet: discover library tempo."
    assert said in compose(POOL, waiting=3).notes
    assert said not in compose([track for track in POOL if track.bpm], waiting=3).notes
    silent = [replace(track, bpm=None, energy=None) for track in POOL[:5]]
    for context in (CONTEXTS["running"], CONTEXTS["commute"]):
        with pytest.raises(NothingYetError, match="3 of your music files are not measured yet"):
            compose(silent, context=context, waiting=3)


def test_unknown_lengths_are_assumed_and_marked() -> None:
    pool = [replace(track, seconds=None) for track in POOL]
    playlist = compose(pool, Settings(bpm=160, minutes=35))
    assert all(track.seconds == ASSUMED_SECONDS and track.seconds_estimated for track in playlist.tracks)
    assert any("assumed 3:30" in note for note in playlist.notes)


def test_one_artist_alone_returns_and_the_note_says_so() -> None:
    pool = [replace(track, artist="Only", artist_key="only", bpm=160.0) for track in POOL[:50]]
    playlist = compose(pool, Settings(bpm=160, minutes=30))
    assert playlist.artist_gap == 0
    assert abs(playlist.length_error) < 60
    assert any("Few artists match" in note for note in playlist.notes)


def test_no_new_music_at_all_is_said() -> None:
    pool = [replace(track, known=True) for track in POOL]
    playlist = compose(pool, Settings(bpm=160, minutes=30, new=0.5))
    assert playlist.new_share == 0
    assert any("0 % of the list, not 50 %: no new track is on offer" in note for note in playlist.notes)


def test_nothing_fits_is_an_empty_list_with_a_note() -> None:
    pool = [replace(track, bpm=100.0) for track in POOL[:20]]
    playlist = compose(pool, Settings(bpm=140, minutes=30))
    assert playlist.tracks == ()
    assert "No tracks match 140" in playlist.notes[0]
    eased = compose(pool, Settings(bpm=140, minutes=30, warm_up=5))
    assert "140 spm ± 6 %, including warm-up and cool-down. Change" in eased.notes[0]


def test_where_all_of_a_tempo_are_too_short_that_is_the_reason() -> None:
    pool = [replace(track, bpm=170.0, seconds=1.0) for track in POOL[:20]]
    pool += [replace(track, bpm=None, seconds=200.0) for track in POOL[20:40]]
    (first, *_) = compose(pool, Settings(bpm=170, minutes=30)).notes
    assert first == (
        "No tracks match 170 spm ± 6 %. All that have a tempo are under a minute, over 15 or longer than the list."
    )


def test_no_candidates_and_no_tempo_say_what_to_do() -> None:
    with pytest.raises(NothingYetError, match="import"):
        compose([])
    with pytest.raises(NothingYetError, match="features add"):
        compose([replace(track, bpm=None) for track in POOL[:5]])


def test_cancelling_stops_between_steps() -> None:
    with pytest.raises(CancelledError):
        compose(POOL, Settings(), cancelled=lambda: True)


NUMBERS = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.floats(40, 250))
HOSTILE = st.builds(
    Candidate,
    artist=st.sampled_from("ABCD"),
    track=st.text(max_size=4),
    artist_key=st.sampled_from("abcd"),
    track_key=st.text(min_size=1, max_size=2),
    bpm=NUMBERS,
    bpm_source=st.none(),
    energy=NUMBERS,
    seconds=NUMBERS,
    appeal=st.floats(allow_nan=True, allow_infinity=True),
    known=st.booleans(),
)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    st.lists(HOSTILE, min_size=1, max_size=30),
    st.floats(60, 200),
    st.floats(1, 60),
    st.floats(0, 1),
)
def test_any_pool_gives_a_list_that_keeps_its_word(
    pool: list[Candidate], bpm: float, minutes: float, new: float
) -> None:
    asked = Settings(bpm=bpm, minutes=minutes, warm_up=minutes / 5, new=new)
    try:
        playlist = compose(pool, asked)
    except NothingYetError:
        return
    for track in playlist.tracks:
        assert track.seconds is not None
        assert 60 <= track.seconds <= 900
        assert track.tempo_error is not None
        assert track.tempo_error <= 0.06 + 1e-9
    assert playlist.length_error <= 60
    assert compose(pool, asked) == playlist


def slow_pool(count: int, *, known: bool) -> list[Candidate]:
    """Tracks of one length, all slow and quiet: the best at one time of a list are the best at all."""
    rows = ((f"A{n % 200}", f"T{n}", 60.0 + n % 16, 0.05 + n % 25 / 100) for n in range(count))
    return [
        Candidate(artist, title, artist.casefold(), title.casefold(), bpm, "x", energy, 200.0, 1.0, known)
        for artist, title, bpm, energy in rows
    ]


def test_a_pool_whose_best_are_the_same_at_all_times_fills_the_list() -> None:
    made = compose(slow_pool(1000, known=True), Settings(minutes=240, new=0), CONTEXTS["party"])
    assert abs(made.length_error) < 60
    # Nothing was played: the share of new music asked for keeps none of them out.
    unplayed = compose(slow_pool(60, known=False), Settings(minutes=120, new=0), CONTEXTS["sleep"])
    assert len(unplayed.tracks) > 30
