"""Packs over a library alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import DiscoverError
from engine.session.library import Library
from engine.session.packs import Packs


@pytest.fixture
def packs(library: Library, tmp_path: Path) -> Packs:
    table = tmp_path / "tempos.csv"
    table.write_text("artist,track,bpm\nThe Lanterns,Slow Ferry,120\nArtist A0,Elsewhere,150\n")
    packs = Packs(library)
    packs.add(table, name="tempos")
    return packs


def test_a_pack_is_listed_stashed_brought_back_and_removed(packs: Packs) -> None:
    before = packs.all()
    assert [(pack.name, pack.kind) for pack in before] == [("tempos", "features")]
    packs.stash("tempos")
    assert packs.all() == ()
    packs.bring_back("tempos")
    assert packs.all() == before
    packs.remove("tempos")
    assert packs.all() == ()
    with pytest.raises(DiscoverError):
        packs.remove("tempos")


def test_a_stashed_pack_is_gone_with_the_library(packs: Packs, library: Library) -> None:
    packs.stash("tempos")
    library.close()
    again = Library(library.folders)
    with pytest.raises(DiscoverError):
        Packs(again).bring_back("tempos")
    again.close()


def test_how_many_of_ones_own_tracks_have_a_tempo_is_counted(packs: Packs) -> None:
    covered = packs.tempo_coverage()
    assert (covered.with_tempo, covered.tracks) == (1, 6)


def test_nothing_was_downloaded_unless_asked(packs: Packs) -> None:
    assert packs.fetches() == ()
