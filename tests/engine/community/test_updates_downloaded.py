"""Newer dumps that do not hold: each is downloaded once, and what one has already is not downloaded again."""

from __future__ import annotations

from contextlib import closing

import pytest

from engine.community.fetch import Web
from engine.community.offers import SOURCES
from engine.community.pack import Pack
from engine.paths import Folders
from engine.session import Session
from tests.support.dump_server import DumpServer
from tests.support.statistics_dump import listeners
from tuiapp.cli.main import run

DAYS = ("20261001-000002", "20261015-000002", "20261101-000002")
# When what each says was counted.
ENDS = (1_790_812_800, 1_792_022_400, 1_793_491_200)


@pytest.fixture
def session(tmp_path):
    with Session(Folders(tmp_path / "data")) as opened:
        yield opened


def publish(server: DumpServer, number: int, count: int, cut: int = 0) -> None:
    """The dump of a day, of so many listeners."""
    lines = listeners(count, to_ts=ENDS[number])
    server.add(number + 1, DAYS[number], {"artists_all_time": lines[: len(lines) - cut]})


def downloads(server: DumpServer) -> list[str]:
    """The days of the archives that were downloaded, in turn."""
    asked = [path for how, path, _ in server.seen if how == "GET" and path.endswith(".tar.zst")]
    return [path.rpartition("-dump-")[2][:8] for path in asked]


def fetch(session: Session, server: DumpServer, name: str = "listenbrainz", least: int = 50) -> None:
    with closing(Web(wait=lambda _: None)) as web:
        session.packs.fetch(web, SOURCES["artists"], url=server.base, min_listeners=least, name=name)


def update(session: Session, server: DumpServer, least: int = 50):
    """What is offered, whether it is newer, and, where it is, the news."""
    pack = session.updates.updated_pack("artists")
    with closing(Web(wait=lambda _: None)) as web:
        said, newer = session.updates.offered(
            web, SOURCES["artists"], pack, url=server.base, min_listeners=least
        )
    news = (
        session.updates.update("artists", lambda name: fetch(session, server, name, least)) if newer else None
    )
    return said, newer, news


def test_a_newer_dump_that_does_not_hold_is_downloaded_once(session: Session, server: DumpServer) -> None:
    publish(server, 0, 60)
    fetch(session, server)
    before = (session.folders.packs / "listenbrainz" / "indices.npy").read_bytes()
    publish(server, 1, 49)
    _, newer, news = update(session, server)
    assert newer, "only who reads it finds that it does not hold"
    assert news is not None
    assert "Nothing newer than 2026-10-01 is complete: dump 2: " in news.in_words()
    assert "has 49 listeners, fewer than 50" in news.in_words()
    assert (session.folders.packs / "listenbrainz" / "indices.npy").read_bytes() == before
    assert downloads(server) == ["20261001", "20261015"], "what one has is not read again"
    said, newer, _ = update(session, server)
    assert (newer, "nothing newer than 2026-10-01 yet" in said) == (False, True)
    publish(server, 2, 61)
    _, newer, news = update(session, server)
    assert news is not None
    assert (newer, news.unchanged, news.pack.collected) == (True, "", "2026-11-01")
    assert downloads(server)[2:] == ["20261101"]
    # The audit lists what was of no use, too.
    listed = [one.url.rpartition("-dump-")[2][:8] for one in session.packs.fetches()]
    assert listed == downloads(server)


def test_what_was_passed_over_when_it_was_fetched_is_not_offered(
    session: Session, server: DumpServer
) -> None:
    publish(server, 0, 60)
    publish(server, 1, 60, cut=30)
    fetch(session, server)
    assert downloads(server) == ["20261015", "20261001"]
    (passed,) = Pack(session.folders.packs / "listenbrainz").manifest.passed
    assert (passed.listeners, "ends within a line" in passed.why) == (None, True)
    assert update(session, server)[1] is False
    publish(server, 1, 60)
    assert update(session, server)[1] is True, "it was uploaded again, whole"


def test_a_dump_that_had_too_few_is_taken_where_fewer_do(session: Session, server: DumpServer) -> None:
    publish(server, 0, 60)
    publish(server, 1, 49)
    fetch(session, server)
    assert update(session, server)[1] is False
    _, newer, news = update(session, server, least=40)
    assert news is not None
    assert (newer, news.pack.listeners) == (True, 49)


def test_the_command_says_that_nothing_newer_holds(
    session: Session, server: DumpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(server, 0, 60)
    fetch(session, server)
    publish(server, 1, 49)
    command = ["--data-dir", str(session.folders.root), "community", "update"]
    command += ["--url", server.base, "--min-listeners", "50", "--yes"]
    assert run(command) == 0
    out, err = capsys.readouterr()
    assert "The dump of 2026-10-15 is passed over" in err
    assert out.startswith("listenbrainz: Nothing newer than 2026-10-01 is complete: ")
    assert run(command) == 0
    assert "nothing newer than 2026-10-01 yet" in capsys.readouterr().err
    assert downloads(server) == ["20261001", "20261015"]
