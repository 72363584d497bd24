"""A playlist plays from the files of a player's library, whoever counted the plays and whenever it was put together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import NothingYetError
from engine.paths import Folders
from engine.session import Session
from tests.support.databases import database
from tests.support.importing import spotify, write

SONGS = [("Burel", "Tin Roof", "/music/Burel/01 Tin Roof.ogg"), ("Ida", "Lark", "/music/Ida/#1 Lark.ogg")]


def itunes(folder: Path) -> Path:
    tracks = "".join(
        f"<key>{number}</key><dict><key>Track ID</key><integer>{number}</integer>"
        f"<key>Name</key><string>{title}</string>"
        f"<key>Artist</key><string>{artist}</string><key>Location</key><string>{address(path)}</string></dict>"
        for number, (artist, title, path) in enumerate(SONGS)
    )
    return write(folder, "Library.xml", f"<plist><dict><key>Tracks</key><dict>{tracks}</dict></dict></plist>")


def rhythmbox(folder: Path) -> Path:
    songs = "".join(
        f'<entry type="song"><title>{title}</title><artist>{artist}</artist>'
        f"<location>{address(path)}</location></entry>"
        for artist, title, path in SONGS
    )
    return write(folder, "rhythmdb.xml", f'<rhythmdb version="2.0">{songs}</rhythmdb>')


def strawberry(folder: Path) -> Path:
    rows = "".join(
        f"INSERT INTO songs VALUES ('{title}', '{artist}', 0, '{address(path)}');"
        for artist, title, path in SONGS
    )
    tables = "CREATE TABLE directories (path); CREATE TABLE songs (title, artist, playcount, url);"
    return database(folder, "strawberry.db", tables + rows)


def navidrome(folder: Path) -> Path:
    rows = "".join(
        f"INSERT INTO media_file VALUES ('{title}', '{title}', '{artist}', '{path}');"
        f"INSERT INTO annotation VALUES ('u', '{title}', 'media_file', 0);"
        for artist, title, path in SONGS
    )
    tables = (
        "CREATE TABLE media_file (id, title, artist, path);"
        "CREATE TABLE annotation (user_id, item_id, item_type, play_count);"
    )
    return database(folder, "navidrome.db", tables + rows)


def address(path: str) -> str:
    return "file://" + path.replace(" ", "%20").replace("#", "%23")


@pytest.mark.parametrize("player", [itunes, rhythmbox, strawberry, navidrome])
def test_a_playlist_of_another_services_plays_from_the_files_of_a_library_without_plays(
    tmp_path: Path, player: Callable[[Path], Path]
) -> None:
    exports = tmp_path / "exports"
    played = [spotify(1_700_000_000 + 300 * at, 200_000, song[:2]) for at, song in enumerate(SONGS)]
    history = write(exports, "endsong_0.json", played)
    listed = write(
        exports,
        "Evening.csv",
        "Track ID,Track Name,Artist Name(s)\n" + "".join(f"x,{t},{a}\n" for a, t, _ in SONGS),
    )
    with Session(Folders(tmp_path / "data")) as session:
        session.history.import_paths([history, listed])
        with pytest.raises(NothingYetError, match="discover library add DIR"):
            session.tracks.export(session.playlists.show("Evening"), "Evening", tmp_path / "before.m3u8")
        report = session.history.import_paths([player(exports)])
        assert (report.files[0].read, report.files[0].dropped) == (2, {"nothing to count": 2})
        assert session.history.counts().tracks == 2
        after = session.tracks.export(session.playlists.show("Evening"), "Evening", tmp_path / "after.m3u8")
        assert (after.tracks, after.left_out) == (2, 0)
    lines = (tmp_path / "after.m3u8").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [path for *_, path in SONGS]
