"""What is left of a forgotten name: in rows, in files, in backups, and not inside another name."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.canonical_keys import artist_key
from engine.playlists.playlist import PlaylistTrack
from engine.playlists.saved import save_playlist
from engine.session.library import Library
from engine.session.traces import (
    MAX_NAMES,
    MIN_BYTES,
    Names,
    in_rows,
    named_texts,
    names_to_be_gone,
    search_files,
    stands_in,
    texts_in_backups,
    whole_artist,
)
from engine.store.backups import back_up, backups
from engine.taste.rules import Rule
from tests.support.listens import judge, play

SECRET, LONGER = "Quiet Vesper", "Quiet Vesper Orchestra"
WHOLE = Rule(artist=SECRET, artist_key=artist_key(SECRET))
NAMES = Names(artist_key(SECRET), (SECRET,), ("Nobody Hears",))


@pytest.fixture
def named(library: Library) -> Library:
    """With a secret artist, and one whose name holds the secret one's."""
    play(library.connection, SECRET, "Nobody Hears", 100, 200)
    play(library.connection, LONGER, "Slow Ferry", 300)
    return library


def searched(
    library: Library, names: Names = NAMES, public: tuple[str, ...] = ("models",)
) -> tuple[str, ...]:
    folders = library.folders
    library.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return search_files(library.connection, folders.root, folders.database, backups(folders), public, names)[
        1
    ]


def test_a_rule_of_nothing_but_an_artist_is_of_the_whole_artist() -> None:
    assert whole_artist(WHOLE)
    assert not whole_artist(Rule(artist=SECRET, artist_key=artist_key(SECRET), track="Nobody Hears"))
    assert not whole_artist(Rule(source="test"))


def test_each_place_in_the_rows_that_names_an_artist_is_said(named: Library) -> None:
    connection, key = named.connection, artist_key(SECRET)
    assert in_rows(connection, key) == ["artists"]
    judge(connection, "like", SECRET, "Nobody Hears")
    save_playlist(connection, "quiet_vesper, the best", [PlaylistTrack("QUIET VESPER", "Nobody Hears")])
    with connection:
        connection.execute("UPDATE imports SET file = 'in/Quiet Vesper.csv'")
    assert in_rows(connection, key) == [
        "likes, hides and blocks",
        "artists",
        "saved playlists",
        "imports.file",
        "the name of a playlist (“quiet_vesper, the best”)",
    ]
    assert in_rows(connection, artist_key("Vesper")) == [
        "imports.file",
        "the name of a playlist (“quiet_vesper, the best”)",
    ]
    assert in_rows(connection, artist_key("Quiet Ves")) == []
    there = in_rows(connection, key)
    named.set_private(True)
    assert in_rows(named.connection, key) == there


def test_names_to_be_gone_are_those_no_row_has_any_more(named: Library) -> None:
    before = named_texts(named.connection, WHOLE)
    assert before == {SECRET, "Nobody Hears"}
    # What is short is in any file by chance.
    some = {*before, "Slow Ferry", "x" * (MIN_BYTES - 1), "y" * MIN_BYTES}
    assert names_to_be_gone(named.connection, WHOLE, some) == Names(
        artist_key(SECRET), (SECRET, artist_key(SECRET)), ("y" * MIN_BYTES,)
    )
    with named.connection:
        named.connection.execute(
            "DELETE FROM listens WHERE track_id IN (SELECT id FROM tracks WHERE title = ?)", ("Nobody Hears",)
        )
        named.connection.execute("DELETE FROM tracks WHERE title = ?", ("Nobody Hears",))
    assert names_to_be_gone(named.connection, WHOLE, before).went == ("Nobody Hears",)
    many = {f"A name of number {number}" for number in range(MAX_NAMES + 5)}
    assert len(names_to_be_gone(named.connection, Rule(source="test"), many).went) == MAX_NAMES


GONE = Names(artist_key("Pale Harbour"), ("Pale Harbour",), ("Nobody Sees",))


def test_a_name_in_a_file_is_found_in_any_spelling_and_not_within_another_name(library: Library) -> None:
    play(library.connection, "Pale Harbour Orchestra", "Slow Ferry", 300)
    file = library.folders.root / "note.txt"
    for text, found in (
        ("seen: Pale Harbour Orchestra, Pale Harbour Orchestra.", False),
        ("seen: Pale Harbour Orchestra, Pale Harbour.", True),
        ("seen: PALE_HARBOUR", True),
        ("xy " * 3000 + "PALE_HARBOUR", True),
        ("seen: Pale Harbours", True),
        ("seen: PALE_HARBOURS", False),
        ("seen: Nobody Sees", True),
        ("seen: NOBODY SEES, a title", False),
    ):
        file.write_text(text)
        assert searched(library, GONE) == (("note.txt",) if found else ()), text
    for encoding in ("utf-16-le", "utf-16-be"):
        file.write_bytes("seen: PALE_HARBOUR".encode(encoding))
        assert searched(library, GONE) == ("note.txt",)
    assert searched(library, GONE, public=("models", "note.txt")) == ("note.txt",), "only folders are public"
    assert searched(library, Names("", (), ())) == ()
    file.rename(library.folders.models / "note.txt")
    assert searched(library, GONE) == ()
    assert searched(library, GONE, public=()) == ("models/note.txt",)


def test_in_the_library_only_bytes_beyond_its_rows_count_and_in_backups_rows_too(
    named: Library, tmp_path: Path
) -> None:
    assert searched(named) == ("library.sqlite",)
    assert back_up(named.door, named.connection, "import") == ""
    (copy,) = backups(named.folders)
    assert texts_in_backups([copy], WHOLE) == {copy.path.name: {SECRET, "Nobody Hears"}}
    assert texts_in_backups([copy], Rule(source="nowhere")) == {}
    assert searched(named) == (f"backups/{copy.path.name}", "library.sqlite")
    copy.path.write_bytes(b"not a library")
    assert texts_in_backups([copy], WHOLE) == {}
    assert f"backups/{copy.path.name}" in searched(named), "nobody knows what is in it"


def test_words_are_found_across_the_pieces_a_long_text_is_read_in() -> None:
    for at in range(3000):
        before = "x" * (at % 7) + " xyz" * (at // 4) + " "
        assert stands_in(artist_key(SECRET), f"{before}{SECRET.upper()}{' abc' * 300}"), at
        # Pieces begin and end within words.
        assert not stands_in("air", f"{before}fairly affair fair airs{' abc' * 300}"), at
    assert stands_in("!!!", "Best of !!!")
    assert not stands_in("air", None)


def test_a_short_name_is_not_found_in_the_log_by_chance_nor_a_long_one_missed(named: Library) -> None:
    folders, connection = named.folders, named.connection
    play(connection, "e", "Nobody Hears", 400)
    log = folders.database.with_name(f"{folders.database.name}-wal")
    for name, found in (("e", False), (SECRET, True)):
        # Its pages are in the log as long as the library is open.
        with connection:
            connection.execute("UPDATE tracks SET album = album")
        assert name.encode() in log.read_bytes()
        read, holds = search_files(
            connection, folders.root, folders.database, (), ("models",), Names(artist_key(name), (name,), ())
        )
        assert (log.name in holds) == found
        assert f"{folders.database.name}-shm" not in read
