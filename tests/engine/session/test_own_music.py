"""Only what you have: lists of the files of one's folders, and without any of what was played or kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.playlists.contexts import Context
from engine.playlists.mix import MixSettings
from engine.playlists.offer import candidates
from engine.playlists.playlist import PlaylistTrack
from engine.recommend.settings import DiscoverSettings
from engine.session import Session
from tests.support.audio import song, wav
from tests.support.models import ARTISTS
from tests.support.services import played_some

MINE = DiscoverSettings(n=60, familiarity=0.5, from_library=True)
PLAYED, UNPLAYED, BLOCKED = ARTISTS[0], ARTISTS[21], ARTISTS[24]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(played_some(tmp_path / "data"))


@pytest.fixture
def music(session: Session, tmp_path: Path) -> Path:
    """A file of an artist who was played, two of such who never were, and one nobody knows."""
    for artist, title in (
        (PLAYED, "A Song (Live)"),
        (UNPLAYED, "Moss"),
        (BLOCKED, "Fern"),
        ("Nobody", "Knows"),
    ):
        song(tmp_path / "Music", artist, title)
    session.music.add(tmp_path / "Music")
    return tmp_path / "Music"


def listed(session: Session, settings: DiscoverSettings) -> dict[str, bool]:
    return {item.artist: item.known for item in session.discover.list(settings).items}


def test_discover_lists_artists_there_are_files_of(session: Session, music: Path) -> None:
    assert listed(session, MINE) == {PLAYED: True, UNPLAYED: False, BLOCKED: False}
    assert "3 artists" in session.discover.list(MINE).notes[0]
    session.verdicts.judge("block", BLOCKED)
    assert listed(session, MINE) == {PLAYED: True, UNPLAYED: False}
    # A half-life, and another list beside it, are as they would be.
    assert listed(session, replace(MINE, half_life=30)) == listed(session, MINE)
    assert len(listed(session, DiscoverSettings(n=60))) > 10
    session.music.remove(music)
    assert UNPLAYED not in listed(session, MINE)


def test_a_list_of_what_one_has_names_what_it_would_else_hold(session: Session, music: Path) -> None:
    context, table = Context("all", "All", ""), music.parent / "tempos.csv"
    table.write_text(
        "\n".join(["artist,track,bpm", f"{UNPLAYED},Moss,120", *(f"{name},A Song,100" for name in ARTISTS)])
    )
    session.packs.add(table)
    made = session.playlists.make(context, from_library=True)
    whole = session.playlists.make(context)
    mine = {(track.artist, track.track) for track in made.tracks}
    # A live recording is not a file of the studio recording.
    assert made.missing == tuple(one for one in whole.tracks if (one.artist, one.track) not in mine)
    assert len(made.missing) > 5
    assert f"{made.missing[0].artist} - {made.missing[0].track}; " in made.notes[1]
    assert whole.missing == ()


def test_without_a_folder_it_is_what_was_played(session: Session) -> None:
    assert set(listed(session, MINE).values()) == {True}
    assert listed(session, replace(MINE, familiarity=1.0)) == listed(session, MINE), "there is nothing new"


def test_tracks_on_offer_are_those_there_are_files_of(session: Session, music: Path) -> None:
    session.verdicts.judge("block", BLOCKED)

    def offered(*, from_library: bool) -> set[tuple[str, str, bool]]:
        with session.packs.features() as features:
            found = candidates(session.library.connection, features, (), from_library=from_library)
        return {(one.artist, one.track, one.known) for one in found}

    mine = {(PLAYED, "A Song (Live)", False), (UNPLAYED, "Moss", False), ("Nobody", "Knows", False)}
    assert offered(from_library=True) == mine
    assert offered(from_library=False) > {*mine, (PLAYED, "A Song", True)}


def test_whatever_continues_bridges_or_recommends_names_what_one_lacks(session: Session, music: Path) -> None:
    table = music.parent / "tempos.csv"
    table.write_text("\n".join(["artist,track,bpm", *(f"{name},A Song,100" for name in ARTISTS)]))
    session.packs.add(table)

    def named(tracks: Iterable[PlaylistTrack]) -> list[tuple[str, str]]:
        return [(one.artist, one.track) for one in tracks]

    session.playlists.create("Mine", session.tracks.named([(PLAYED, "A Song (Live)")]))
    whole = session.playlists.extend("Mine", 8)
    assert (whole.missing, whole.notes) == ((), ())
    session.playlists.remove_tracks("Mine", whole.places)
    ends, settings = (ARTISTS[0], ARTISTS[21]), MixSettings(minutes=20.0)
    of_any = session.bridges.bridge(*ends, settings)
    # Every other one of these the person has from now on.
    has = {*named(whole.added)[::2], *named(of_any.tracks)[::2]}
    for artist, title in has:
        # Of a usual length, at two samples a second.
        tags = {"TPE1": artist, "TIT2": title}
        wav(music / f"{artist} - {title}.wav", np.zeros(400), 2, tags=tags)
    session.music.scan()
    mine = session.playlists.extend("Mine", 8, from_library=True)
    assert named(mine.added)
    assert named(mine.missing) == [one for one in named(whole.added) if one not in has] != []
    assert mine.missing[0].artist in mine.notes[0]

    bridge = session.bridges.bridge(*ends, replace(settings, from_library=True))
    assert bridge.missing
    assert set(named(bridge.missing)) <= set(named(of_any.tracks)) - has
    assert any(bridge.missing[0].artist in note for note in bridge.notes)
    assert of_any.missing == ()

    lacking = {item.artist for item in session.discover.lacking(MINE)}
    assert lacking == set(listed(session, replace(MINE, from_library=False))) - set(listed(session, MINE))
    assert lacking
    assert session.discover.lacking(replace(MINE, from_library=False)) == ()
