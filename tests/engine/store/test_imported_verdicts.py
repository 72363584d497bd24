"""Verdicts of other programs: what is new counts, the latest of several, and never over what the person said here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from engine.store.feedback import all_feedback, set_verdict
from engine.store.imported_likes import SaidElsewhere, keep_verdict

NEW, CHANGED, NEITHER = SaidElsewhere(True, False), SaidElsewhere(True, True), SaidElsewhere()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "data")


@pytest.fixture
def db(folders: Folders) -> Iterator[sqlite3.Connection]:
    connection = open_library(Door(folders))
    yield connection
    connection.close()


def standing(db: sqlite3.Connection) -> dict[str, str]:
    return {one.artist: one.verdict for one in all_feedback(db)}


def undo(db: sqlite3.Connection) -> None:
    set_verdict(db, None, artist="Ida", artist_key="ida")


def test_what_a_program_repeats_is_new_only_by_a_later_date(db: sqlite3.Connection) -> None:
    assert keep_verdict(db, "subsonic", "Ida", None, "like", 100) == CHANGED
    undo(db)
    for at in (None, 50, 100):
        assert keep_verdict(db, "subsonic", "IDA", None, "like", at) == NEITHER
    assert standing(db) == {}
    assert keep_verdict(db, "subsonic", "Ida", None, "like", 101) == CHANGED
    assert standing(db) == {"Ida": "like"}


def test_the_persons_own_wins_against_whatever_comes_later(db: sqlite3.Connection) -> None:
    set_verdict(db, "hide", artist="Ida", artist_key="ida")
    assert keep_verdict(db, "lastfm", "Ida", None, "like", 4_000_000_000) == NEW
    assert keep_verdict(db, "lastfm", "Ida", None, None) == NEW
    assert standing(db) == {"Ida": "hide"}


def test_of_several_programs_the_latest_counts_and_a_block_stays(db: sqlite3.Connection) -> None:
    assert keep_verdict(db, "lastfm", "Ida", None, "like", 100) == CHANGED
    assert keep_verdict(db, "subsonic", "Ida", None, "hide", 90) == NEW
    assert keep_verdict(db, "live:mpd", "Ida", None, "hide", 110) == CHANGED
    assert keep_verdict(db, "lastfm", "Ida", None, None) == NEW
    assert standing(db) == {"Ida": "hide"}, "it takes back only its own"
    assert keep_verdict(db, "spotify", "Ida", None, "block", 120) == CHANGED
    assert keep_verdict(db, "live:mpd", "Ida", None, "like", 130) == NEW
    assert standing(db) == {"Ida": "block"}


@pytest.mark.parametrize(("artist", "title"), [("", None), ("  ", "Lark"), ("Ida", "\u200b")])
def test_names_that_hold_nothing_are_kept_nowhere(
    db: sqlite3.Connection, artist: str, title: str | None
) -> None:
    assert keep_verdict(db, "lastfm", artist, title, "like") is None
    assert db.execute("SELECT count(*) FROM imported_verdicts").fetchone() == (0,)
