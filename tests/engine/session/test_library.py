"""The library: one caller at a time, every cache notified of changes, closed and private as one."""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.errors import CancelledError
from engine.paths import Folders
from engine.privacy import Door
from engine.recommend.modes import clusters_of
from engine.session.library import Change, Library, Service, synchronized
from tests.support.folders import fingerprint


class Counter(Service):
    """A service that asks itself, and waits while it does."""

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self.heard: list[Change] = []
        self.inside = 0

    def drop_cache(self, change: Change, /) -> None:
        self.heard.append(change)

    @synchronized
    def nested(self, wait: Callable[[], object]) -> int:
        return self.most_inside(wait)

    @synchronized
    def most_inside(self, wait: Callable[[], object]) -> int:
        self.inside += 1
        wait()
        found, self.inside = self.inside, self.inside - 1
        return found


def test_calls_re_enter_and_no_two_threads_are_inside_at_once(library: Library) -> None:
    service, most = Counter(library), []
    pause = threading.Event()

    def call() -> None:
        most.append(service.nested(lambda: pause.wait(0.01)))

    threads = [threading.Thread(target=call) for _ in range(6)]
    with library.exclusive():
        for thread in threads:
            thread.start()
        threads[0].join(0.05)
        assert most == [], "who holds the library holds the others off"
        call()
    for thread in threads:
        thread.join()
    assert most == [1] * 7


def test_every_service_hears_of_every_change_in_order(library: Library) -> None:
    services = [Counter(library), Counter(library)]
    library.changed(Change.TASTE)
    library.changed(Change.PLAYS)
    library.set_private(True)
    library.reread()
    library.close()
    expected = [Change.TASTE, Change.PLAYS, *[Change.EVERYTHING] * 3]
    assert [service.heard for service in services] == [expected, expected]
    assert Change.TASTE < Change.PLAYS < Change.EVERYTHING


def test_closed_it_answers_nobody_and_closes_again_without_a_word(library: Library) -> None:
    service = Counter(library)
    library.close()
    library.close()
    with pytest.raises(CancelledError, match="closing"):
        service.most_inside(lambda: None)
    with pytest.raises(CancelledError, match="closing"), library.exclusive():
        pass


def test_a_private_session_that_cannot_begin_leaves_the_library_open(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    import engine.session.library as module

    really, refused = module.open_library, []

    def refuse_private(door: module.Door, *more: object):
        if door.private:
            refused.append(door)
            raise PermissionError
        return really(door, *more)

    monkeypatch.setattr(module, "open_library", refuse_private)
    with pytest.raises(PermissionError):
        library.set_private(True)
    assert refused
    assert (library.private, library.private_since, library.check()) == (False, None, "ok")


def test_where_the_app_is_is_remembered_but_not_in_private(library: Library) -> None:
    library.write_state(b'{"view": 1}')
    assert library.folders.state.read_bytes() == b'{"view": 1}'
    library.set_private(True)
    before = fingerprint(library.folders.root)
    library.write_state(b'{"view": 2}')
    assert fingerprint(library.folders.root) == before


def test_the_state_waits_for_a_query_that_looks_whether_it_is_stopped(library: Library) -> None:
    """Two threads in one connection hung the app for good: a query that had SQLite's lock waited for Python's, to ask
    whether it is stopped, and the state, which looks for a forgetting first, had Python's and waited for SQLite's."""
    inside: list[bool] = []
    library.connection.set_trace_callback(lambda _: inside.append(threading.current_thread() is writing))
    writing = threading.Thread(target=library.write_state, args=(b"{}",))
    with library.exclusive(lambda: False):
        writing.start()
        writing.join(0.5)
        library.connection.execute("SELECT 1").fetchone()
        assert inside == [False]
    writing.join()
    assert any(inside)
    assert library.folders.state.read_bytes() == b"{}"


def test_no_bytecode_is_written_while_a_private_session_lasts(library: Library) -> None:
    without = [sys.dont_write_bytecode]
    for on in (True, False):
        library.set_private(on)
        Door(library.folders)  # to open another changes nothing
        without.append(sys.dont_write_bytecode)
    assert without == [without[0], True, without[0]]


def test_a_private_session_that_ends_leaves_bytecode_as_python_was_started(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for without in (False, True):
        monkeypatch.setattr(sys, "flags", SimpleNamespace(dont_write_bytecode=without))
        sys.dont_write_bytecode = True  # by `--private`
        library.set_private(True)
        library.set_private(False)
        assert sys.dont_write_bytecode == without


def test_a_query_is_given_up_when_asked_and_the_next_one_is_not(tmp_path: Path) -> None:
    counted = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000000) SELECT max(i) FROM n"
    )
    library, looks = Library(Folders(tmp_path / "data")), iter((False, True))
    with contextlib.closing(library):
        with pytest.raises(CancelledError), library.exclusive(lambda: next(looks)):
            library.connection.execute(counted).fetchone()
        few = counted.replace("20000000", "100000")
        with library.exclusive():
            assert library.connection.execute(few).fetchone() == (100_000,)


def test_what_computes_without_the_library_is_given_up_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    vectors, weights = rng.normal(size=(400, 8)).astype(np.float32), np.ones(400)
    swept = itertools.count()
    library = Library(Folders(tmp_path / "data"))
    with contextlib.closing(library):
        with pytest.raises(CancelledError), library.exclusive(lambda: next(swept) > 2):
            clusters_of(vectors, weights, 12)
        assert next(swept) == 4, "a sweep or two after it was asked"
        # The calls of others are not concerned.
        with library.exclusive():
            assert len(clusters_of(vectors, weights, 12)) == 400


def test_several_calls_as_one_are_given_up_between_two(tmp_path: Path) -> None:
    asked = [False]
    library = Library(Folders(tmp_path / "data"))
    with contextlib.closing(library), library.exclusive(lambda: asked[0]):
        assert library.check() == "ok"
        asked[0] = True
        with pytest.raises(CancelledError):
            library.changed_elsewhere()
        asked[0] = False
