"""What was played, over a library alone: no model and no taste is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import NothingYetError, PrivateSessionError
from engine.session.history import History
from engine.session.library import Change, Library
from tests.support.listens import play
from tests.support.models import ARTISTS
from tests.support.services import DAY


@pytest.fixture
def history(library: Library) -> History:
    return History(library)


def test_history_is_read_by_ids_newest_first_and_filtered_by_the_library(history: History) -> None:
    ids = history.listen_ids()
    rows = history.listens(ids)
    times = [row.started_at for row in rows]
    assert times == sorted(times, reverse=True)
    assert len(ids) == 11
    assert [row.artist for row in history.listens(history.listen_ids("lantern"))] == ["The Lanterns"]
    assert history.listen_ids("slow ferry") == history.listen_ids("lantern")
    assert history.listen_ids("Ferry the lanterns") == history.listen_ids("lantern"), (
        "as other lists are filtered"
    )
    assert not history.listen_ids("nothing like it")
    assert not history.listen_ids("word " * 5000)


def test_numbers_are_kept_until_the_library_changes(history: History, library: Library) -> None:
    before = history.stats()
    play(library.connection, ARTISTS[0], "New", 900 * DAY)
    assert history.stats() is before, "another process wrote, and nobody said so"
    library.changed(Change.TASTE)
    assert history.stats().plays == before.plays + 1
    with pytest.raises(NothingYetError, match="No plays in 1999"):
        history.stats(1999)


def test_a_logged_play_is_there_at_once_and_gone_when_taken_back(history: History) -> None:
    before = history.stats().plays
    logged = history.log_play("Someone New", "Their Song", seconds=200, at=950 * DAY)
    assert logged.listen is not None
    assert history.stats().plays == history.counts().listens == before + 1
    history.remove_play(logged.listen)
    assert history.stats().plays == history.counts().listens == before


def test_in_a_private_session_nothing_is_imported_logged_or_removed(
    history: History, library: Library, tmp_path: Path
) -> None:
    export = tmp_path / "plays.csv"
    export.write_text("Burel,Slow Ferry,Harbour,02 Mar 2024 19:01\n")
    (listen, *_) = history.listen_ids()
    library.set_private(True)
    for write in (
        lambda: history.log_play("Someone New", "Their Song", seconds=200),
        lambda: history.remove_play(listen),
        lambda: history.import_paths([export]),
    ):
        with pytest.raises(PrivateSessionError):
            write()
    assert history.counts().listens == 11
    library.set_private(False)
    history.import_paths([export])
    assert history.counts().listens == 12
