"""What a mix may take: of one's own music, not played lately, by artists that fit."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError
from engine.playlists.mix import MixSettings
from engine.playlists.playlist import PlaylistTrack
from engine.session.library import Library
from engine.session.mix_pool import Given, artists_with, tracks_by
from engine.session.models import Models
from engine.session.packs import Packs
from tests.support.listens import judge, play
from tests.support.models import ARTISTS
from tests.support.services import DAY


@pytest.fixture
def packs(library: Library, tmp_path: Path) -> Packs:
    table = tmp_path / "tempos.csv"
    table.write_text("\n".join(["artist,track,bpm", *(f"{name},Hit,120" for name in ARTISTS[:6])]))
    packs = Packs(library)
    packs.add(table)
    return packs


def taken(
    library: Library, packs: Packs, settings: MixSettings, until: int | None = None
) -> set[tuple[str, str]]:
    given = Given.of(library.connection, settings, until, until)
    keys = [artist_key(name) for name in (ARTISTS[0], ARTISTS[2])]
    return {(one.artist, one.track) for one in tracks_by(library.connection, packs, keys, given)}


def test_tracks_are_those_of_the_artists_in_one_s_own_music_if_asked(library: Library, packs: Packs) -> None:
    own, new = {(ARTISTS[0], "A Song")}, {(ARTISTS[0], "Hit"), (ARTISTS[2], "Hit")}
    assert taken(library, packs, MixSettings()) == own | new
    assert taken(library, packs, MixSettings(from_library=True)) == own
    judge(library.connection, "hide", ARTISTS[2])
    assert taken(library, packs, MixSettings()) == own | {(ARTISTS[0], "Hit")}


def test_what_was_played_within_the_days_stays_out_in_any_version(library: Library, packs: Packs) -> None:
    now = int(time.time())
    play(library.connection, ARTISTS[0], "A Song (Remastered 2011)", now - 3 * DAY)
    assert (ARTISTS[0], "A Song") in taken(library, packs, MixSettings(not_played_in=2))
    assert (ARTISTS[0], "A Song") not in taken(library, packs, MixSettings(not_played_in=4))
    # As of a day before that play, it was not played lately.
    assert (ARTISTS[0], "A Song") in taken(library, packs, MixSettings(not_played_in=4), now - 10 * DAY)
    given = Given.of(library.connection, MixSettings(not_played_in=4, from_library=True))
    assert not given.lists(PlaylistTrack(ARTISTS[0], "A Song"))
    assert given.lists(PlaylistTrack(ARTISTS[3], "A Song"))
    assert not given.lists(PlaylistTrack(ARTISTS[3], "Nothing one has"))


def test_the_artists_that_fit_are_of_the_leading_ones_kind(library: Library) -> None:
    model, given = Models(library).open(), Given.of(library.connection, MixSettings())
    keys = [artist_key(name) for name in ARTISTS]
    fitting = next(artists_with(model, "x", {ARTISTS[1]: 1.0, ARTISTS[4].upper(): 1.0}, given.taste))
    assert {keys.index(key) % 3 for key in fitting[:10]} == {1}
    assert len(set(fitting)) == len(fitting)
    with pytest.raises(NothingYetError, match="Evening is empty"):
        next(artists_with(model, "Evening", {}, given.taste))
    with pytest.raises(NothingYetError, match="None of the artists in Evening is in the community data"):
        next(artists_with(model, "Evening", {"The Lanterns": 1.0}, given.taste))
