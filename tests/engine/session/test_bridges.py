"""Bridges over a library alone: both ends, steps that are alike, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import NothingYetError, UnknownNameError, UsageError
from engine.paths import Folders
from engine.playlists.mix import MixSettings
from engine.session.bridges import Bridges
from engine.session.library import Change, Library
from engine.session.models import Models
from engine.session.music import Music
from engine.session.packs import Packs
from tests.support.audio import song
from tests.support.listens import judge, play
from tests.support.models import ARTISTS
from tests.support.services import seeds_of
from tests.support.tempos import write_tempos

SHORT = MixSettings(minutes=30)
START, END = ARTISTS[0], ARTISTS[1]


def over(library: Library) -> Bridges:
    return Bridges(library, Models(library), Packs(library), seeds_of(library))


@pytest.fixture
def bridges(library: Library, tmp_path: Path) -> Bridges:
    """With a track of each artist known by a pack."""
    rows = (f"{name},Hit,{90 + n},200" for n, name in enumerate(ARTISTS))
    Packs(library).add(write_tempos(tmp_path, rows))
    return over(library)


def test_it_goes_from_one_end_to_the_other_with_no_artist_twice(bridges: Bridges) -> None:
    made = bridges.bridge(START, END, SHORT)
    assert (made.kind, made.title) == ("bridge", f"From {START} to {END}")
    artists = [track.artist for track in made.tracks]
    assert (artists[0], artists[-1]) == (START, END)
    assert len(set(artists)) == len(artists) > 4
    assert len(made.similarities) == len(artists)
    assert made.similarities[0] is None
    steps = [like for like in made.similarities[1:] if like is not None]
    assert f"Steps are {min(steps):.2f} to {max(steps):.2f} alike" in made.notes[0]
    assert bridges.bridge(START, END, SHORT) == made


def test_a_verdict_holds_from_the_next_bridge_on(bridges: Bridges, library: Library) -> None:
    step = bridges.bridge(START, END, SHORT).tracks[2].artist
    for verdict in ("block", "hide"):
        judge(library.connection, verdict, step)
        library.changed(Change.TASTE)
        assert step not in {track.artist for track in bridges.bridge(START, END, SHORT).tracks}


def test_what_has_no_way_between_is_refused_with_the_reason(bridges: Bridges, library: Library) -> None:
    for start, end, settings, error, words in (
        (START, END, MixSettings(drift=0.5), UsageError, "leave drift out"),
        (START, f"artist:{START}", SHORT, UsageError, "are the same: there is no way between"),
        (START, "Nobody Knows This", SHORT, UnknownNameError, "No artist, track, playlist or genre"),
        (
            START,
            "The Lanterns",
            SHORT,
            NothingYetError,
            "None of the artists in The Lanterns is in the community",
        ),
        (START, END, MixSettings(minutes=1), NothingYetError, "Ask for more"),
    ):
        with pytest.raises(error, match=words):
            bridges.bridge(start, end, settings)
    Packs(library).remove("tempos")
    for number in (3, 6, 9):
        judge(library.connection, "hide", ARTISTS[number])
    library.changed(Change.EVERYTHING)
    with pytest.raises(NothingYetError, match="Add track features of more music"):
        bridges.bridge(START, END, SHORT)


def test_of_ones_own_music_alone_what_is_missing_is_said(
    bridges: Bridges, library: Library, tmp_path: Path
) -> None:
    mine = replace(SHORT, from_library=True)
    made = bridges.bridge(START, END, mine)
    assert {track.artist for track in made.tracks} <= {ARTISTS[n] for n in (0, 3, 6, 9, 1)}
    assert made.missing
    # With files, these alone are what the person has.
    for artist in (START, END):
        song(tmp_path / "Music", artist, "Hit")
    Music(library).add(tmp_path / "Music")
    with pytest.raises(NothingYetError, match="You have no music between"):
        bridges.bridge(START, END, mine)


def test_without_a_model_it_says_what_to_do(tmp_path: Path) -> None:
    library = Library(Folders(tmp_path / "data"))
    for artist in ("Burel", "Ida"):
        play(library.connection, artist, "Waves", 50)
    with pytest.raises(NothingYetError):
        over(library).bridge("Burel", "Ida")
    library.close()
