"""MusicBrainz' genres: whose they are, where they are shown, and what is said where there are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.community.genres import read_genres
from engine.errors import DiscoverError, UnreadableFileError
from engine.session import Session
from engine.training.interactions import community_interactions, with_genres
from tests.support.archives import ARTISTS, add_artists, add_genres, artist_line, fetch
from tests.support.commands import document
from tests.support.dump_server import DumpServer
from tests.support.models import write_model
from tests.support.statistics_dump import mbid


def test_genres_are_had_by_id_and_by_a_name_that_one_artist_has(
    server: DumpServer, session: Session, tmp_path: Path
) -> None:
    add_artists(session, tmp_path)
    data = add_genres(server)
    (pack,) = fetch(session, server, "genres", "json")
    assert (pack.name, pack.kind, pack.level, pack.items) == ("genres", "genres", "artists", 3)
    assert (pack.collected, pack.checked) == ("2026-10-03", "The archive's SHA-256 is the publisher's.")
    assert "CC BY-NC-SA" in pack.licence
    # Of an artist with an id the name counts for nothing: "Artist 3" there is another.
    asked = [
        "nobody",
        "artist 1",
        "artist 2",
        "artist 3",
        "twice",
        "artist one as they say there",
        "not there",
    ]
    assert list(read_genres(session.library.folders, asked)) == [
        ("artist 1", "indie", 9),
        ("artist 1", "dream pop", 4),
        ("artist 2", "norwegian", 2),
        ("nobody", "drone", 3),
    ]
    manifest = json.loads((session.library.folders.packs / "genres/manifest.json").read_bytes())
    assert manifest["dropped"] == {
        "line that is not JSON, or cut short": 1,
        "name that several artists have": 1,
    }
    assert manifest["download"]["bytes"] == len(data)


def test_decades_are_taken_from_the_tags_beside_the_genres(
    server: DumpServer, session: Session, tmp_path: Path
) -> None:
    add_artists(session, tmp_path)
    genres = {f"genre {number}": 9 for number in range(6)}
    line = artist_line(
        mbid(10_001), "Old Hands", genres, **{"80s": 1, "seen live": 4, "1990s": 0, "1970s": 1 << 70}
    )
    add_genres(server, ARTISTS + line)
    fetch(session, server, "genres", "json")
    found = [genre for _, genre, _ in read_genres(session.library.folders, ["old hands"])]
    assert found == [*(f"genre {number}" for number in range(5)), "80s"]


def test_an_artist_page_has_the_genres_without_a_model(server: DumpServer, session: Session, capsys) -> None:
    with session.library.connection as library:
        library.execute("INSERT INTO artists VALUES (1, 'Nobody', 'nobody')")
    assert session.artist_pages.of("Nobody").tags == ()
    add_genres(server)
    fetch(session, server, "genres", "json")
    assert session.artist_pages.of("Nobody").tags == ("drone",)
    assert document(capsys, "--data-dir", str(session.library.folders.root), "artist", "Nobody")["tags"] == [
        "drone"
    ]


@pytest.mark.parametrize("level", ["artists", "tracks"])
def test_a_model_of_artists_that_is_older_than_the_genres_says_so(tmp_path: Path, level) -> None:
    path = tmp_path / "artist"
    path.write_bytes(ARTISTS)
    with Session(write_model(tmp_path / "data", solo=True, level=level)) as session:
        assert "newer" not in session.status().outdated
        session.packs.add(path)
        assert ("A pack is newer than this model" in session.status().outdated) == (level == "artists")


def test_training_takes_them_into_the_models_tags(session: Session, tmp_path: Path) -> None:
    from engine.community.packs import community_packs

    add_artists(session, tmp_path)
    path = tmp_path / "artist"
    path.write_bytes(ARTISTS)
    assert [pack.kind for pack in session.packs.add(path).packs] == ["genres"]
    folders = session.library.folders
    data = with_genres(community_interactions(community_packs(folders, "artists")), folders)
    tags = {(data.names[item], tag): weight for item, tag, weight in data.tags}
    assert tags == {("Artist 1", "dream pop"): 4, ("Artist 1", "indie"): 9, ("Artist 2", "norwegian"): 2}


@pytest.mark.parametrize(
    ("lines", "said"),
    [(artist_line(mbid(1), "Artist 1"), "no artist with a genre"), (ARTISTS[:-5] + b"{", "within a line")],
)
def test_artists_without_genres_and_a_file_cut_short_are_said(
    session: Session, tmp_path: Path, lines: bytes, said: str
) -> None:
    path = tmp_path / "artist.jsonl"
    path.write_bytes(lines)
    with pytest.raises(UnreadableFileError, match=said):
        session.packs.add(path)
    assert session.packs.all() == ()


def test_a_latest_that_names_no_dump_is_said(server: DumpServer, session: Session) -> None:
    server.files["/pub/json/LATEST"] = b"<html>moved</html>"
    with pytest.raises(DiscoverError, match="does not name a dump"):
        fetch(session, server, "genres", "json")
