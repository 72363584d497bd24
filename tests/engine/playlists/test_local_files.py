"""Tracks find their files, and lists point at them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from engine.paths import Folders
from engine.playlists.local_files import Wanted, find_files
from engine.playlists.playlist import PlaylistTrack
from engine.session import Session
from engine.taste.rules import Rule
from tests.support.audio import RATE, song, wav
from tests.support.listens import play


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return tmp_path / "Music"


@pytest.fixture
def session(tmp_path: Path, music: Path) -> Session:
    """Files of a track in a short and a long version, of a remaster, a live one, and one by its recording."""
    for seconds, title in ((1, "Snow"), (9, "Snow"), (3, "Tin Roof - Remastered 2011"), (3, "Rain (Live)")):
        wav(
            music / f"{title} {seconds}.wav",
            np.zeros(seconds * RATE // 10),
            RATE // 10,
            tags={"TPE1": "Slow Ferry", "TIT2": title, "TALB": "Weather"},
        )
    song(
        music / "b", "Someone", "Else", UFID="http://musicbrainz.org\x000000000b-0000-4000-8000-00000000000A"
    )
    opened = Session(Folders(tmp_path / "data"))
    opened.music.add(music)
    return opened


@pytest.mark.parametrize(
    ("wanted", "file"),
    [
        (Wanted("SLOW FERRY", "snow", 8.0), "Snow 9.wav"),
        (Wanted("Slow Ferry", "Snow", 2.0), "Snow 1.wav"),
        (Wanted("Slow Ferry", "Snow"), "Snow 9.wav"),  # the largest
        (Wanted("Slow Ferry", "Snow", 900.0), "Snow 9.wav"),
        (Wanted("The Slow Ferry", "Tin Roof (feat. Ida)", 3.5), "Tin Roof - Remastered 2011 3.wav"),
        (Wanted("Slow Ferry", "Tin Roof"), "Tin Roof - Remastered 2011 3.wav"),
        (Wanted("Slow Ferry", "Tin Roof", 300.0), None),
        (Wanted("Slow Ferry", "Rain"), None),
        (Wanted("Slow Ferry", "Rain [Live]"), "Rain (Live) 3.wav"),
        (Wanted("Ida", "Snow"), None),
        (Wanted("X", "Y", None, "0000000B-0000-4000-8000-00000000000a"), "Someone - Else.wav"),
    ],
)
def test_a_track_is_the_file_nearest_in_name_and_length(
    session: Session, wanted: Wanted, file: str | None
) -> None:
    (found,) = find_files(session.library.connection, [wanted])
    assert (found and Path(found.path).name) == file


TRACKS = (
    PlaylistTrack(
        "Slow Ferry", "Snow", seconds=210.0, seconds_estimated=True, ids=(("file", "/old/away.mp3"),)
    ),
    PlaylistTrack("Ida & the Oaks", "Fog", seconds=180.0),
    PlaylistTrack("Someone", "Else"),
)


def lines(file: Path) -> list[str]:
    return [line for line in file.read_text().split("\n") if line and not line.startswith("#EXT")]


def test_lists_point_at_files_and_say_what_has_none(session: Session, music: Path, tmp_path: Path) -> None:
    report = session.tracks.export(TRACKS, "Evening", tmp_path / "evening.m3u8")
    assert "1 of 3 tracks have no local file: Ida & the Oaks - Fog." in report.note
    assert report.missing == (TRACKS[1],)
    # A list above its files names them from there; one beside them in the folder of music by two dots.
    below = ["# missing: Ida & the Oaks - Fog", "Music/b/Someone - Else.wav"]
    assert lines(tmp_path / "evening.m3u8")[1:] == ["Music/Snow 9.wav", *below]
    assert "#EXTINF:9,Slow Ferry" in (tmp_path / "evening.m3u8").read_text(), "the file's own length"
    for folder, wanted in (
        (music / "Playlists", "../Snow 9.wav"),
        (music, "Snow 9.wav"),
        (tmp_path / "elsewhere", str(music / "Snow 9.wav")),
    ):
        folder.mkdir(exist_ok=True)
        session.tracks.export(TRACKS, "Evening", folder / "list.m3u8")
        for kind in ("pls", "xspf", "jspf"):
            session.tracks.export(TRACKS, "Evening", folder / f"list.{kind}")
        uri = Path(wanted).as_uri() if Path(wanted).is_absolute() else quote(wanted)
        assert f"<location>{uri}</location>" in (folder / "list.xspf").read_text()
        assert json.loads((folder / "list.jspf").read_text())["playlist"]["track"][0]["location"] == [uri]
        assert wanted in lines(folder / "list.m3u8")
        assert f"File1={wanted}" in lines(folder / "list.pls")
        assert all((folder / line).is_file() for line in lines(folder / "list.m3u8") if line[0] != "#")


def test_two_dots_do_not_lead_out_through_a_link(session: Session, music: Path, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (music / "linked").symlink_to(tmp_path / "far")
    session.tracks.export(TRACKS, "Evening", music / "linked" / "list.m3u8")
    assert str(music / "Snow 9.wav") in lines(music / "linked" / "list.m3u8")


def test_a_file_that_is_gone_or_forgotten_is_missing(session: Session, music: Path, tmp_path: Path) -> None:
    (music / "b" / "Someone - Else.wav").unlink()
    one = replace(TRACKS[0], ids=())
    report = session.tracks.export((one, *TRACKS[1:]), "Evening", tmp_path / "e.m3u8")
    assert (report.tracks, report.missing) == (1, TRACKS[1:])
    session.music.remove(music)
    report = session.tracks.export((one, TRACKS[0]), "Evening", tmp_path / "e.m3u8")
    assert report.missing == (one,), "the other has a file that a player reported"


def test_a_file_a_list_names_that_is_not_there_is_written_and_said(
    session: Session, music: Path, tmp_path: Path
) -> None:
    away = PlaylistTrack("Ida", "Waves", ids=(("file", str(tmp_path / "drive" / "waves.flac")),))
    elsewhere = PlaylistTrack("Ida", "Moss", ids=(("file", "C:/Music/moss.flac"),))
    for kind in ("m3u8", "pls", "xspf", "jspf"):
        report = session.tracks.export((TRACKS[0], away, elsewhere), "Evening", tmp_path / f"e.{kind}")
        assert "waves.flac" in report.file.read_text()
        assert report.not_there == (away,), kind
        assert "1 file is not there now, and listed all the same: Ida - Waves." in report.note
    for kind in ("csv", "txt"):
        assert session.tracks.export((away,), "Evening", tmp_path / f"e.{kind}").note == ""


def test_the_history_is_matched(session: Session) -> None:
    assert (session.music.counts().matched, session.music.counts().tracks) == (0, 0)
    for artist, title in (("slow ferry", "SNOW"), ("Slow Ferry", "Rain"), ("Slow Ferry", "Tin Roof")):
        play(session.library.connection, artist, title, 1)
    counts = session.music.counts()
    assert (counts.files, counts.matched, counts.tracks) == (5, 2, 3)


def test_forgetting_reaches_files_and_their_paths(session: Session, music: Path, tmp_path: Path) -> None:
    quiet = song(tmp_path / "more" / "Quiet Vesper", "Nobody", "Hears")
    song(tmp_path / "more", "Someone", "Quiet Vesper")
    session.music.add(tmp_path / "more")
    for artist, title in (("Quiet Vesper", "Moth"), ("Slow Ferry", "Snow"), ("Slow Ferry", "Rain (Live)")):
        play(session.library.connection, artist, title, 1)
    done = session.forget(Rule(artist="Quiet Vesper"))
    assert (done.holds, done.deleted["music files"]) == (True, 2)
    assert session.forget(Rule(track="Snow", artist="Slow Ferry")).deleted["music files"] == 2
    assert {one.files for one in session.music.folders()} == {0, 3}
    # Of somebody whom files alone name, too.
    only = session.forget(Rule(artist="someone"))
    assert (only.holds, only.deleted["music files"]) == (True, 1)
    assert quiet.exists(), "the files themselves are the person's"
