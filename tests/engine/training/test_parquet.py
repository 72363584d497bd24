"""Community data as Parquet: whole or not there, numbers alone, and what is missing named."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from engine.community.packs import community_packs
from engine.errors import CancelledError, DiscoverError, NothingYetError
from engine.paths import digest_of
from engine.training import parquet as exported
from engine.training.interactions import community_interactions
from tests.support.commands import document as printed


def test_an_export_holds_the_plays_and_the_items_of_training(session, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(exported, "PAIRS", 100)
    made = session.packs.export(tmp_path / "out", "artists")
    data = community_interactions(community_packs(session.folders, "artists"))
    plays = parquet.read_table(tmp_path / "out" / "plays")
    assert len(list((tmp_path / "out" / "plays").iterdir())) > 5
    assert plays.column_names == ["listener", "item", "plays"]
    found = np.zeros(data.plays.shape)
    np.add.at(found, (plays["listener"].to_numpy(), plays["item"].to_numpy()), plays["plays"].to_numpy())
    assert np.array_equal(found, data.plays.toarray())
    items = parquet.read_table(tmp_path / "out" / "items.parquet")
    assert items["artist"].to_pylist() == list(data.names)
    assert (made["listeners"], made["items"], made["digest"]) == (90, 60, data.digest)
    assert {name: digest_of(tmp_path / "out" / name) for name in made["files"]} == made["files"]


def test_items_have_the_musicbrainz_ids_of_their_packs(session, tmp_path) -> None:
    (pack,) = community_packs(session.folders, "artists")
    ids = np.zeros((60, 16), dtype=np.uint8)
    ids[3, 15] = 7
    np.save(pack.folder / "mbids.npy", ids)
    session.packs.export(tmp_path / "out", "artists")
    found = parquet.read_table(tmp_path / "out" / "items.parquet")["mbid"].to_pylist()
    assert found == [None] * 3 + ["00000000-0000-0000-0000-000000000007"] + [None] * 56


def test_the_command_says_what_was_written(session, tmp_path, capsys) -> None:
    session.close()
    out = str(tmp_path / "out")
    document = printed(
        capsys, "--data-dir", str(session.folders.root), "community", "export", "--parquet", out
    )
    assert [pack["name"] for pack in document["packs"]] == ["camps"]
    assert (document["listeners"], document["items"]) == (90, 60)
    assert (tmp_path / "out" / "manifest.json").exists()


def test_an_export_that_is_stopped_leaves_nothing_and_takes_no_others_place(session, tmp_path) -> None:
    with pytest.raises(CancelledError):
        session.packs.export(tmp_path / "out", "artists", cancelled=lambda: True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["camps", "data"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "theirs").write_text("kept")
    with pytest.raises(DiscoverError, match="there already"):
        session.packs.export(tmp_path / "full", "artists")
    with pytest.raises(DiscoverError, match="inside the data folder"):
        session.packs.export(session.folders.root / "out", "artists")
    with pytest.raises(NothingYetError, match="community fetch tracks"):
        session.packs.export(tmp_path / "out", "tracks")


def test_without_pyarrow_the_extra_is_named(session, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DiscoverError, match=r"pip install 'discover-music\[parquet\]'"):
        session.packs.export(tmp_path / "out", "artists")
    assert not (tmp_path / "out").exists()
