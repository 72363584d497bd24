"""Forgetting: gone from every table and every byte, and taste is as if it had never been."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.canonical_keys import artist_key, item_key, track_name
from engine.errors import NothingYetError, PrivateSessionError, UnknownNameError
from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.session import Session
from engine.store import comparisons
from engine.store.imported_likes import keep_verdict
from engine.store.restoring import restore
from engine.taste.rules import Rule
from tests.support.importing import START, lastfm, spotify, write
from tests.support.listens import play
from tests.support.models import write_model
from tuiapp.cli.main import run

SECRET, KEPT = ("Quiet Vesper", "Nobody Hears"), ("Quiet Vesper Orchestra", "Quiet Vesper")


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A library with a secret artist in every corner, and one whose name holds the secret one's."""
    folder = tmp_path / "in"
    write(folder, "Quiet Vesper.json", [spotify(START + 300 * i, 211_000, SECRET) for i in range(5)])
    write(folder, "short.json", [spotify(START + 9000, 4_000, SECRET)])
    write(folder, "l.csv", lastfm(*((START - 900 * i, KEPT) for i in range(1, 4))))
    opened = Session(Folders(tmp_path / "data"))
    opened.history.import_paths([folder])
    opened.verdicts.judge("like", SECRET[0])
    for title in (None, SECRET[1]):
        with opened.library.connection as connection:
            keep_verdict(connection, "live:mpd", SECRET[0], title, "hide")
    opened.verdicts.judge(None, *SECRET)
    opened.taste.exclude(Rule(artist=SECRET[0], hours=("22:00", "06:00")))
    opened.discover.note_opened(artist_key(SECRET[0]))
    opened.discover.note_opened(item_key(track_name(*SECRET)))
    comparisons.begin(opened.library.connection, "usual", "factors")
    comparisons.note_shown(opened.library.connection, 1, {artist_key(SECRET[0]): "other"}, 5)
    opened.library.write_state(b'{"cursor": "Quiet Vesper"}')
    opened.door.write_file(opened.folders.hindsight, b"{}")
    return opened


def bytes_of(folders: Folders) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folders.root.rglob("*")) if path.is_file())


def test_what_only_a_player_said_is_forgotten_too(session: Session) -> None:
    assert session.forget(Rule(artist=SECRET[0], track=SECRET[1])).deleted["verdicts of players"] == 1
    connection = session.library.connection
    with connection:
        keep_verdict(connection, "live:mpd", "Ida", None, "like")
    session.verdicts.judge(None, "Ida")
    assert session.forget(Rule(artist="Ida")).holds
    left = connection.execute("SELECT artist_key, track_key FROM imported_verdicts").fetchall()
    assert left == [(artist_key(SECRET[0]), "")]


def test_an_artist_is_gone_from_every_byte_and_taste_is_as_if_never(session: Session, tmp_path: Path) -> None:
    for word in ("utf-8", "utf-16-le"):
        session.door.write_file(session.folders.log, SECRET[1].encode(word) + SECRET[0].encode(word))
    done = session.forget(Rule(artist=SECRET[0]))
    assert done.holds
    assert done.deleted == {
        "listens": 5,
        "skips": 1,
        "likes, hides and blocks": 1,
        "verdicts of players": 2,
        "days shown": 3,
        "rules": 1,
        "music files": 0,
        "notes of what was sent": 0,
        "tracks": 1,
        "artists": 1,
        "imports": 2,
    }
    assert set(done.files) == {"state.json", "hindsight.json", "discover.log"}
    left = bytes_of(session.folders)
    assert SECRET[1].encode() not in left
    assert SECRET[1].lower().encode() not in left
    # What still reads so is the other artist's name and title.
    assert b"Quiet Vesper" in left
    never = Session(Folders(tmp_path / "never"))
    never.history.import_paths([tmp_path / "in" / "l.csv"])
    assert session.taste.read() == never.taste.read()
    with pytest.raises(NothingYetError):
        session.forget(Rule(artist=KEPT[0], until=5))
    with pytest.raises(UnknownNameError):
        session.forget(Rule(artist="Nobody Ever"))
    session.close()
    never.close()


def test_the_proof_fails_where_a_name_is_left(session: Session) -> None:
    """A file of one's own in the data folder that still holds the name is found, in either encoding."""
    for coding in ("utf-8", "utf-16-be"):
        session.door.write_file(session.folders.config, "# Quiet Vesper, my own note".encode(coding))
        assert session.folders.config.exists()
    done = session.forget(Rule(artist=SECRET[0]))
    assert done.found_in == ("config.toml",)
    assert not done.holds
    session.close()


def test_playlists_keep_a_name_until_asked(session: Session) -> None:
    connection = session.library.connection
    with connection:
        connection.execute("INSERT INTO playlists VALUES (1, 'Evening', 'running', '{}', 0)")
        connection.execute(
            "INSERT INTO playlist_tracks (playlist_id, position, artist, track) VALUES (1, 0, ?, ?)", SECRET
        )
    done = session.forget(Rule(artist=SECRET[0]))
    assert {Path(name).parts[0] for name in done.found_in} == {"backups", "library.sqlite"}, (
        "and its copy, as asked"
    )
    session.close()


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (Rule(until=START - 900), 6),
        (Rule(source="l.csv"), 5),
        (Rule(track=KEPT[1]), 5),
        (Rule(source="spotify"), 3),
    ],
)
def test_parts_are_forgotten_as_rules_name_them(session: Session, rule: Rule, left: int) -> None:
    for number in [kept.id for kept in session.taste.rules()]:
        session.taste.include(number)
    named = session.taste.listens_excluded(rule)
    done = session.forget(rule)
    assert done.holds
    assert done.deleted["listens"] == named

    assert session.status().listens == left
    session.close()


def test_of_one_who_is_in_playlists_only_it_says_how_to_go_on(session: Session) -> None:
    session.playlists.create("Mine", [PlaylistTrack("Nobody Played", "Song")])
    with pytest.raises(NothingYetError, match="add --playlists"):
        session.forget(Rule(artist="Nobody Played"))


def test_forgetting_all_leaves_an_empty_library(session: Session) -> None:
    files, bytes_gone = session.forget_all()
    assert "library.sqlite" in files
    assert bytes_gone
    status = session.status()
    assert (status.listens, status.artists, status.tracks) == (0, 0, 0)
    left = bytes_of(session.folders)
    assert b"Vesper" not in left
    assert session.verdicts.all() == ()
    session.close()


def test_a_private_session_forgets_nothing(session: Session) -> None:
    folders = session.folders
    session.close()
    private = Session(folders, private=True)
    before = bytes_of(folders)
    with pytest.raises(PrivateSessionError):
        private.forget(Rule(artist=SECRET[0]))
    with pytest.raises(PrivateSessionError):
        private.forget_all()
    assert bytes_of(folders) == before
    private.close()


def test_a_model_that_cannot_be_read_may_be_ones_own_and_goes_too(session: Session) -> None:
    folders = write_model(session.folders.root, level="tracks")
    manifest = folders.models / "made-by-hand-tracks" / "manifest.json"
    manifest.write_bytes(b"{")
    assert session.forget(Rule(artist=SECRET[0])).holds
    assert not manifest.parent.exists()
    assert session.models.manifest("tracks") is None


def test_the_proof_holds_where_bursts_close_up_over_what_is_forgotten(
    session: Session, tmp_path: Path
) -> None:
    plays = [KEPT] * 2 + [SECRET] + [KEPT] * 2
    folder = tmp_path / "bursts"
    write(folder, "b.json", [spotify(START + 90_000 + 300 * i, 211_000, one) for i, one in enumerate(plays)])
    session.history.import_paths([folder])
    session.taste.exclude(Rule(burst=3))
    assert session.taste.read().by_key[artist_key(KEPT[0])].plays > 1
    assert session.forget(Rule(artist=SECRET[0])).holds
    assert session.taste.read().by_key[artist_key(KEPT[0])].plays == 1


@pytest.mark.parametrize(
    ("option", "rule"),
    [
        (("--artist", "Lone Lantern"), Rule(artist="Lone Lantern")),
        (("--track", "Ninth Harbour"), Rule(track="Ninth Harbour")),
        (("--source", "b.csv"), Rule(source="b.csv")),
        (("--before", time.strftime("%Y-%m-%d", time.gmtime(START))), Rule(until=START - 86_400)),
    ],
)
def test_what_only_a_backup_holds_is_forgotten_there_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, str], rule: Rule
) -> None:
    opened = Session(Folders(tmp_path / "data"))
    long_before = START - 5 * 86_400
    for name, one in (("a.csv", (START, KEPT)), ("b.csv", (long_before, ("Lone Lantern", "Ninth Harbour")))):
        write(tmp_path / "in", name, lastfm(one))
        opened.history.import_paths([tmp_path / "in" / name])
    opened.close()
    restore(opened.door)
    data = ["--data-dir", str(opened.folders.root)]
    assert b"Lone Lantern" in bytes_of(opened.folders), "the premise: a backup has it, the library has not"
    assert run([*data, "forget", *option]) == 2
    assert "0 plays will be deleted, and what 1 backup holds of it: " in capsys.readouterr().err
    assert run([*data, "forget", *option, "--yes"]) == 0
    assert "Deleted: what 1 backup held of it." in capsys.readouterr().out
    assert b"Lone Lantern" not in bytes_of(opened.folders)
    with Session(opened.folders) as session, pytest.raises((NothingYetError, UnknownNameError)):
        session.forget(rule)


def test_an_artist_of_one_letter_is_gone_and_the_log_with_it(session: Session) -> None:
    """The log's last page has a mark of hexadecimal letters."""
    log = session.folders.database.with_name(f"{session.folders.database.name}-wal")
    for name in "abcdef":
        play(session.library.connection, name, "Song", 1_704_067_200)
        done = session.forget(Rule(artist=name))
        assert (done.found_in, done.holds) == ((), True)
        assert log.stat().st_size == 0


def test_forgetting_a_track_says_that_names_of_playlists_stay(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, said = (
        ["--data-dir", str(session.folders.root)],
        "Names of playlists are neither searched nor changed",
    )
    for option, where in ((["--track", "Song"], True), (["--artist", "Ida Oaks"], False)):
        for more in ([], ["--json"]):
            play(session.library.connection, "Ida Oaks", "Song", START)
            assert run([*data, "forget", *option, "--yes", *more]) == 0
            assert (said in capsys.readouterr().out) == where
