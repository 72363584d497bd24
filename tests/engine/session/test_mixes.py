"""A mix: begins with its seeds, goes on with what goes with them, never an artist too soon, never a blocked one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError
from engine.paths import Folders
from engine.playlists.compose import ARTIST_GAP
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.session import Session
from engine.store.database import open_library
from tests.support.listens import play
from tests.support.models import names, write_model

ARTISTS = names(60)


@pytest.fixture
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Six played artists of the model's 60, which has three kinds in turn, and a pack with two tracks of each."""
    root = tmp_path_factory.mktemp("mixing")
    folders: Folders = write_model(root / "data")
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 12, 1):
        play(connection, ARTISTS[number], f"Own {number}", 86_400 * number, 86_400 * number + 600)
    connection.close()
    table = root / "tempos.csv"
    rows = [
        f"{name},{side} {n},{80 + n},{200 + n}"
        for n, name in enumerate(ARTISTS)
        for side in ("Hit", "Deep cut")
    ]
    table.write_text("\n".join(["artist,track,bpm,duration", *rows]))
    with Session(folders) as opened:
        opened.packs.add(table)
        opened.verdicts.judge("block", ARTISTS[33])
        opened.verdicts.judge("hide", ARTISTS[36])
        yield opened


def kind(artist: str) -> int:
    return [artist_key(name) for name in ARTISTS].index(artist_key(artist)) % 3


def test_a_mix_begins_with_its_seed_and_stays_near_it(session: Session) -> None:
    made = session.playlists.mix("Mix", session.tracks.named([(ARTISTS[6], "Own 6")]), 20)
    assert (made.tracks[0].artist, made.tracks[0].track) == (ARTISTS[6], "Own 6")
    assert len(made.tracks) == 21
    assert sum(kind(track.artist) == 0 for track in made.tracks[:11]) >= 9
    artists = [track.artist for track in made.tracks]
    assert all(name not in artists[max(0, n - ARTIST_GAP) : n] for n, name in enumerate(artists))
    assert not {ARTISTS[33], ARTISTS[36]} & set(artists)
    assert {track.known for track in made.tracks} == {True, False}


def test_another_mix_of_the_same_is_another_list_under_another_name(session: Session) -> None:
    seeds = session.tracks.named([(ARTISTS[1], None)])
    first, second = (session.playlists.mix("Mix", seeds) for _ in range(2))
    assert (first.name, second.name) == ("Mix", "Mix 2")
    assert first.tracks != second.tracks
    session.playlists.restore(first)
    assert session.playlists.mix("mix", seeds).tracks == first.tracks, "the same list for the same seed"


def test_a_seed_nobody_knows_a_track_of_leads_and_is_not_listed(session: Session) -> None:
    made = session.playlists.mix("Mix", [PlaylistTrack(ARTISTS[2], "", known=False)])
    assert all(track.track for track in made.tracks)
    assert kind(made.tracks[0].artist) == 2


def test_what_nothing_is_known_of_makes_no_mix_and_leaves_no_list(session: Session) -> None:
    with pytest.raises(NothingYetError, match="nothing is known to go with it"):
        session.playlists.mix("Mix: Nobody", [PlaylistTrack("Nobody", "Song")])
    assert not session.playlists.all()
