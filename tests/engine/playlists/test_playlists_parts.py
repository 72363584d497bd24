"""Of a profile that is filled only in part there is a list for that part, and it says which."""

from __future__ import annotations

import pytest

from engine.playlists.candidate import Candidate
from engine.playlists.compose import compose
from engine.playlists.contexts import CONTEXTS, Settings
from engine.playlists.fit import targets_of
from engine.playlists.profile import profile_of
from tuiapp.screens.context_profile import profile


def pool(bpm: float, count: int, energy: float = 0.75) -> list[Candidate]:
    """Tracks near one tempo, all of one length and of many artists."""
    return [
        Candidate(
            f"A{bpm:g} {n % 60}",
            f"T{n}",
            f"a{bpm:g} {n % 60}",
            f"t{n}",
            bpm + n % 3,
            "x",
            energy,
            200.0,
            1.0,
            known=True,
        )
        for n in range(count)
    ]


def test_a_workout_without_tracks_for_its_rest_is_its_hard_rounds() -> None:
    made = compose(pool(169, 200), Settings(bpm=170, minutes=30, new=0), CONTEXTS["workout"])
    assert len(made.tracks) == 4, "a round each"
    assert min(track.target_bpm or 0 for track in made.tracks) > 155
    assert len(made.left_out) == 5
    assert made.notes[0].startswith("No track that is left fits from 0:00 to 1:40; 5:00 to 8:20; ")
    assert "the list has the other parts, and is 17 minutes short. A tolerance of" in made.notes[0]
    # The picture has what was asked for where the tracks play.
    lowest = profile(made, "tempo", 60).plain.splitlines()[-2]
    assert int(lowest.split()[0]) < 150


@pytest.mark.parametrize(("warm_up", "cool_down"), [(10, 0), (0, 10), (10, 10)])
def test_a_run_without_tracks_for_its_ends_is_its_middle(warm_up: int, cool_down: int) -> None:
    asked = Settings(bpm=170, minutes=45, warm_up=warm_up, cool_down=cool_down, new=0)
    made = compose(pool(169, 200), asked)
    assert made.seconds > 32 * 60
    assert all((track.tempo_error or 0) <= 0.06 for track in made.tracks)
    starts = {start for start, _ in made.left_out}
    assert (0.0 in starts) == bool(warm_up)
    assert (45 * 60 in {end for _, end in made.left_out}) == bool(cool_down)
    assert "the list has the other parts" in made.notes[0]


def test_where_too_few_tracks_fit_a_part_the_next_part_follows() -> None:
    asked = Settings(bpm=170, minutes=60, warm_up=30, new=0)
    made = compose([*pool(150, 2), *pool(169, 200)], asked)
    slow = [track for track in made.tracks if (track.bpm or 0) < 155]
    assert made.tracks[: len(slow)] == tuple(slow)
    assert len(slow) == 2
    assert made.seconds > 40 * 60
    assert all((track.tempo_error or 0) <= 0.06 for track in made.tracks)


def test_what_no_track_fits_at_any_time_is_not_called_a_part() -> None:
    made = compose(pool(100, 20), Settings(bpm=170, minutes=30, new=0))
    assert (made.tracks, made.left_out) == ((), ())
    assert made.notes[0].startswith("No tracks match 170 spm")
    few = compose(pool(169, 4), Settings(bpm=170, minutes=30, new=0))
    assert few.left_out == ()
    assert "Only 4 tracks fit" in few.notes[0]


def test_times_of_the_profile_go_on_where_parts_are_left_out() -> None:
    made = compose(pool(169, 200), Settings(bpm=170, minutes=30, new=0), CONTEXTS["workout"])
    assert [made.profile_time(at) for at in (0.0, 150.0, 250.0)] == [100.0, 250.0, 550.0]
    context = CONTEXTS["workout"]
    targets = targets_of(profile_of(context, Settings(minutes=30)), 1800.0)
    assert targets.left_out == ()
    cut = targets.without(0, 10).without(20, 30)
    assert cut.left_out == ((0.0, 100.0), (300.0, 400.0))
    assert cut.length == 1600.0
