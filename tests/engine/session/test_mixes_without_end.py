"""A mix that goes on: never an artist too soon, wider step by step, to the end of all music there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from engine.errors import NothingYetError
from engine.paths import Folders
from engine.playlists.contexts import ARTIST_GAP
from engine.playlists.mix import Mix, MixSeeds, MixSettings
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.session import Session, mix_pool, mixes
from engine.store.database import open_library
from tests.support.listens import judge, play
from tests.support.models import ARTISTS, write_model
from tests.support.tempos import write_tempos

DAY = 86_400
# Community data knows nothing of these.
UNKNOWN = ["Quiet Neighbours", "Garage Four", "Attic"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    root = tmp_path_factory.mktemp("going")
    folders: Folders = write_model(root / "data")
    connection = open_library(Door(folders))
    for number in (0, 3, 6):
        for side in range(4):
            play(connection, ARTISTS[number], f"Own {number} {side}", DAY * number, DAY * number + 600)
    for number, name in enumerate(UNKNOWN):
        play(connection, name, "Ours", *(DAY * 30 + 600 * play for play in range(9 - number)))
    judge(connection, "hide", UNKNOWN[2])
    connection.close()
    rows = [f"{name},{side} {n},120,240" for n, name in enumerate(ARTISTS) for side in ("Hit", "Cut")]
    with Session(folders) as opened:
        opened.packs.add(write_tempos(root, rows))
    return folders


@pytest.fixture
def session(folders: Folders) -> Iterator[Session]:
    folders.mixes.unlink(missing_ok=True)
    with Session(folders) as opened:
        yield opened


def well_spaced(tracks: Sequence[PlaylistTrack]) -> bool:
    artists = [track.artist for track in tracks]
    return all(name not in artists[max(0, n - ARTIST_GAP) : n] for n, name in enumerate(artists))


def to_the_end(session: Session, seeds: MixSeeds, settings: MixSettings) -> tuple[list[Mix], str]:
    """All parts of a mix that goes on, and what is said when nothing is left."""
    parts = [session.mixes.mix(seeds, settings)]
    for _ in range(60):
        try:
            parts.append(session.mixes.mix(seeds, settings, more=True))
        except NothingYetError as error:
            return parts, str(error)
    pytest.fail("it never ended")


def test_tracks_of_one_artist_to_start_from_are_not_side_by_side(session: Session) -> None:
    names = [f"{ARTISTS[0]} - own 0 {side}" for side in range(3)]
    seeds = session.seeds.of([*names, f"{ARTISTS[3]} - own 3 0"])
    made = session.mixes.mix(seeds, MixSettings(minutes=60))
    assert well_spaced(made.tracks)
    places = [place for place, track in enumerate(made.tracks) if track.artist == ARTISTS[0]]
    assert places[:3] == [0, 6, 12]
    assert [made.tracks[place].track for place in places[:3]] == [f"Own 0 {side}" for side in range(3)]
    assert (made.tracks[1].artist, made.tracks[1].track) == (ARTISTS[3], "Own 3 0")
    assert made.notes == ()
    # What there is no room for yet comes in the next part.
    short = session.mixes.mix(seeds, MixSettings(minutes=15))
    assert well_spaced(short.tracks)
    assert short.notes[0] == "2 tracks it starts from had no room: an artist comes again after 5 others."
    more = session.mixes.mix(seeds, MixSettings(minutes=60), more=True)
    assert well_spaced([*short.tracks, *more.tracks])
    assert {"Own 0 1", "Own 0 2"} <= {track.track for track in more.tracks}


def test_tracks_to_start_from_that_do_not_fit_in_its_time_say_that(session: Session) -> None:
    seeds = session.seeds.of([f"{ARTISTS[number]} - own {number} 0" for number in (0, 3, 6)])
    made = session.mixes.mix(seeds, MixSettings(minutes=4))
    # Their length is unknown: 3:30 is assumed, as of all tracks.
    assert [(track.seconds, track.seconds_estimated) for track in made.tracks] == [(210.0, True)]
    assert made.notes[0] == "2 tracks it starts from had no room: the list is full."


def test_it_goes_on_to_all_music_there_is_and_never_repeats_an_artist_too_soon(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mix_pool, "FITTING_ARTISTS", 6)
    monkeypatch.setattr(mixes, "FITTING_ARTISTS", 6)
    seeds = session.seeds.of([ARTISTS[6]])
    parts, said = to_the_end(session, seeds, MixSettings(minutes=60))
    tracks = [track for part in parts for track in part.tracks]
    assert well_spaced(tracks)
    assert len({(track.artist, track.track) for track in tracks}) == len(tracks)
    assert {track.artist for track in tracks} == {*ARTISTS, *UNKNOWN[:2]}
    assert "6 artists that fit best have no more tracks: this is of the best 24." in " ".join(parts[0].notes)
    notes = " ".join(note for part in parts for note in part.notes)
    assert "this is of all music there is." in notes
    assert said.startswith(f"No more tracks: all music there is was in Mix: {ARTISTS[6]}.")
    # A step wider only where what fits better is used up.
    first = [ARTISTS.index(track.artist) % 3 for track in parts[0].tracks]
    assert first.count(0) > len(first) * 0.8


def test_a_playlist_is_continued_by_more_artists_where_the_nearest_have_too_few(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mix_pool, "FITTING_ARTISTS", 2)
    session.playlists.create("Short", session.tracks.named([(ARTISTS[0], None)]))
    assert len(session.playlists.extend("Short", 20).added) == 20
    session.playlists.remove("Short")


def test_of_few_artists_it_ends_early_and_says_that_they_came_too_recently(session: Session) -> None:
    seeds = session.seeds.of([f"{ARTISTS[0]} - own 0 0"])
    made = session.mixes.mix(seeds, MixSettings(minutes=60, from_library=True))
    assert well_spaced(made.tracks)
    assert {track.artist for track in made.tracks} == {ARTISTS[number] for number in (0, 3, 6)} | set(
        UNKNOWN[:2]
    )
    assert made.notes[-1].startswith("9 more tracks fit, all by artists played less than 5 tracks before: ")
