"""Files given to a command that does not take them are named for what they are, with the command that does."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import UnreadableFileError
from engine.imports.report import Report
from engine.paths import Folders
from engine.session import Session
from tests.support.archives import ARTISTS
from tests.support.communities import write_community
from tests.support.exports import EXPORTIFY, ITUNES, ROCKBOX
from tests.support.importing import SONG, START, lastfm, spotify, write
from tests.support.models import names, write_model
from tuiapp.cli.main import run

LINE = json.dumps({"user_id": 1, "data": [{"artist_name": "Ida", "artist_mbid": None, "listen_count": 3}]})
COMMUNITY = {
    "artists_all_time.jsonl": f"{LINE}\n{LINE}\n",
    "usersha1-artmbid-artname-plays.tsv": f"{'0' * 40}\tm\tIda\t3\n{'1' * 40}\tm\tIda\t4\n",
    "userid-timestamp.tsv": "user_000001\t2009-05-04T23:08:57Z\tm\tIda\tm\tLark\n",
    "plays.csv": "user,artist,plays\na,Ida,3\nb,Ida,4\n",
    "lists.csv": "playlist_id,artist,track\na,Ida,Lark\nb,Ida,Lark\n",
    "several.csv": "user,artist,track,plays\na,Ida,Lark,3\nb,Ida,Lark,4\n",
    "scrobbles.csv": "user_id,artist,track,time\na,Ida,Lark,1709406060\nb,Ida,Lark,1709406360\n",
    "tempo.csv": "artist,track,bpm\nIda,Lark,120\n",
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(Folders(tmp_path / "data")) as opened:
        yield opened


def notes(report: Report) -> set[str]:
    assert report.totals["kept"] == 0
    return {file.note for file in report.files}


@pytest.mark.parametrize("name", COMMUNITY)
@pytest.mark.parametrize("where", ["", "in"])
def test_community_data_given_to_import(session: Session, tmp_path: Path, name: str, where: str) -> None:
    path = write(tmp_path, f"in/{name}", COMMUNITY[name])
    [note] = notes(session.history.import_paths([tmp_path / where if where else path]))
    assert note.startswith("is community data (")
    assert note.endswith("discover community add PATH")
    assert session.packs.all() == ()


def test_community_data_of_several_files_and_packed(session: Session, tmp_path: Path) -> None:
    folder = write_community(tmp_path / "hetrec", artists=names(60))
    shutil.make_archive(str(tmp_path / "hetrec"), "zip", folder)
    dump = write(tmp_path, "statistics/artists_all_time.jsonl", COMMUNITY["artists_all_time.jsonl"])
    with tarfile.open(tmp_path / "dump.tar", "w") as archive:
        archive.add(dump, "listenbrainz-statistics-dump-1/artists_all_time.jsonl")
    (tmp_path / "tempo.csv.gz").write_bytes(gzip.compress(COMMUNITY["tempo.csv"].encode()))
    for name in ("hetrec", "hetrec.zip", "tempo.csv.gz"):
        [note] = notes(session.history.import_paths([tmp_path / name]))
        assert note.startswith("is community data ("), name


def test_beside_a_history_each_other_file_is_named(session: Session, tmp_path: Path) -> None:
    for name, text in {**COMMUNITY, "mine.csv": lastfm((START, SONG))}.items():
        write(tmp_path, f"in/{name}", text)
    report = session.history.import_paths([tmp_path / "in"])
    assert report.totals["kept"] == 1
    document = {Path(file.path).name: file.note for file in report.files}
    assert {name for name, note in document.items() if "community add PATH" in note} == set(COMMUNITY)


def test_what_is_no_file_is_neither_waited_for_nor_the_end_of_an_import(
    session: Session, tmp_path: Path
) -> None:
    write(tmp_path, "in/mine.csv", lastfm((START, SONG)))
    gone, pipe = tmp_path / "in" / "gone.json", tmp_path / "in" / "pipe.json"
    gone.symlink_to(tmp_path / "nowhere")
    os.mkfifo(pipe)
    report = session.history.import_paths([tmp_path / "in"])
    assert report.totals["kept"] == 1
    assert {Path(file.path).name: file.note for file in report.files if file.unread} == {
        "gone.json": "is a link that leads nowhere; skipped",
        "pipe.json": "is a pipe, not a file; skipped",
    }
    for path, said in ((gone, "leads nowhere"), (pipe, "is a pipe")):
        with pytest.raises(UnreadableFileError, match=said):
            session.model_files.add(path)


def test_one_persons_table_is_a_history_whoever_it_names(session: Session, tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.csv", "username,artist,track,time\nme,Ida,Lark,1709406060\nme,Ida,Lark,1709406360\n"
    )
    assert session.history.import_paths([path]).totals["kept"] == 2
    two = write(tmp_path, "b.csv", COMMUNITY["scrobbles.csv"])
    assert session.history.import_paths([two], columns={"user": "B"}).totals["dropped"] == {
        "of another person": 1
    }


def test_what_discover_wrote_given_to_either(session: Session, tmp_path: Path) -> None:
    made = write_model(tmp_path / "other")
    model = made.models / "made-by-hand"
    session.packs.add(write(tmp_path, "tempo.csv", COMMUNITY["tempo.csv"]))
    session.packs.add(write(tmp_path, "plays.csv", COMMUNITY["plays.csv"]))
    session.packs.add(write(tmp_path, "artist", b"".join(ARTISTS.splitlines(keepends=True)[:-1]).decode()))
    earlier = tmp_path / "earlier.sqlite"
    shutil.copyfile(model / "catalog.sqlite", earlier)
    with sqlite3.connect(earlier) as connection:
        connection.execute("DROP TABLE genres")
    packs = session.library.folders.packs
    parts = [
        earlier,
        packs / "genres" / "genres.sqlite",
        model,
        model / "catalog.sqlite",
        model / "manifest.json",
        *model.glob("*.npy"),
        *packs.iterdir(),
        packs / "tempo" / "features.sqlite",
        packs / "plays" / "manifest.json",
    ]
    assert len(parts) > 8
    for part in parts:
        assert all(
            "part of a model or pack" in note for note in notes(session.history.import_paths([part]))
        ), part
        with pytest.raises(UnreadableFileError, match="part of a model or pack"):
            session.packs.add(part)
    other = Folders(tmp_path / "third")
    Session(other).close()
    library = other.database
    assert all("--data-dir" in note for note in notes(session.history.import_paths([library])))
    with pytest.raises(UnreadableFileError, match="is a library of discover"):
        session.packs.add(library)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("endsong.json", [spotify(START, 60_000)]),
        ("mine.csv", lastfm((START, SONG))),
        ("Library.xml", ITUNES),
        (".scrobbler.log", ROCKBOX),
        ("list.csv", EXPORTIFY["pavelkomarov"]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_history_given_to_community_add(
    session: Session, tmp_path: Path, name: str, content: str | list[object], packed: bool
) -> None:
    path = write(tmp_path, name, content)
    if packed:
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            archive.write(path, f"in/{name}")
        path = tmp_path / "all.zip"
    with pytest.raises(
        UnreadableFileError, match=r"is a listening history \(.*\), to be imported: discover import PATH\.$"
    ):
        session.packs.add(path)
    assert session.packs.all() == ()


def test_a_models_file_and_what_is_given_for_one(session: Session, tmp_path: Path) -> None:
    with Session(write_model(tmp_path / "other")) as other:
        other.model_files.export(tmp_path / "model.zip")
    assert notes(session.history.import_paths([tmp_path / "model.zip"])) == {
        "is a model, to be taken: discover model add PATH"
    }
    with pytest.raises(UnreadableFileError, match="is a model, to be taken: discover model add PATH"):
        session.packs.add(tmp_path / "model.zip")
    with pytest.raises(UnreadableFileError, match="is a listening history"):
        session.model_files.add(write(tmp_path, "mine.csv", lastfm((START, SONG))))
    with pytest.raises(UnreadableFileError, match="is community data"):
        session.model_files.add(write(tmp_path, "plays.csv", COMMUNITY["plays.csv"]))


def test_damaged_slices_of_other_peoples_playlists_are_no_history(session: Session, tmp_path: Path) -> None:
    playlist = {"name": "a", "pid": 1, "tracks": [{"artist_name": "Ida", "track_name": "Lark"}]}
    cut = json.dumps({"info": {"slice": "0-999"}, "playlists": [playlist]})[:-12]
    write(tmp_path, "mpd/mpd.slice.0-999.json", cut)
    write(tmp_path, "mpd/mpd.slice.1000-1999.json", cut[:60])
    with pytest.raises(UnreadableFileError, match=r"2 of 2 lines cannot be used \(2 slice that is not JSON"):
        session.packs.add(tmp_path / "mpd")
    [note] = notes(session.history.import_paths([tmp_path / "mpd"]))
    assert note.startswith("is community data (slices of the Million Playlist Dataset)")


def test_what_is_neither_keeps_its_own_sentence(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path, "letter.txt", "Dear Ida\n")
    with pytest.raises(UnreadableFileError, match="is not community data in a known format"):
        session.packs.add(path)
    assert notes(session.history.import_paths([path])) == {"not a listening history"}


def test_the_command_line_says_it_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_community(tmp_path / "hetrec", artists=names(60))
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(folder)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"error: {folder}: is community data (HetRec 2011 Last.fm layout), to be added: discover community add PATH. "
        "Nothing was imported.\n"
    )
