"""In a private session plays are answered as taken and let go; no queue and no delay brings them back."""

from __future__ import annotations

import pytest

from engine.canonical_keys import artist_key
from engine.live.connections import listening_socket
from engine.live.inbox import Inbox
from engine.live.listenbrainz import Report, Verdict
from engine.live.listener import Listener
from engine.live.token import Access
from engine.live.windows import Windows
from engine.privacy import Door
from engine.store.database import open_library
from engine.store.play import Play
from tests.support.folders import fingerprint
from tests.support.live import NOW, TOKEN, Player, World, listen
from tests.support.processes import Process

HOUR = 3600


def titles(world: World) -> list[str]:
    return [title for _, title, *_ in world.listens()]


def pass_on(world: World, listener: Listener, seconds: float, *, private: bool | None = None) -> None:
    """Time passes; then a private session begins or ends, and the listener sees it."""
    world.now += seconds
    if private is not None:
        world.private = private
    listener.inbox.look()


async def test_a_private_play_is_taken_and_is_nowhere(
    world: World, listener: Listener, player: Player
) -> None:
    assert (await player.submit(listen("Before", NOW - 300)))[0] == 200
    pass_on(world, listener, HOUR, private=True)
    before = fingerprint(world.folders.root)
    heard = listen("Private", NOW + HOUR + 60, duration_ms=200_000, recording_mbid="7c1b")
    for kind in ("playing_now", "single", "import"):
        one = {key: value for key, value in heard.items() if kind != "playing_now" or key != "listened_at"}
        assert await player.submit(one, kind=kind) == (200, {"status": "ok"})
    loved = {"recording_mbid": "7c1b", "score": 1}
    assert await player.ask("POST", "/1/feedback/recording-feedback", loved) == (200, {"status": "ok"})
    assert fingerprint(world.folders.root) == before
    pass_on(world, listener, HOUR, private=False)
    await listener.inbox.end()
    assert fingerprint(world.folders.root) == before
    # A client that could not send it then, or sends it again.
    assert (await player.submit(heard, kind="import"))[0] == 200
    assert titles(world) == ["Before"]


async def test_one_that_came_and_went_while_the_process_was_stopped_is_kept_private(
    world: World, listener: Listener, player: Player
) -> None:
    pass_on(world, listener, 0)
    stopped = 600.0
    world.stopped += stopped
    began = world.now
    world.now += stopped
    # They were answered by nobody until now.
    for at in (began + 100, began + 400):
        heard = listen(f"While stopped {at}", at, duration_ms=200_000)
        assert (await player.submit(heard))[0] == 200
    assert titles(world) == []
    pass_on(world, listener, 8 * HOUR)
    assert (await player.submit(listen("Later", world.now - 300, duration_ms=200_000)))[0] == 200
    assert titles(world) == ["Later"]


async def test_a_moment_without_a_look_is_no_session(
    world: World, listener: Listener, player: Player
) -> None:
    world.stopped += 10
    pass_on(world, listener, 10)
    assert (await player.submit(listen("One", world.now - 300, duration_ms=200_000)))[0] == 200
    assert titles(world) == ["One"]


async def test_what_was_heard_around_it_is_kept(world: World, listener: Listener, player: Player) -> None:
    pass_on(world, listener, 0, private=True)
    pass_on(world, listener, 60)
    # A queue of the day before, sent meanwhile, waits for the end; what is of the hour before is let go.
    queue = [listen("Yesterday", NOW - 24 * HOUR), listen("Paused", NOW - HOUR // 2)]
    assert (await player.submit(*queue, kind="import"))[0] == 200
    pass_on(world, listener, HOUR, private=False)
    await listener.inbox.end()
    assert titles(world) == ["Yesterday"]
    world.now += HOUR
    after = [listen("At once", world.now - HOUR + 100, duration_ms=200_000), listen("Later", world.now - 300)]
    assert (await player.submit(*after, kind="import"))[0] == 200
    assert titles(world) == ["Yesterday", "Later"]


async def test_a_clock_hours_off_brings_back_no_private_play(
    world: World, listener: Listener, player: Player
) -> None:
    pass_on(world, listener, 0, private=True)
    pass_on(world, listener, HOUR)
    for hours in (-12, -8, -1, 1, 9):
        assert (await player.submit(listen(f"{hours}", world.now + hours * HOUR)))[0] == 200
    assert (await player.submit(listen("No clock", 7)))[0] == 200
    pass_on(world, listener, 60, private=False)
    await listener.inbox.end()
    assert titles(world) == []
    # Heard in it, sent only now, by clocks no play can be dated by.
    late = [listen("Ahead", 4_000_000_000), listen("No clock", 7)]
    assert (await player.submit(*late, kind="import"))[0] == 200
    assert titles(world) == []


async def test_a_private_session_of_a_second_is_one(world: World, listener: Listener, player: Player) -> None:
    pass_on(world, listener, HOUR, private=True)
    assert (await player.submit(listen("Private", world.now - 100, duration_ms=200_000)))[0] == 200
    pass_on(world, listener, 1, private=False)
    # Of it too what comes late is private.
    assert (await player.submit(listen("Late", world.now - 90, duration_ms=200_000)))[0] == 200
    await listener.inbox.end()
    assert titles(world) == []


async def test_who_starts_listening_in_a_private_session_knows_since_when_it_is_on(world: World) -> None:
    """The daemon was stopped and started again."""
    world.since = NOW - 4 * HOUR
    inbox = world.inbox()
    await inbox.take(Report("player", (Play("A", "Private", NOW - HOUR, duration_ms=200_000),)))
    world.now, world.private = NOW + HOUR, False
    await inbox.take(Report("player", (Play("A", "Late", NOW - 3 * HOUR, duration_ms=200_000),)))
    await inbox.take(Report("player", (Play("A", "Before", NOW - 6 * HOUR),)))
    assert titles(world) == ["Before"]


async def test_what_waits_for_the_end_is_limited(world: World, listener: Listener, player: Player) -> None:
    pass_on(world, listener, 0, private=True)
    songs = [listen(f"T{n}", NOW - 90_000 - 200 * n) for n in range(5001)]
    assert (await player.submit(*songs[:5000], kind="import"))[0] == 200
    status, document = await player.submit(songs[5000], kind="import")
    assert (status, "private session" in document["error"]) == (503, True)


@pytest.mark.parametrize("alone", [True, False])
async def test_a_process_that_only_listens_holds_no_name_in_memory(world: World, alone: bool) -> None:
    listener = Listener(listening_socket(0), Access(TOKEN), world.inbox(), alone=alone)
    await listener.inbox.take(Report("player", (Play("A", "Kept", NOW),)))
    assert artist_key.cache_info().currsize
    listener.look()
    assert (artist_key.cache_info().currsize == 0) == alone


def test_a_session_is_remembered_for_a_month() -> None:
    windows, day = Windows(), 86_400.0
    windows.see(None, 0.0)
    windows.see(0.0, 0.5)
    windows.see(0.0, 50.0)
    windows.see(None, 100.0)
    windows.see(None, 900.0)

    def is_private(start: int, at: float) -> bool:
        report = Report("player", (Play("A", "T", start),))
        return windows.why_private(report.plays[0], report, at) is not None

    assert is_private(50, 1000.0)
    assert is_private(100 + 599, 1000.0)
    assert not is_private(100 + 601, 1000.0)
    windows.see(None, 29 * day)
    assert is_private(50, 29 * day)
    windows.see(None, 31 * day)
    assert not is_private(50, 31 * day)


async def test_a_private_session_that_is_killed_is_over_and_stays_private(world: World) -> None:
    world.listens()
    inbox = Inbox(world.folders, now=lambda: world.now)
    with Process() as other:
        other.run(
            "from engine.session import Session; from engine.paths import Folders; from pathlib import Path"
        )
        other.run(f"session = Session(Folders(Path({str(world.folders.root)!r})), private=True)")
        inbox.look()
        assert inbox.private
        world.now += HOUR
        other.kill()
        inbox.look()
    assert not inbox.private
    await inbox.take(
        Report("player", (Play("A", "Late", NOW + 60), Play("A", "Long before", NOW - 72 * HOUR)))
    )
    assert titles(world) == ["Long before"]


async def test_what_is_loved_along_with_a_private_play_stays_out_too(
    world: World, listener: Listener
) -> None:
    pass_on(world, listener, 0, private=True)
    pass_on(world, listener, HOUR, private=False)
    for title, start in (("Private", NOW + HOUR // 2), ("Open", NOW - 24 * HOUR)):
        one = Play(artist="Ida Oaks", title=title, started_at=start, duration_ms=180_000)
        await listener.inbox.take(
            Report("mpdscribble", (one,), (Verdict("like", (), ("Ida Oaks", title)),), single=True)
        )
    connection = open_library(Door(world.folders))
    loved = connection.execute("SELECT track_key FROM feedback").fetchall()
    connection.close()
    assert (titles(world), loved) == (["Open"], [("open",)])
