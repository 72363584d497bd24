"""Packs of tracks out of tables of playlists."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical_keys import (
    SEPARATOR,
    item_key,
    joined_key,
)
from engine.community.pack import write_pack
from engine.community.plays import PLAYLISTS
from engine.errors import CancelledError, UnreadableFileError
from engine.paths import Folders
from engine.privacy import Door

TABLE = """playlist,artist,track,genre
one,Burel,Tin Roof,Dub
one,Burel,Tin Roof - Live,dub
two,"Burel;Guest",Tin Roof (feat. Guest),techno; dub
two,Moire,Waves,
two,,Waves,
,Moire,Waves,
three,Burel,"Two
Lines",
"""


# -- packs -----------------------------------------------------------------------------------------


def test_versions_of_a_track_are_one_a_playlist_holds_it_once_and_bad_lines_are_counted(tmp_path) -> None:
    path = tmp_path / "lists.csv"
    path.write_text(TABLE)
    assert PLAYLISTS.recognises(path)
    content = PLAYLISTS.read(path)
    assert content.level == "tracks"
    assert [item_key(name) for name in content.names] == [
        joined_key("burel", "Tin Roof"),
        joined_key("moire", "Waves"),
        joined_key("burel", "Two Lines"),
    ]
    assert dict(content.plays.todok()) == {(0, 0): 1.0, (1, 0): 1.0, (1, 1): 1.0, (2, 2): 1.0}
    assert content.dropped == {"no artist or title": 1, "no listener": 1}
    assert set(content.tags) == {(0, "dub", 3.0), (0, "techno", 1.0)}


def test_counted_plays_add_up_and_what_is_not_a_count_is_left_out(tmp_path) -> None:
    path = tmp_path / "plays.tsv"
    path.write_text(
        "user\tartist\ttrack\tplays\na\tBurel\tOne\t3\na\tBURREL\tOne\tmany\na\tBurel\tOne - Live\t4\n"
    )
    content = PLAYLISTS.read(path)
    assert content.plays.data.tolist() == [7.0]
    assert content.dropped == {"no plays": 1}


@pytest.mark.parametrize("text", ["artist,track,bpm\nBurel,One,120\n", "", "playlist,artist,track\n"])
def test_a_table_without_playlists_is_none_of_them(tmp_path, text) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(UnreadableFileError, match=r"other\.csv"):
        PLAYLISTS.read(path)


def test_a_long_table_can_be_stopped(tmp_path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("playlist,artist,track\n" + "one,Burel,Tin Roof\n" * 5000)
    with pytest.raises(CancelledError):
        PLAYLISTS.read(path, cancelled=lambda: True)


_HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.lists(st.tuples(_HOSTILE, _HOSTILE, _HOSTILE), max_size=12))
def test_whatever_a_table_holds_every_line_is_kept_or_counted_and_packs_open(tmp_path_factory, rows) -> None:
    import csv

    folder = tmp_path_factory.mktemp("hostile")
    with (folder / "t.csv").open("w", newline="", encoding="utf-8") as file:
        written = csv.writer(file, quoting=csv.QUOTE_ALL)
        written.writerows([("playlist", "artist", "track"), ("p", "Sure", "Thing"), *rows])
    content = PLAYLISTS.read(folder / "t.csv")
    assert len({item_key(name) for name in content.names}) == len(content.names)
    assert all(name.count(SEPARATOR) == 1 for name in content.names)
    assert sum(content.dropped.values()) + content.plays.nnz <= len(rows) + 1
    pack = Door(Folders(folder / "data"))
    with pack.new_folder(folder / "data" / "packs" / "p") as place:
        manifest = write_pack(place, content, name="p", source="t.csv", date="2026-01-01")
    assert (manifest.level, manifest.items) == ("tracks", len(content.names))
