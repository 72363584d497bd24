"""Published sets of who plays what, in made-up files of their exact layouts: recognised, read, bad lines reported."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports.zstd import compress

from engine.community.adding import add_packs, readers
from engine.community.audioscrobbler import AUDIOSCROBBLER
from engine.community.matrix import MATRIX
from engine.community.million_playlists import MILLION_PLAYLISTS
from engine.community.pack import PackContent
from engine.community.plays import PLAYS
from engine.community.rows import Rows
from engine.community.taste_profile import TASTE_PROFILE
from engine.errors import CancelledError, UnreadableFileError
from engine.paths import Folders
from engine.privacy import Door
from tests.support.communities import table

ONE, TWO = "a" * 40, "b" * 40
SNOW, ROOF = "SOAAAAA12AB0000001", "SOBBBBB12AB0000002"
Files = dict[str, bytes]


def in_folder(path: Path, files: Files) -> Path:
    folder = path / "set"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def in_zip(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"data/{name}", data)
        archive.writestr("__MACOSX/data/._x", b"resource fork")
    return path / "set.zip"


def in_tar(path: Path, files: Files) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"set_06-May-2005/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def in_tar_gz(path: Path, files: Files) -> Path:
    (path / "set.tar.gz").write_bytes(gzip.compress(in_tar(path, files)))
    return path / "set.tar.gz"


def in_tar_zst(path: Path, files: Files) -> Path:
    (path / "set.tar.zst").write_bytes(compress(in_tar(path, files)))
    return path / "set.tar.zst"


FORMS = (in_folder, in_zip, in_tar_gz, in_tar_zst)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., PackContent]:
    def read(reader: Rows, files: Files, form: Callable[[Path, Files], Path] = in_folder) -> PackContent:
        path = form(tmp_path, files)
        assert [name for name, one in readers().items() if one.recognises(path)] == [reader.NAME]
        return reader.read(path)

    return read


# -- Million Playlist Dataset -------------------------------------------------------------------------


def playlist(pid: object, *tracks: tuple[object, object]) -> dict[str, object]:
    return {
        "name": "mine",
        "pid": pid,
        "tracks": [
            {"pos": n, "artist_name": a, "track_name": t, "duration_ms": 1} for n, (a, t) in enumerate(tracks)
        ],
    }


def mpd_slice(*playlists: object) -> bytes:
    document = {"info": {"slice": "0-999", "version": "v1"}, "playlists": playlists}
    return json.dumps(document, indent=4).encode()


SLICES = {
    "mpd.slice.0-999.json": mpd_slice(
        playlist(0, ("Ida", "Snow"), ("Ida", "Snow - Live"), ("Burel", "Tin Roof")),
        playlist(1, ("IDA", "Snow"), ("Slow Ferry", "Harbour")),
    ),
    "mpd.slice.1000-1999.json": mpd_slice(playlist(1000, ("Burel", "Tin Roof"))),
}


@pytest.mark.parametrize("form", FORMS)
def test_slices_of_the_million_playlists_are_read_from_folders_and_archives(read, form) -> None:
    content = read(MILLION_PLAYLISTS, SLICES, form)
    assert content.level == "tracks"
    assert table(content) == {
        (0, "Ida / Snow"): 1,
        (0, "Burel / Tin Roof"): 1,
        (1, "Ida / Snow"): 1,
        (1, "Slow Ferry / Harbour"): 1,
        (2, "Burel / Tin Roof"): 1,
    }


def test_playlists_that_cannot_be_read_are_reported_by_their_place(read) -> None:
    bad = mpd_slice(
        playlist(5, ("Ida", "Snow"), ("Ida", None), ("", "Snow")),
        {"name": "no tracks", "pid": 6},
        playlist(None, ("Ida", "Snow"), ("Burel", "Tin Roof")),
    )
    cut = mpd_slice(playlist(9, ("Ida", "Snow")))[:-4]
    content = read(MILLION_PLAYLISTS, {**SLICES, "mpd.slice.2.json": bad, "mpd.slice.3.json": cut})
    assert content.plays.shape[0] == 5
    assert content.dropped == {
        "no artist or title": 2,
        "playlist of another layout": 1,
        "slice that is not JSON, or cut short": 1,
    }
    places = [(line.file, line.unit, line.line) for line in content.bad.first]
    assert places == [
        ("mpd.slice.2.json", "playlist", 1),
        ("mpd.slice.2.json", "playlist", 1),
        ("mpd.slice.2.json", "playlist", 2),
        ("mpd.slice.3.json", "playlist", 1),
    ]


# -- Taste Profile ------------------------------------------------------------------------------------

TRIPLETS = (
    f"{ONE}\t{SNOW}\t3\n{ONE}\t{ROOF}\t1\n{TWO}\t{SNOW}\t5\n{TWO}\t{SNOW}\n{TWO}\t{ROOF}\tmany\n".encode()
)
SONGS = (
    f"TRAAAAA128F0000001<SEP>{SNOW}<SEP>Ida<SEP>Snow\nTRAAAAA128F0000003<SEP>{SNOW}<SEP>Ida<SEP>Snow (Live)\n"
    f"TRAAAAA128F0000002<SEP>{ROOF}<SEP>Café Tundra<SEP>Tin Roof\nbroken\n"
).encode()
NAMED = {(0, "Ida / Snow"): 3, (0, "Café Tundra / Tin Roof"): 1, (1, "Ida / Snow"): 5}


@pytest.mark.parametrize("form", FORMS)
def test_triplets_take_their_names_from_the_file_beside_them(read, form) -> None:
    content = read(TASTE_PROFILE, {"train_triplets.txt": TRIPLETS, "unique_tracks.txt": SONGS}, form)
    assert table(content) == NAMED
    assert content.dropped == {"not 3 columns": 1, "no plays": 1, "song without a name": 1}
    assert content.notes == ()


@pytest.mark.parametrize("name", ["train_triplets.txt", "train_triplets.txt.gz", "train_triplets.txt.zip"])
def test_triplets_alone_look_beside_them_for_names_and_say_where_there_are_none(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("train_triplets.txt", TRIPLETS)
    else:
        path.write_bytes(gzip.compress(TRIPLETS) if name.endswith(".gz") else TRIPLETS)
    assert TASTE_PROFILE.recognises(path)
    content = TASTE_PROFILE.read(path)
    assert set(table(content)) == {(0, f"{SNOW} / {SNOW}"), (0, f"{ROOF} / {ROOF}"), (1, f"{SNOW} / {SNOW}")}
    assert "no unique_tracks.txt beside it" in content.notes[0]
    (tmp_path / "unique_tracks.txt").write_bytes(SONGS)
    assert table(TASTE_PROFILE.read(path)) == NAMED


# -- Audioscrobbler -----------------------------------------------------------------------------------

SCROBBLES = {
    "user_artist_data.txt": (
        b"1000 1 30\n1000 2 4\n1000 7 2\n1001 3 5\n1001 1 1\n1001 9 6\n1001 1\n1001 1 x\n1002 6 8\n"
    ),
    "artist_data.txt": "1\tIda\n2\tCafé Tundra\n3\tIda (mispelt)\n8\t\n6\tRound\nno tab\n7\tBurel\n".encode(),
    "artist_alias.txt": b"3\t4\n4\t1\n5\t6\n6\t5\n\t1\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_aliases_of_audioscrobbler_are_folded_into_the_artist_meant(read, form) -> None:
    content = read(AUDIOSCROBBLER, SCROBBLES, form)
    assert content.level == "artists"
    assert table(content) == {
        (0, "Ida"): 30,
        (0, "Café Tundra"): 4,
        (0, "Burel"): 2,
        (1, "Ida"): 6,
        (2, "Round"): 8,
    }
    assert content.dropped == {
        "artist without a name": 2,
        "alias without an artist": 1,
        "play of an unknown artist": 1,
        "not 3 columns": 1,
        "no plays": 1,
    }
    assert (content.collected, content.licence) == ("2005", "CC BY-NC-SA 1.0")
    assert content.notes == ("1 lines of misspelled artists count for the artist meant (artist_alias.txt).",)


def test_the_plays_alone_bring_the_names_of_their_folder(tmp_path: Path) -> None:
    folder = in_folder(tmp_path, SCROBBLES)
    assert AUDIOSCROBBLER.recognises(folder / "user_artist_data.txt")
    assert AUDIOSCROBBLER.read(folder / "user_artist_data.txt").plays.nnz == 5
    (folder / "artist_data.txt").unlink()
    assert not AUDIOSCROBBLER.recognises(folder)
    with pytest.raises(UnreadableFileError, match=r"has no artist_data\.txt"):
        AUDIOSCROBBLER.read(folder)


# -- matrix -------------------------------------------------------------------------------------------

OF_GERMANY = 'user,a perfect circle,"ida, the","tool"\n1,0,1,1\n33,0,0,0\n42,1,1,0\n51,,1\n51,0,2,0\n'


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_matrix_says_who_plays_whom(read, separator: str) -> None:
    text = OF_GERMANY.replace('"ida, the"', "ida").replace(",", separator).replace("ida", '"ida, the"')
    content = read(MATRIX, {"lastfm-matrix-germany.csv": text.split("51")[0].encode()})
    assert table(content) == {
        (0, "ida, the"): 1,
        (0, "tool"): 1,
        (1, "a perfect circle"): 1,
        (1, "ida, the"): 1,
    }


def test_bad_lines_of_a_matrix_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    path.write_text("user,ida,tool\n" + "1,0,1\n" * 30 + "51,,1,1\n51,0,2\n,0,1\n52,1,0\n")
    content = MATRIX.read(path)
    assert table(content) == {(0, "tool"): 1, (1, "ida"): 1}
    assert [(line.line, line.reason) for line in content.bad.first] == [
        (32, "not 3 columns"),
        (33, "a cell that is neither 0 nor 1"),
        (34, "no listener"),
    ]


def test_a_bad_line_among_the_first_of_a_matrix_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    path.write_text("user,ida,tool\n1,0,1\n2,0\n" + "3,1,0\n" * 6)
    assert MATRIX.recognises(path)
    assert [line.line for line in MATRIX.read(path).bad.first] == [3]


@pytest.mark.parametrize(
    "text",
    ["user,yes\n1,0\n2,1\n", "user,age,plays\n1,30,1\n", "id,a,b\n1,0,1\n", "user,a,b\n1,0,0\n"],
)
def test_other_tables_are_no_matrix(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert not MATRIX.recognises(path)


# -- what all of them share ---------------------------------------------------------------------------


def test_a_line_nested_deeper_than_can_be_read_is_one_bad_line(tmp_path: Path) -> None:
    deep = '{"user": "a", "artist": ' + "[" * 100_000 + "]" * 100_000 + "}"
    good = [json.dumps({"user": f"u{number}", "artist": "Ida", "plays": 2}) for number in range(20)]
    path = tmp_path / "plays.jsonl"
    path.write_text("\n".join([*good[:10], deep, *good[10:]]))
    added = add_packs(Door(Folders(tmp_path / "data")), path)
    assert [pack.listeners for pack in added.packs] == [20]
    (listed,) = added.as_dict()["bad_lines"]
    assert [(line["line"], line["reason"]) for line in listed["first"]] == [
        (11, "line that is not JSON, or cut short")
    ]


def test_bad_lines_are_reported_with_file_and_line_and_never_kept(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    path.write_text("user,artist,plays\n" + "a,Ida,3\n" * 9 + "secret,Ida,\n" + "b,,2\n" * 3 + ",Ida,2\n" * 4)
    door = Door(Folders(tmp_path / "data"))
    added = add_packs(door, path)
    (listed,) = added.as_dict()["bad_lines"]
    assert (listed["pack"], listed["count"]) == ("plays", 8)
    assert listed["reasons"] == {"no plays": 1, "no artist": 3, "no listener": 4}
    assert [(line["file"], line["line"]) for line in listed["first"]] == [
        ("plays.csv", n) for n in range(11, 16)
    ]
    assert listed["first"][0]["shown"] == "plays.csv, line 11: no plays (secret,Ida,)"
    kept = b"".join(file.read_bytes() for file in (door.folders.packs / "plays").iterdir())
    assert b"secret" not in kept


@pytest.mark.parametrize("good", [2, 4])
def test_a_file_most_lines_of_which_are_bad_is_refused_with_the_reason(tmp_path: Path, good: int) -> None:
    path = tmp_path / "plays.csv"
    path.write_text("user,artist,plays\n" + "a,Ida,3\n" * good + "a,Ida,often\n" * 4)
    door = Door(Folders(tmp_path / "data"))
    if good == 4:
        assert add_packs(door, path).packs
        return
    with pytest.raises(
        UnreadableFileError, match=r"4 of 7 lines cannot be used \(4 no plays\).*csv, line 4: no"
    ):
        add_packs(door, path)
    assert not door.folders.packs.exists()


def test_rare_items_of_a_large_set_are_left_out_and_of_a_small_one_kept(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    head, rare = "user,artist,plays\n", "u0,Rare,1\nu1,Rare,1\nu2,Known,1\nu3,Known,1\nu4,Known,1\n"
    path.write_text(head + rare)
    assert list(PLAYS.read(path).names) == ["Rare", "Known"]
    path.write_text(head + rare + "".join(f"u{n},Ida,1\n" for n in range(6000)))
    content = PLAYS.read(path)
    assert sorted(content.names) == ["Ida", "Known"]
    assert content.dropped == {"item under 3 listeners": 1}
    assert content.notes == ("Left out: artists under 3 listeners.",)
    assert content.plays.shape == (6000, 2)


def test_pairs_are_summed_across_blocks(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("engine.community.rows._BLOCK", 7)
    path = tmp_path / "plays.csv"
    rows = [(n % 5, n % 3, 1 + n % 4) for n in range(100)]
    path.write_text("user,artist,plays\n" + "".join(f"u{u},artist {a},{p}\n" for u, a, p in rows))
    expected: dict[tuple[int, str], float] = {}
    for user, artist, count in rows:
        expected[user, f"artist {artist}"] = expected.get((user, f"artist {artist}"), 0) + count
    content = PLAYS.read(path)
    assert table(content) == expected
    assert content.plays.has_canonical_format


@pytest.mark.parametrize(
    ("reader", "files"),
    [
        (MILLION_PLAYLISTS, SLICES),
        (TASTE_PROFILE, {"train_triplets.txt": TRIPLETS}),
        (AUDIOSCROBBLER, SCROBBLES),
        (MATRIX, {"m.csv": OF_GERMANY.split("51")[0].encode()}),
    ],
    ids=lambda value: getattr(value, "NAME", ""),
)
def test_reading_stops_when_asked_and_reports_how_far_it_is(
    tmp_path: Path, reader: Rows, files: Files
) -> None:
    path = in_folder(tmp_path, files)
    reports: list[tuple[int, int]] = []
    reader.read(path, progress=lambda done, total: reports.append((done, total)))
    done, total = reports[-1]
    assert 0 < done <= total == sum(map(len, files.values()))
    with pytest.raises(CancelledError):
        reader.read(path, cancelled=lambda: True)
