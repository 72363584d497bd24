"""Packs over a library alone."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.community.packs import community_packs
from engine.errors import DamagedDataError, DiscoverError
from engine.session import Session
from engine.session.library import Library
from engine.session.packs import Packs
from tests.support.models import write_model
from tuiapp.cli.main import run


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
    packs.restore("tempos")
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
        Packs(again).restore("tempos")
    again.close()


def test_a_command_or_training_beside_leaves_what_can_still_be_undone(packs: Packs) -> None:
    before = packs.all()
    packs.stash("tempos")
    Library(packs.library.folders).close()
    packs.restore("tempos")
    assert packs.all() == before
    packs.stash("tempos")
    os.close(packs.library.stashed.pop("tempos"))  # as the end of a killed app does
    Library(packs.library.folders).close()
    with pytest.raises(DiscoverError):
        packs.restore("tempos")


def test_a_half_removed_pack_is_named_and_keeps_no_other_from_being_used(
    packs: Packs, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = packs.library.folders
    (folders.packs / "half").mkdir()
    (folders.packs / "half" / "plays.npy").write_bytes(b"")
    assert [pack.name for pack in packs.all()] == ["tempos"]
    (said,) = packs.with_damaged()[1].values()
    assert said.endswith("discover community remove half, then discover community add PATH --name half")
    # What it was nobody knows: nothing is trained without it unasked.
    with pytest.raises(DamagedDataError, match="manifest is missing"):
        community_packs(folders, "artists")
    packs.library.close()
    assert run(["--data-dir", str(folders.root), "doctor"]) == 0
    assert said in capsys.readouterr().out
    for command in (["features", "list"], ["features", "remove", "tempos"], ["community", "list"]):
        assert run(["--data-dir", str(folders.root), *command]) == 0
        printed = capsys.readouterr()
        assert said in printed.err
        assert "No packs" not in printed.err
    assert run(["--data-dir", str(folders.root), "community", "remove", "half"]) == 0
    assert not (folders.packs / "half").exists()


def test_a_pack_that_takes_the_place_of_another_has_its_name(packs: Packs, tmp_path: Path) -> None:
    with packs.apart() as folders:
        packs.add(tmp_path / "tempos.csv", name="newer")
        # Killed before it is known to be wanted, it is no pack.
        assert [pack.name for pack in packs.all()] == ["tempos"]
        packs.put_in_place_of(folders.packs / "newer", "tempos")
    assert [pack.name for pack in packs.all()] == ["tempos"]
    manifest = packs.library.folders.packs / "tempos" / "manifest.json"
    assert json.loads(manifest.read_bytes())["name"] == "tempos"
    # One whose manifest says another is called by its folder.
    manifest.write_text(manifest.read_text().replace('"name": "tempos"', '"name": "newer"'))
    assert [pack.name for pack in packs.all()] == ["tempos"]


def test_how_many_of_ones_own_tracks_have_a_tempo_is_counted(packs: Packs) -> None:
    covered = packs.tempo_coverage()
    assert (covered.with_tempo, covered.tracks) == (1, 6)


def test_nothing_was_downloaded_unless_asked(packs: Packs) -> None:
    assert packs.fetches() == ()


def test_keys_of_earlier_versions_are_reported_with_what_to_do(tmp_path: Path) -> None:
    folders = write_model(tmp_path / "data", called=["Ida", "Bj\u00adörk", "Lark"], items=3)
    (tmp_path / "tempo.csv").write_text("artist,track,bpm\nÖdland,Sön\u200bg,120\n")
    with Session(folders) as session:
        session.packs.add(tmp_path / "tempo.csv")
        assert session.packs.of_earlier_versions() == session.models.of_earlier_versions() == []
    pack, model = (
        folders.packs / "tempo" / "features.sqlite",
        folders.models / "made-by-hand" / "catalog.sqlite",
    )
    for file, change in (
        (pack, "UPDATE features SET track_key = 'sön\u200bg'"),
        (model, "UPDATE items SET key = 'bj\u00adork' WHERE id = 1"),
    ):
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(change)
    with Session(folders) as session:
        assert ["discover community add PATH" in said for said in session.packs.of_earlier_versions()] == [
            True
        ]
        assert any(
            "Train again: discover train." in said and "names" in said
            for said in session.models.of_earlier_versions()
        )
