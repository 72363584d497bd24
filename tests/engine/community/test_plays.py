"""Tables of who plays which artist how often, with a header and as the Last.fm sets were published."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from engine.community.adding import add_packs
from engine.community.pack import PackContent
from engine.community.plays import PLAYLISTS, PLAYS
from engine.errors import CancelledError, UnreadableFileError
from engine.paths import Folders
from engine.privacy import Door
from tests.support.communities import table

ONE, TWO = "a" * 40, "b" * 40
OF_360K = (
    f'{ONE}\t0000000a-0000-4000-8000-000000000001\tslow ferry\t412\n{ONE}\t\tbjörk "live\t3\n'
    f"{TWO}\t\tSlow  Ferry\t5\n{TWO}\t\t\t7\n{TWO}\t\tida\tmany\n{TWO}\t\tida\t0\n{TWO}\t\tida\t2\n"
)
OF_1K = (
    "user_000001\t2009-05-04T23:08:57Z\tid\tIda\t\tTin Roof\n"
    "user_000001\t2009-05-04T23:01:10Z\tid\tIda\tid\tOther\n"
    "user_000002\t2009-05-04T13:54:10Z\t\tSlow Ferry\t\tSnow\n"
)


def read(folder: Path, text: str, name: str = "plays.tsv") -> PackContent:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    assert PLAYS.recognises(path)
    return PLAYS.read(path)


@pytest.mark.parametrize("name", ["usersha1-artmbid-artname-plays.tsv", "plays.txt.gz"])
def test_the_360k_set_is_read_with_its_lone_quotes(tmp_path: Path, name: str) -> None:
    content = read(tmp_path, OF_360K, name)
    assert content.level == "artists"
    assert table(content) == {
        (0, "slow ferry"): 412,
        (0, 'björk "live'): 3,
        (1, "slow ferry"): 5,
        (1, "ida"): 2,
    }
    assert content.dropped == {"no artist": 1, "no plays": 2}
    assert (content.collected, content.licence) == ("2008", "for non-commercial use")


def test_lines_of_the_1k_set_are_plays(tmp_path: Path) -> None:
    assert table(read(tmp_path, OF_1K)) == {(0, "Ida"): 2, (1, "Slow Ferry"): 1}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_with_a_header_says_which_column_is_what(tmp_path: Path, separator: str) -> None:
    lines = [["Plays", "User ID", "Artist Name"], ["3", "x", "Ida"], ["4", "x", "IDA"], ["1", "", "Ida"]]
    content = read(tmp_path, "\n".join(separator.join(line) for line in lines))
    assert table(content) == {(0, "Ida"): 7}
    assert content.dropped == {"no listener": 1}


@pytest.mark.parametrize(
    "text", ["user,artist,track,plays\na,Ida,Snow,3\n", "user,artist\na,Ida\n", "", "x\ty\n"]
)
def test_tables_of_tracks_and_of_anything_else_are_left(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert not PLAYS.recognises(path)
    assert PLAYLISTS.recognises(path) == ("track" in text)
    with pytest.raises(UnreadableFileError, match="user,artist,plays"):
        PLAYS.read(path)


def test_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plays.tsv.gz"
    lines = "".join(f"{ONE[:34]}{n:06x}\t\tartist {n * 7919 % 50_021}\t{n}\n" for n in range(1, 40_000))
    path.write_bytes(gzip.compress(lines.encode())[:-4000])
    assert PLAYS.recognises(path)
    with pytest.raises(UnreadableFileError, match=r"plays\.tsv\.gz cannot be read"):
        PLAYS.read(path)


def test_it_is_added_reported_in_bytes_and_stops_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "plays.tsv"
    path.write_text(OF_360K)
    seen: list[tuple[int, int]] = []
    door = Door(Folders(tmp_path / "data"))
    (pack,) = add_packs(door, path, progress=lambda done, total: seen.append((done, total))).packs
    assert (pack.listeners, pack.items, pack.level) == (2, 3, "artists")
    assert seen[-1][0] > 0
    with pytest.raises(CancelledError):
        PLAYS.read(path, cancelled=lambda: True)
