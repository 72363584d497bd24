"""Forgetting that is killed, or beside others that read, train or have the app open: it goes on, and claims what it
saw."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.canonical_keys import artist_key, item_key, track_name
from engine.errors import ForgottenError, NothingYetError, PrivateSessionError, UnknownNameError
from engine.paths import Folders
from engine.session import Session, forgetting
from engine.session.traces import in_rows
from engine.store.forgetting import mark
from engine.taste.rules import Rule
from engine.training.train import TrainingSettings
from tests.support.importing import START, lastfm, write
from tests.support.killing import killed_at_each_step
from tests.support.models import write_model

SECRET, OTHER = "Étoile Grise", "Étoile Grise Orchestra"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 24 sessions with a secret artist, a model of it alone, and what the app left."""
    root = tmp_path_factory.mktemp("kept")
    artists = [SECRET, OTHER, *(f"Artist {n}" for n in range(10))]
    plays = [
        (START + 90_000 * day + 300 * n, (artist, f"Song {n}"))
        for day in range(24)
        for n, artist in enumerate(artists)
    ]
    write(root / "in", "étoile grise.csv", lastfm(*plays))
    with Session(Folders(root / "data")) as session:
        session.history.import_paths([root / "in"])
        session.library.write_state(f'{{"trail": ["{SECRET}"]}}'.encode())
        write_model(root / "data", solo=True, items=20, called=[*artists, *(f"More {n}" for n in range(8))])
    return root / "data"


@pytest.fixture
def copied(kept: Path, tmp_path: Path) -> Callable[[], Folders]:
    """A fresh copy of it, at the same place each time."""

    def copy() -> Folders:
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        shutil.copytree(kept, tmp_path / "data")
        return Folders(tmp_path / "data")

    return copy


@pytest.fixture
def session(copied: Callable[[], Folders]) -> Iterator[Session]:
    with Session(copied()) as opened:
        yield opened


def traces(folders: Folders) -> list[str]:
    """The files in which the secret artist's name still occurs, other than as a part of the other's."""
    return [
        path.name
        for path in sorted(folders.root.rglob("*"))
        if path.is_file()
        and any(
            SECRET.encode() in part or artist_key(SECRET).encode() in part
            for part in (
                path.read_bytes().replace(OTHER.encode(), b"").replace(artist_key(OTHER).encode(), b""),
            )
        )
    ]


def test_killed_at_any_step_the_next_one_ends_it(copied: Callable[[], Folders]) -> None:
    folders = copied()
    assert "state.json" in traces(folders)

    def forget(step: Callable[..., None]) -> None:
        with Session(folders) as session:
            session.library.connection.set_trace_callback(
                lambda sql: (
                    step() if sql.startswith(("COMMIT", "VACUUM", "PRAGMA wal", "UPDATE forg")) else None
                )
            )
            session.forget(Rule(artist=SECRET))

    forget(lambda: None)  # children find loaded what it takes
    copied()
    broken_off = 0
    for _ in killed_at_each_step(forget, every=3):
        with Session(folders) as again:
            # Before or after it was deleted: from then on opening the library is enough.
            broken_off += again.library.was_forgetting
            assert traces(folders) == [] or not again.library.was_forgetting
            try:
                done = again.forget(Rule(artist=SECRET))
            except UnknownNameError:
                # All but its last words was done.
                assert not again.library.was_forgetting
            else:
                assert done.holds
                assert done.resumed is (done.deleted["listens"] == 0)
        assert traces(folders) == []
        copied()
    assert broken_off > 2


def test_beside_a_reader_it_says_that_the_bytes_are_there_and_ends_later(session: Session) -> None:
    folders = session.folders
    session.library.connection.execute("PRAGMA busy_timeout = 0")
    reader = sqlite3.connect(folders.database, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM listens").fetchone()
    done = session.forget(Rule(artist=SECRET))
    assert not done.bytes_gone
    assert not done.holds
    assert "library.sqlite" in traces(folders)
    assert session.library.forgetting_is_held_up()
    reader.close()
    Session(folders).close()
    assert traces(folders) == []
    assert not session.library.forgetting_is_held_up()


def test_a_training_that_lands_afterwards_is_thrown_away(session: Session) -> None:
    elsewhere = Session(session.folders)
    stages = []

    def forget_meanwhile(update: object) -> None:
        if len(stages) == 1:
            assert elsewhere.forget(Rule(artist=SECRET)).holds
        stages.append(update)

    with pytest.raises(ForgottenError, match="forgotten meanwhile"):
        session.training.train(
            TrainingSettings(factors=8, iterations=1, tune=False), progress=forget_meanwhile
        )
    elsewhere.close()
    assert traces(session.folders) == []
    assert [path for path in session.folders.models.iterdir() if path.is_dir()] == []


def test_a_training_whose_files_went_under_it_says_why(session: Session) -> None:
    elsewhere, folders = Session(session.folders), session.folders

    def forget_while_it_writes(update: object) -> None:
        if list(folders.models.glob(".*.own.partial")) and mark(elsewhere.library.connection) == before:
            assert elsewhere.forget(Rule(artist=SECRET)).holds

    before = mark(elsewhere.library.connection)
    with pytest.raises(ForgottenError):
        session.training.train(
            TrainingSettings(factors=8, iterations=1, tune=False), progress=forget_while_it_writes
        )
    elsewhere.close()
    assert traces(folders) == []


def test_the_app_that_was_open_does_not_write_where_it_was(session: Session) -> None:
    state = b'{"trail": ["%s"]}' % SECRET.encode()
    with Session(session.folders) as elsewhere:
        assert elsewhere.forget(Rule(artist=SECRET)).holds
    assert session.library.changed_elsewhere()
    session.library.write_state(state)
    assert not session.folders.state.exists()
    since = mark(session.library.connection)
    session.library.keep_derived(session.folders.hindsight, b"{}", since)
    assert session.folders.hindsight.exists()


def test_what_another_left_half_done_goes_with_everything(session: Session) -> None:
    folders, other = session.folders, sqlite3.connect(session.folders.database)
    for name in (".m-0123abcd.own.partial", ".m-0123abcd.partial", ".m-0123abcd.old"):
        (folders.models / name).mkdir()
        (folders.models / name / "catalog").write_text(SECRET)
    (folders.root / ".state.json-0123456789abcdef").write_text(SECRET)
    session.forget_all()
    assert traces(folders) == []
    assert [path for path in folders.models.iterdir() if path.is_dir()] == []
    # Another program that has the library open sees it empty, and does not go on with a file that is gone.
    assert other.execute("SELECT count(*) FROM listens").fetchone() == (0,)
    other.close()


def playlist(session: Session, name: str, *tracks: tuple[str, str], settings: str = "{}") -> None:
    with session.library.connection as connection:
        number = connection.execute(
            "INSERT INTO playlists (name, context, settings, at) VALUES (?, '', ?, 0)", (name, settings)
        ).lastrowid
        connection.executemany(
            "INSERT INTO playlist_tracks (playlist_id, position, artist, track) VALUES (?, ?, ?, ?)",
            [(number, place, *track) for place, track in enumerate(tracks)],
        )


def test_names_in_other_spellings_and_in_names_of_playlists_are_seen(session: Session) -> None:
    playlist(session, "Best of ÉTOILE GRISE", ("ÉTOILE GRISE", "Song 0"), (OTHER, "Song 1"))
    playlist(session, "Seeded", settings='{"seeds": ["etoile grise"], "n": 5}')
    (file,) = session.library.connection.execute("SELECT file FROM imports").fetchone()
    assert "étoile" in file
    done = session.forget(Rule(artist=SECRET))
    assert set(done.places) == {
        "saved playlists",
        "the name of a playlist (“Best of ÉTOILE GRISE”)",
        "playlists.settings",
    }
    assert not done.holds
    assert session.library.connection.execute("SELECT file FROM imports").fetchone() == ("(forgotten)",)
    # As it is said to be done: the artist is no longer there, their name is.
    assert session.forgettable(Rule(artist=SECRET)) == 0
    again = session.forget(Rule(artist=SECRET), playlists=True)
    assert again.holds
    assert {kind: count for kind, count in again.deleted.items() if count} == {
        "playlist tracks": 1,
        "names of playlists": 2,
    }
    with pytest.raises(UnknownNameError):
        session.forget(Rule(artist=SECRET), playlists=True)


def test_with_playlists_it_leaves_their_names_and_how_they_were_made(session: Session) -> None:
    playlist(session, "Best of ÉTOILE GRISE", ("ÉTOILE GRISE", "Song 0"), (OTHER, "Song 1"))
    playlist(session, "étoile grise", settings='{"seeds": ["etoile grise"]}')
    assert session.forget(Rule(artist=SECRET), playlists=True).holds
    rows = session.library.connection.execute("SELECT name, settings FROM playlists ORDER BY id").fetchall()
    assert rows == [("(forgotten)", "{}"), ("(forgotten) 2", "{}")]
    assert session.library.connection.execute("SELECT artist FROM playlist_tracks").fetchall() == [(OTHER,)]


def test_a_name_in_another_spelling_in_another_file_is_found(session: Session) -> None:
    session.door.write_file(session.folders.config, "# ÉTOILE GRISE, and Étoile Grise Orchestra".encode())
    assert session.forget(Rule(artist=SECRET)).found_in == ("config.toml",)


def test_a_track_goes_with_all_that_was_said_of_it(session: Session) -> None:
    title = "Song 0"
    session.verdicts.judge("like", SECRET, title)
    session.verdicts.judge("like", OTHER, title)
    session.taste.exclude(Rule(artist=SECRET, track=title, hours=("22:00", "06:00")))
    session.discover.note_opened(item_key(track_name(SECRET, title)))
    playlist(session, "Mine", (SECRET, title), (OTHER, title))
    done = session.forget(Rule(artist=SECRET, track=title), playlists=True)
    assert done.holds
    assert {kind: count for kind, count in done.deleted.items() if kind != "listens"} == {
        "skips": 0,
        "likes, hides and blocks": 1,
        "verdicts of players": 0,
        "rules": 1,
        "days shown": 1,
        "music files": 0,
        "playlist tracks": 1,
        "tracks": 1,
        "artists": 1,
        "imports": 0,
    }
    assert [(one.artist, one.track) for one in session.verdicts.all()] == [(OTHER, title)]


def test_a_track_that_a_saved_playlist_has_is_not_said_to_be_gone(session: Session) -> None:
    playlist(session, "Mine", (SECRET.upper(), "SONG 0"), (OTHER, "Song 0"))
    done = session.forget(Rule(artist=SECRET, track="Song 0"))
    assert (done.places, done.holds) == (("saved playlists",), False)
    with pytest.raises(NothingYetError, match="add --playlists"):
        session.forget(Rule(artist=SECRET, track="Song 0"))
    assert session.forget(Rule(artist=SECRET, track="Song 0"), playlists=True).holds
    assert session.library.connection.execute("SELECT artist FROM playlist_tracks").fetchall() == [(OTHER,)]


def test_an_exclusion_of_a_title_goes_with_the_only_track_of_it(session: Session) -> None:
    session.history.log_play("Artist 1", "Song 4", seconds=200)
    session.taste.exclude(Rule(track="Song 3"))
    session.taste.exclude(Rule(track="Song 4"))
    for title in ("Song 3", "Song 4"):
        session.forget(Rule(artist="Artist 1", track=title))
    # Another artist has a Song 4 too.
    assert [kept.rule.track for kept in session.taste.rules()] == ["Song 4"]


def test_an_exchange_that_was_broken_off_is_not_for_a_private_session(session: Session) -> None:
    folders = session.folders
    session.close()
    shutil.copytree(folders.models / "made-by-hand", folders.models / ".made-by-hand.new")
    # The old one is there.
    Session(folders, private=True).close()
    shutil.rmtree(folders.models / "made-by-hand")
    with pytest.raises(PrivateSessionError, match="doctor"):
        Session(folders, private=True)
    with Session(folders) as again:
        assert again.models.manifest() is not None


def test_a_name_that_an_exclusion_still_gives_is_not_one_that_is_to_be_gone(session: Session) -> None:
    session.taste.exclude(Rule(track="Song 3"))
    done = session.forget(Rule(until=START + 10**9))
    assert done.deleted["tracks"]
    assert done.holds, done.found_in


def test_an_exclusion_of_another_whose_name_contains_it_is_none_of_it(session: Session) -> None:
    session.taste.exclude(Rule(artist=OTHER))
    done = session.forget(Rule(artist=SECRET))
    assert done.holds, (done.places, done.found_in)
    session.library.connection.execute(
        "INSERT INTO rules (kind, settings, at) VALUES ('exclude', json_object('artist_key', ?), 1)",
        (artist_key(SECRET),),
    )
    assert "exclusions" in in_rows(session.library.connection, artist_key(SECRET))


def test_what_another_writes_meanwhile_is_not_held_against_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def beside(*_: object, **__: object) -> None:
        with sqlite3.connect(session.library.folders.database) as other:
            other.execute("UPDATE listens SET plays = plays + 7")

    monkeypatch.setattr(forgetting, "_forget_in_backups", beside)
    assert session.forget(Rule(artist=SECRET)).taste_is_as_if_never
