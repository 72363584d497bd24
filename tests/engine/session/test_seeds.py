"""Seeds over a library alone: what a name means, how much each counts, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import NothingYetError, UnknownNameError, UsageError
from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.session.library import Change, Library
from engine.session.seeds import OF_GENRE, Seeds
from tests.support.listens import judge, play
from tests.support.models import ARTISTS
from tests.support.services import playlists_of, seeds_of
from tests.support.tagged import give_tags

EVENING = (
    PlaylistTrack(ARTISTS[1], "Moss"),
    PlaylistTrack(ARTISTS[4], "Fern"),
    PlaylistTrack(ARTISTS[1], "Peat"),
)


@pytest.fixture
def seeds(library: Library) -> Seeds:
    give_tags(library.folders)
    playlists_of(library).create("Evening", EVENING)
    return seeds_of(library)


def test_a_track_begins_the_mix_and_a_playlist_is_left_out_of_it(seeds: Seeds) -> None:
    track = seeds.of(["the lanterns - slow ferry"])
    assert [(one.artist, one.track) for one in track.tracks] == [("The Lanterns", "Slow Ferry")]
    assert (track.leading, track.without) == ({"The Lanterns": 1.0}, ())
    saved = seeds.of(["EVENING"])
    # By how many tracks each has, as much in all as there are artists.
    assert saved.leading == pytest.approx({ARTISTS[1]: 4 / 3, ARTISTS[4]: 2 / 3})
    assert saved.tracks == ()
    assert [(one.artist, one.track) for one in saved.without] == [(one.artist, one.track) for one in EVENING]


def test_an_ambiguous_name_is_the_artist_and_a_prefix_says_otherwise(seeds: Seeds, library: Library) -> None:
    playlists_of(library).create(ARTISTS[0], EVENING)
    assert seeds.of([ARTISTS[0]]).leading == {ARTISTS[0]: 1.0}
    assert seeds.of([f" Playlist : {ARTISTS[0]}"]).leading.keys() == {ARTISTS[1], ARTISTS[4]}
    # A colon within a name is no prefix.
    play(library.connection, "Mono: Lake", "Tide", 1000)
    library.changed(Change.PLAYS)
    assert seeds.of(["mono: lake"]).leading == {"Mono: Lake": 1.0}


def test_a_genre_is_its_best_fitting_artists_without_the_blocked(seeds: Seeds, library: Library) -> None:
    before = seeds.of(["ambient"]).leading
    assert len(before) == OF_GENRE
    assert set(before.values()) == {1.0}
    gone = next(iter(before))
    judge(library.connection, "block", gone)
    assert gone in seeds.of(["ambient"]).leading, "nobody said that anything changed"
    library.changed(Change.TASTE)
    assert seeds.of(["ambient"]).leading.keys() == before.keys() - {gone}


def test_neither_order_nor_repeats_change_the_weights_or_the_key(seeds: Seeds) -> None:
    one, other = seeds.of(["evening", "ambient"]), seeds.of(["ambient", "evening"])
    assert one.leading == other.leading
    assert one.key == other.key
    assert sum(one.leading[name] for name in (ARTISTS[1], ARTISTS[4])) == pytest.approx(OF_GENRE)
    assert sum(one.leading.values()) == pytest.approx(2 * OF_GENRE)
    assert seeds.of(["evening", "ambient", "EVENING"]) == one


def test_what_is_no_seed_is_refused_with_the_reason(seeds: Seeds, library: Library) -> None:
    with pytest.raises(UsageError, match="Name what the mix starts from"):
        seeds.of([])
    playlists_of(library).create("Nothing in it")
    with pytest.raises(NothingYetError, match="Nothing in it is empty"):
        seeds.of(["nothing in it"])
    # Everything browse lists is no genre.
    for name in ("genre:all artists", "genre:Evening", "playlist:ambient", "Nobody Knows This"):
        with pytest.raises(UnknownNameError):
            seeds.of([name])


def test_without_a_model_there_are_artists_and_playlists_and_no_genres(tmp_path: Path) -> None:
    library = Library(Folders(tmp_path / "data"))
    play(library.connection, "The Lanterns", "Slow Ferry", 50)
    seeds = seeds_of(library)
    assert seeds.of(["lanterns"]).leading == {"The Lanterns": 1.0}
    with pytest.raises(
        UnknownNameError, match=r"No artist, track, playlist or genre .*Did you mean The Lanterns"
    ):
        seeds.of(["The Lantrens"])
    with pytest.raises(NothingYetError):
        seeds.of(["genre:ambient"])
    library.close()
