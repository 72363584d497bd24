"""A playlist written to a file: its name, its format, what is left out, and what comes back of it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.community.catalog import Catalog
from engine.errors import DiscoverError, NothingYetError, UsageError
from engine.paths import Folders, safe_file_name
from engine.playlists.export import export_playlist
from engine.playlists.files import FORMATS, format_of, write
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.session import Session
from engine.spreadsheet import is_guarded, is_own
from tests.support.playlists import EVENING, HARBOUR, TIN_ROOF, texts
from tuiapp.cli.main import run


def test_format_of_goes_by_the_ending() -> None:
    endings = (
        "a.m3u8",
        "a.M3U",
        "a.xspf",
        "a.jspf",
        "a.jspf.json",
        "a.pls",
        "a.csv",
        "a.json",
        "a.txt",
        "a.uris",
    )
    assert [format_of(Path(name)) for name in endings] == [
        "m3u8",
        "m3u8",
        "xspf",
        "jspf",
        "jspf",
        "pls",
        "csv",
        "json",
        "txt",
        "uris",
    ]
    for name in ("evening", "evening.mp3", ".m3u8"):
        with pytest.raises(UsageError, match="m3u8"):
            format_of(Path(name))
    with pytest.raises(UsageError, match="xspf"):
        write([], "", "mp3")


@settings(deadline=None, max_examples=200, derandomize=True)
@given(
    st.one_of(
        texts,
        st.sampled_from(
            ["con", "COM1.txt", "nul", "...", "a. . ", "é" * 200, "x" * 300, ".hidden", "a/b\\c"]
        ),
    )
)
def test_safe_file_names_are_safe(title: str) -> None:
    name = safe_file_name(title)
    assert name
    assert len(name.encode()) <= 121
    assert not re.search(r'[\x00-\x1f/\\:*?"<>|]', name)
    assert name[-1] not in ". "
    assert not name.startswith(".")
    assert name.split(".")[0].casefold() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}
    assert safe_file_name(name) == name


@pytest.mark.parametrize("private", [False, True])
def test_export_writes_the_file_and_reports_what_it_could_not(tmp_path: Path, private: bool) -> None:
    door = Door(Folders(tmp_path / "data"), private=private)
    file = tmp_path / "evening.m3u8"
    report = export_playlist(door, file, EVENING, "Evening")
    assert file.read_bytes() == write(EVENING, "Evening", "m3u8", folder=tmp_path).data
    assert (report.format, report.tracks, report.left_out) == ("m3u8", 1, 1)
    assert "1 of 2 tracks have no local file" in report.note
    report = export_playlist(door, tmp_path / "evening.bin", EVENING, "Evening", format="csv")
    assert (report.format, report.tracks, report.left_out) == ("csv", 2, 0)
    assert not (tmp_path / "data").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evening.bin", "evening.m3u8"]


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - {"uris"}))
def test_every_format_says_which_tracks_have_no_file(tmp_path: Path, kind: str) -> None:
    door, file = Door(Folders(tmp_path / "data")), tmp_path / f"evening.{kind}"
    report = export_playlist(door, file, EVENING, "Evening", format=kind)
    assert report.missing == (TIN_ROOF,)
    assert "1 of 2 tracks have no local file: Ida & the Oaks - Tin Roof." in report.note
    assert (f"{kind.upper()} lists them by name" in report.note) == (report.left_out == 0)
    if report.left_out == 0:
        nowhere = export_playlist(door, file, [TIN_ROOF], "Evening", format=kind)
        assert (nowhere.missing, nowhere.note) == ((), ""), "somebody without files misses none"
        music = export_playlist(door, file, [TIN_ROOF], "Evening", format=kind, music=[tmp_path])
        assert music.missing == (TIN_ROOF,)


@pytest.mark.parametrize("kind", ["m3u8", "pls"])
def test_a_path_that_no_line_can_hold_is_not_called_missing(tmp_path: Path, kind: str) -> None:
    door, file = Door(Folders(tmp_path / "data")), tmp_path / f"evening.{kind}"
    broken = replace(TIN_ROOF, ids=(("file", "/music/Tin\nRoof.flac"),))
    so = "1 file has a line break or another control character in the path, which"
    report = export_playlist(door, file, [HARBOUR, broken], "Evening")
    assert f"{so} {kind.upper()} cannot hold: Ida & the Oaks - Tin Roof." in report.note
    assert "no local file" not in report.note
    report = export_playlist(door, file, [HARBOUR, TIN_ROOF, broken], "Evening")
    assert so in report.note
    assert "1 of 3 tracks have no local file" in report.note
    with pytest.raises(NothingYetError, match=f"{so} {kind.upper()} cannot .*XSPF"):
        export_playlist(door, file, [TIN_ROOF, broken], "Evening")
    assert export_playlist(door, tmp_path / "evening.xspf", [broken], "Evening").missing == ()


def test_export_into_nowhere_says_so(tmp_path: Path) -> None:
    door = Door(Folders(tmp_path / "data"))
    with pytest.raises(DiscoverError, match="Cannot write"):
        export_playlist(door, tmp_path / "none" / "evening.csv", EVENING, "Evening")


@pytest.mark.parametrize(
    ("format_name", "tracks", "why"),
    [
        ("m3u8", [TIN_ROOF], "None of the 1 track has a file on this machine.* Export as CSV"),
        ("pls", [TIN_ROOF], "has a file on this machine"),
        ("uris", [TIN_ROOF], "has a Spotify id"),
        (
            "m3u8",
            [PlaylistTrack("Moire", ""), PlaylistTrack("Lark", "")],
            "No track by any of the 2 artists is known here, so nothing was written",
        ),
        ("csv", [], "Mine has no tracks"),
    ],
)
def test_a_list_of_nothing_is_not_written_over_a_file(
    tmp_path: Path, format_name: str, tracks: list[PlaylistTrack], why: str
) -> None:
    file = tmp_path / "mine"
    file.write_text("there before")
    with pytest.raises(NothingYetError, match=why):
        export_playlist(Door(Folders(tmp_path / "data")), file, tracks, "Mine", format_name)
    assert file.read_text() == "there before"


def test_artists_of_whom_no_track_is_known_are_listed_where_a_format_can(tmp_path: Path) -> None:
    artists = [PlaylistTrack("Moire", ""), PlaylistTrack("Lark", "")]
    done = export_playlist(Door(Folders(tmp_path / "data")), tmp_path / "mine.csv", artists, "Mine")
    assert (done.tracks, done.left_out) == (2, 0)
    assert "is known here, so CSV names the artists alone" in done.note
    assert "Moire" in (tmp_path / "mine.csv").read_text()


FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-Lark",
    "@SUM(A1)",
    "'=1",
    "''-x",
    "A,B;C",
    "'Round Midnight",
    "＝1",
    "Tin Roof",
]


@pytest.mark.parametrize("kind", ["csv", "csv-as-is"])
def test_formulas_in_names_do_not_run_in_a_spreadsheet_and_come_back_as_they_were(
    tmp_path: Path, kind: str
) -> None:
    tracks = [PlaylistTrack(f"{name} a{n}", f"{name} t{n}", f"{name} l") for n, name in enumerate(FORMULAS)]
    file = tmp_path / "own.csv"
    with Session(Folders(tmp_path / "data")) as session:
        export_playlist(session.door, file, tracks, "=Evening", kind)
        cells = [cell for row in csv.reader(file.open(newline="")) for cell in row]
        assert (kind == "csv") == (not [cell for cell in cells if cell[:1] in {*"=+-@＝"}])
        session.history.import_paths([file])
        back = session.playlists.show("=Evening")
        assert [(one.artist, one.track, one.album) for one in back] == [
            (one.artist, one.track, one.album) for one in tracks
        ]
        session.packs.add(file)
        catalog = Catalog(session.folders.packs / "own" / "catalog.sqlite")
        names = {(one.artist, one.track) for one in catalog.items(range(len(FORMULAS))).values()}
        catalog.close()
        assert names == {(one.artist, one.track) for one in tracks}


def test_the_help_of_export_says_what_becomes_of_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--help"]) == 0
    assert "apostrophe" in capsys.readouterr().out


def test_a_csv_with_reasons_is_known_for_this_programs_own() -> None:
    for why in ("", "because"):
        header, row = list(
            csv.reader(io.StringIO(write([replace(HARBOUR, reason=why)], "=E", "csv").data.decode()))
        )
        assert is_guarded(header)
        assert is_guarded(header[:-1]), "as earlier versions wrote it"
        assert is_guarded([*header, "Mood"])
        assert row[3] == "'=E"
        as_is = write([replace(HARBOUR, reason=why)], "=E", "csv-as-is").data.decode()
        header_as_is, row = list(csv.reader(io.StringIO(as_is)))
        assert row[3] == "=E"
        assert is_own(header_as_is)
        assert not is_guarded(header_as_is)
    assert not is_own(header[:-1])
    assert not is_guarded([*header[:-1], "Mood"])
    assert not is_guarded(header[:5])
