"""What was reported before something was forgotten, and waits in memory, is not stored after it."""

from __future__ import annotations

import sqlite3

import pytest

from engine.errors import DiscoverError
from engine.live import inbox as live
from engine.live.inbox import Inbox
from engine.live.listenbrainz import Report, Verdict
from engine.session import Session
from engine.store.play import Play
from engine.taste.rules import Rule
from tests.support.live import NOW, World

DAY = 86_400
MBID = ("mb_recording", "7c1b")
LOVED = Report("pano", verdicts=(Verdict("like", (MBID,)),))


def played(title: str, at: int = NOW - 300) -> Report:
    return Report("pano", (Play("Ida", title, at, duration_ms=200_000, ids=(MBID,)),), single=True)


def forget(world: World, *, all_: bool) -> None:
    with Session(world.folders) as session:
        if all_:
            session.forget_all()
        else:
            session.forget(Rule(artist="Ida"))


def titles(world: World) -> list[str]:
    return [title for _, title, _, _ in world.listens()]


async def refused(world: World, inbox: Inbox, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher's report while another program writes in the library."""
    other = sqlite3.connect(world.folders.database)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("engine.privacy.database_file.BUSY_SECONDS", 0.0)
    inbox.keep(report)
    await inbox.end()
    other.close()


@pytest.mark.parametrize("all_", [True, False])
async def test_a_report_that_could_not_be_stored(
    world: World, all_: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = world.inbox()
    await inbox.take(played("One"))
    await refused(world, inbox, played("Two", NOW - 60), monkeypatch)
    assert titles(world) == ["One"]
    forget(world, all_=all_)
    await inbox.end()
    assert titles(world) == []
    await refused(world, inbox, played("Three"), monkeypatch)
    await inbox.end()
    assert titles(world) == ["Three"], "what waits meanwhile as nothing is forgotten is stored"


async def test_what_waits_for_the_end_of_a_private_session(world: World) -> None:
    inbox = world.inbox()
    await inbox.take(played("One"))
    world.private = True
    await inbox.take(Report("pano", played("Two", NOW - 2 * DAY).plays))
    forget(world, all_=True)
    world.private = False
    inbox.look()
    await inbox.end()
    assert titles(world) == []


async def test_a_love_that_waits_for_the_first_play(world: World) -> None:
    inbox = world.inbox()
    await inbox.take(LOVED)
    with Session(world.folders) as session:
        session.forget_all()
    await inbox.take(played("One"))
    with Session(world.folders) as session:
        assert session.verdicts.all() == ()
    await inbox.take(LOVED)
    with Session(world.folders) as session:
        assert [one.verdict for one in session.verdicts.all()] == ["like"]


async def test_a_report_as_something_is_forgotten_is_taken_and_dropped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused, its sender would send it again."""
    inbox, marked = world.inbox(), live.mark

    def forgotten_now(connection: sqlite3.Connection) -> str:
        before = marked(connection)
        forget(world, all_=True)
        return before

    await inbox.take(played("One"))
    with monkeypatch.context() as patch:
        patch.setattr(live, "mark", forgotten_now)
        await inbox.take(played("Two"))
    await inbox.end()
    assert titles(world) == []
    await inbox.take(played("Three"))
    assert titles(world) == ["Three"]


async def test_a_full_disk_is_still_said_to_the_sender(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DiscoverError("The disk is full.")

    inbox = world.inbox()
    with monkeypatch.context() as patch:
        patch.setattr(live, "add_logged_plays", full)
        with pytest.raises(DiscoverError, match="full"):
            await inbox.take(played("One"))
    assert titles(world) == []
