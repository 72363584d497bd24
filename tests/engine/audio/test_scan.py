"""A folder is looked through: what is there, what is not to be read, and what changed since."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from tinytag import ParseError, TinyTag

from engine.audio import scan as scanning
from engine.audio.tags import EMPTY, MAX_NAME, NO_NAMES, NOT_AUDIO, UNREADABLE, read_file
from engine.audio.walk import NOT_UTF8, TOO_DEEP, UNREADABLE_FILE, UNREADABLE_FOLDER
from engine.errors import (
    CancelledError,
    PrivateSessionError,
    UnknownNameError,
    UnreadableFileError,
    UsageError,
)
from engine.paths import Folders
from engine.session import Session
from engine.store.music_files import files_by, tracks_with_files
from tests.support.audio import beets, navidrome, song, touched, wav


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Folders(tmp_path / "data"))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Two tracks by tags, one by its name."""
    song(tmp_path / "Music" / "a", "Café Tundra", "Harbour Lights", TBPM="128.5", TALB="Slow Ferry")
    song(tmp_path / "Music" / "b", "Ida & the Oaks", "Tin Roof", UFID="http://musicbrainz.org\0" + "0" * 8)
    wav(tmp_path / "Music" / "02 - Slow Ferry - Snow.wav")
    return tmp_path / "Music"


def names(session: Session) -> set[tuple[str | None, str | None]]:
    return {(one.artist, one.track) for one in tracks_with_files(session.library.connection)}


ALL = {("Café Tundra", "Harbour Lights"), ("Ida & the Oaks", "Tin Roof"), ("Slow Ferry", "Snow")}


def test_files_are_read_by_their_tags_or_their_names(session: Session, music: Path) -> None:
    assert session.music.add(music)[str(music)].new == 3
    assert names(session) == ALL
    (folder,) = session.music.folders()
    assert (folder.files, folder.with_tempo, folder.left_out) == (3, 1, {})
    found = files_by(session.library.connection, "relaxed", ["cafe tundra\nharbour lights"])
    (file,) = found["cafe tundra\nharbour lights"]
    assert (file.album, file.tag_bpm, file.seconds) == ("Slow Ferry", 128.5, pytest.approx(0.1))


def test_what_cannot_be_read_is_counted_by_reason(session: Session, music: Path) -> None:
    (music / "empty.mp3").touch()
    (music / "noise.flac").write_bytes(os.urandom(5_000))
    wav(music / "untold.wav")
    (music / "loop").symlink_to(music)
    (music / "away.mp3").symlink_to(music / "nothing.mp3")
    os.mkfifo(music / "pipe.mp3")
    os.link(music / "02 - Slow Ferry - Snow.wav", music / "twice.wav")
    (music / "01 - same.wav").symlink_to(music / "02 - Slow Ferry - Snow.wav")
    (music / "cover.jpg").touch()
    (music / "._hidden.mp3").touch()
    Path(os.fsdecode(os.fsencode(music) + b"/n\xff.mp3")).write_bytes(b"x")
    deep = music.joinpath(*["d"] * 65)
    deep.mkdir(parents=True)
    report = session.music.add(music)[str(music)]
    (folder,) = session.music.folders()
    assert (names(session), folder.files, report.new, report.changed) == (ALL, 3, 3, 0)
    looked_at = {
        EMPTY: [str(music / "empty.mp3")],
        NOT_AUDIO: [str(music / "noise.flac")],
        NO_NAMES: [str(music / "untold.wav")],
    }
    everything = looked_at | {
        UNREADABLE_FILE: [str(music / "away.mp3"), str(music / "pipe.mp3")],
        NOT_UTF8: [os.fsdecode(os.fsencode(music) + b"/n\xff.mp3")],
        TOO_DEEP: [str(deep)],
    }
    assert report.left_out == everything
    assert folder.left_out == {reason: len(paths) for reason, paths in report.left_out.items()}
    assert session.music.left_out(folder) == everything
    music.rename(music.with_name("away"))
    assert session.music.left_out(folder) == looked_at


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_counted(session: Session, music: Path) -> None:
    (music / "locked").mkdir(mode=0)
    session.music.add(music)
    assert session.music.folders()[0].left_out == {UNREADABLE_FOLDER: 1}


@pytest.mark.parametrize(
    ("tags", "artist", "track"),
    [
        ({"TPE1": "Bad\x1b[31m\nName\u202e", "TIT2": "Snow"}, "Bad [31m Name", "Snow"),
        ({"TPE1": "First\0Second", "TIT2": " Snow "}, "First", "Snow"),
        ({"TPE2": "Album Artist", "TIT2": "Snow"}, "Album Artist", "Snow"),
        ({"TPE1": "A", "TIT2": "long " * 2_000_000}, "A", ("long " * 100)[:MAX_NAME].strip()),
    ],
)
def test_tags_become_names_of_one_line(tmp_path: Path, tags: dict[str, str], artist: str, track: str) -> None:
    path = wav(tmp_path / "x.wav", tags=tags)
    file = read_file(str(path), path.stat().st_size, 0)
    assert (file.artist, file.track, file.problem) == (artist, track, None)


@pytest.mark.parametrize(("said", "bpm"), [("0", None), ("90,5", 90.5), ("fast", None), ("1280", None)])
def test_a_tempo_that_is_none_is_not_taken(tmp_path: Path, said: str, bpm: float | None) -> None:
    path = song(tmp_path, "A", "B", TBPM=said)
    assert read_file(str(path), path.stat().st_size, 0).tag_bpm == bpm


@pytest.mark.parametrize(
    ("tags", "year"),
    [
        ({"TDRC": "2011-04-01", "TDOR": "1984"}, 1984),
        ({"TYER": "1979"}, 1979),
        ({"TDRC": "2011", "TXXX": "originalyear\0" + "1967"}, 1967),
        ({"TDRC": "1984", "TDOR": "0000"}, 1984),
        ({"TDRC": "1066"}, 0),
        ({}, 0),
    ],
)
def test_the_year_of_a_file_is_the_originals(tmp_path: Path, tags: dict[str, str], year: int) -> None:
    path = song(tmp_path, "A", "B", **tags)
    assert read_file(str(path), path.stat().st_size, 0).year == year


def test_a_file_of_an_earlier_version_is_read_once_for_its_year_and_keeps_the_rest(
    session: Session, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song(music, "New", "One", TDRC="1984")
    session.music.add(music)
    with session.library.connection as connection:
        connection.execute("UPDATE music_files SET year = NULL, measured = 1, bpm = 90")
    read = []
    monkeypatch.setattr(scanning, "read_file", lambda *one: read.append(one[0]) or read_file(*one))
    report = session.music.scan()[str(music)]
    assert (report.new, report.changed, report.gone, report.unchanged, len(read)) == (0, 0, 0, 4, 4)
    rows = session.library.connection.execute("SELECT year, measured, bpm FROM music_files ORDER BY path")
    assert sorted(rows.fetchall()) == [(0, 1, 90.0)] * 3 + [(1984, 1, 90.0)]
    session.music.scan()
    assert len(read) == 4


def test_only_what_changed_is_read_again(
    session: Session, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.music.add(music)
    song(music, "New", "One")
    changed = music / "a" / "Café Tundra - Harbour Lights.wav"
    wav(changed, tags={"TPE1": "Café Tundra", "TIT2": "Harbour Nights"})
    touched(changed)
    (music / "02 - Slow Ferry - Snow.wav").unlink()
    read = []
    monkeypatch.setattr(scanning, "read_file", lambda *one: read.append(one[0]) or read_file(*one))
    report = session.music.scan()[str(music)]
    assert (report.new, report.changed, report.gone, report.unchanged) == (1, 1, 1, 1)
    assert sorted(read) == sorted([str(changed), str(music / "New - One.wav")])
    assert names(session) == {
        ("Café Tundra", "Harbour Nights"),
        ("Ida & the Oaks", "Tin Roof"),
        ("New", "One"),
    }


def test_a_scan_that_was_stopped_goes_on(
    session: Session, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "_BATCH", 2)
    asked = iter([False, False, True])
    with pytest.raises(CancelledError):
        session.music.add(music, cancelled=lambda: next(asked))
    (folder,) = session.music.folders()
    assert (folder.files, folder.scanned) == (2, None)
    assert session.music.scan()[str(music)].unchanged == 2
    assert names(session) == ALL


def test_a_drive_that_is_away_forgets_nothing(session: Session, music: Path) -> None:
    session.music.add(music)
    music.rename(music.with_name("away"))
    with pytest.raises(UnreadableFileError, match="Nothing was changed"):
        session.music.scan()
    song(music.with_name("other"), "Another", "Folder")
    music.mkdir()
    session.music.add(music.with_name("other"))
    (music.with_name("other") / "Another - Folder.wav").rename(
        music.with_name("other") / "Renamed - Track.wav"
    )
    with pytest.raises(UnreadableFileError, match=r"None of the 3 files .* other folders were scanned"):
        session.music.scan()
    assert names(session) == {*ALL, ("Another", "Folder")}, "by its tags, under another name of the file"
    assert session.music.folders()[1].files == 1


def test_a_removed_folder_forgets_its_files_and_one_above_takes_them_in(
    session: Session, music: Path
) -> None:
    session.music.add(music / "a")
    with pytest.raises(UsageError, match="--music is for a database"):
        session.music.add(music, music=music)
    session.music.add(music / "a" / "..")
    with pytest.raises(UsageError, match="is within"):
        session.music.add(music / "a")
    assert [one.path for one in session.music.folders()] == [str(music)]
    assert names(session) == ALL
    with pytest.raises(UnknownNameError, match=str(music)):
        session.music.remove(music / "c")
    session.music.remove(music)
    assert session.music.folders() == ()
    assert names(session) == set()
    with pytest.raises(UnreadableFileError, match="does not exist"):
        session.music.add(music / "nothing")
    assert session.music.folders() == ()


def test_a_private_session_scans_nothing(tmp_path: Path, music: Path) -> None:
    Session(Folders(tmp_path / "data")).close()
    with Session(Folders(tmp_path / "data"), private=True) as private:
        for refused in (private.music.add, private.music.scan, private.music.remove):
            with pytest.raises(PrivateSessionError):
                refused(music)
        assert private.music.folders() == ()


def test_beets_names_its_files_below_its_own_folder(session: Session, music: Path, tmp_path: Path) -> None:
    (settings := tmp_path / "beets").mkdir()
    database = beets(
        settings,
        (b"02 - Slow Ferry - Snow.wav", "Slow Ferry", "Snow (by beets)", 200.0, 96),
        (os.fsencode(music) + b"/b/Ida & the Oaks - Tin Roof.wav", "Ida & the Oaks", "Tin Roof", 9.0, 0),
        (b"gone.mp3", "Gone", "Gone", 9.0, 0),
    )
    with pytest.raises(UsageError, match="--music DIR"):
        session.music.add(database)
    assert session.music.folders() == ()
    (settings / "config.yaml").write_text(f"directory: {music}  # mine\n")
    session.music.add(database)
    (folder,) = session.music.folders()
    assert (folder.kind, folder.files, folder.with_tempo) == ("beets", 2, 1)
    assert folder.left_out == {"file that is not where the database says": 1}
    assert list(session.music.add(settings)) == [str(database)], "found in its folder, which has no music"
    assert len(session.music.folders()) == 1
    # The folder itself adds what beets has not, and leaves what it tells.
    session.music.add(music)
    assert names(session) == {*(ALL - {("Slow Ferry", "Snow")}), ("Slow Ferry", "Snow (by beets)")}
    assert {one.kind: one.files for one in session.music.folders()} == {"beets": 2, "folder": 1}


def test_navidrome_in_a_container_sees_other_folders(session: Session, music: Path, tmp_path: Path) -> None:
    database = navidrome(
        tmp_path,
        "/music",
        ("b/Ida & the Oaks - Tin Roof.wav", "Ida & the Oaks", "Tin Roof", 9.0, 0),
        ("02 - Slow Ferry - Snow.wav", "Slow Ferry", "Gone", 9.0, 1),
    )
    session.music.add(database)
    assert session.music.folders()[0].left_out == {"file that is not where the database says": 1}
    session.music.add(database, music=music)
    assert names(session) == {("Ida & the Oaks", "Tin Roof")}
    session.music.scan()
    assert names(session) == {("Ida & the Oaks", "Tin Roof")}


def test_what_is_no_music_is_refused(session: Session, tmp_path: Path) -> None:
    (other := tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UnreadableFileError, match="neither a folder nor a database"):
        session.music.add(other)
    (torn := tmp_path / "torn.db").write_bytes(b"SQLite format 3\0" + b"x" * 500)
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        session.music.add(torn)


def test_what_the_disk_did_not_give_is_read_again_and_nothing_of_it_forgotten(
    session: Session, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: str) -> TinyTag:
        raise ParseError("no tags") from PermissionError(errno.EACCES, "Permission denied", path)

    with monkeypatch.context() as lost:
        lost.setattr(TinyTag, "get", denied)
        session.music.add(music)
        (folder,) = session.music.folders()
        assert folder.left_out == {UNREADABLE: 3}
        again = session.music.scan()[str(music)]
        assert (again.new, again.changed, again.unchanged) == (0, 0, 3)
    assert session.music.scan()[str(music)].changed == 3
    assert names(session) == ALL

    look = os.scandir

    def stale(folder: str) -> Any:
        if Path(folder).name == "a":
            raise OSError(errno.ESTALE, "Stale file handle")
        return look(folder)

    with monkeypatch.context() as lost:
        lost.setattr("engine.audio.walk.os.scandir", stale)
        assert session.music.scan()[str(music)].gone == 0
    assert names(session) == ALL
    (music / "a" / "Café Tundra - Harbour Lights.wav").unlink()
    assert session.music.scan()[str(music)].gone == 1
