"""What shows that a play beside a private session was not made in it, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.live.clock import PlayedSong, Song
from engine.live.listenbrainz import Report
from engine.live.listener import Listener, report_of
from engine.live.windows import Windows
from engine.paths import Folders
from engine.privacy import presence
from engine.privacy.presence import Presence, Role, private_since
from engine.store.play import Play
from tests.support.live import NOW, Player, World, listen
from tests.support.processes import Process

HOUR = 3600
LENGTH = 200


def titles(world: World) -> list[str]:
    return [title for _, title, *_ in world.listens()]


async def single(world: World, player: Player, title: str, at: float, **info: object) -> None:
    found = listen(title, int(at), submission_client="Navidrome", duration=LENGTH, **info)
    assert (await player.submit(found))[0] == 200


async def plays_now(player: Player, title: str) -> None:
    found = listen(title, None, submission_client="Navidrome")
    assert (await player.submit(found, kind="playing_now"))[0] == 200


@pytest.mark.parametrize(
    ("earlier", "kept"),
    [
        ((), False),  # nothing is known of its clock
        ((LENGTH,), True),
        ((5 * HOUR,), False),
        ((5 * HOUR, LENGTH), True),  # its queue came first
        ((LENGTH, 5 * HOUR), False),  # it passes on what has several clocks, or was offline
    ],
)
async def test_what_a_client_with_a_right_clock_sends_late_is_kept(
    world: World, player: Player, earlier: tuple[int, ...], kept: bool
) -> None:
    for place, age in enumerate(earlier):
        await plays_now(player, f"Earlier {place}")
        await single(world, player, f"Earlier {place}", world.now - age)
        world.now += LENGTH
    world.now, world.private = NOW + 4 * HOUR, True
    await single(world, player, "Hours before", NOW + HOUR)
    await single(world, player, "Private", world.now - 100)
    world.now, world.private = NOW + 5 * HOUR, False
    await single(world, player, "Late", NOW + 4 * HOUR + 60)
    await single(world, player, "After", world.now + HOUR)
    wanted = [f"Earlier {place}" for place in range(len(earlier))] + ["Hours before"] * kept + ["After"]
    assert sorted(titles(world)) == sorted(wanted)


@pytest.mark.parametrize("said", [True, False])
async def test_a_song_that_goes_on_in_a_session_after_hours_of_pause_is_private(
    world: World, player: Player, said: bool
) -> None:
    await single(world, player, "Earlier", world.now - LENGTH)
    if said:
        await plays_now(player, "Paused")
    world.now, world.private = NOW + 4 * HOUR, True
    await single(world, player, "Paused", NOW + 60)
    world.now, world.private = NOW + 5 * HOUR, False
    world.inbox().look()
    await single(world, player, "After", world.now + HOUR)
    await single(world, player, "Next", world.now + HOUR)
    # Of a player that says nothing the first may have begun in the session, as it stamps ends.
    assert titles(world) == ["Earlier", *["After"] * said, "Next"]


@pytest.mark.parametrize("stamped", ["start", "end"])
@pytest.mark.parametrize("kind", ["single", "import"])
async def test_a_player_that_says_nothing_may_have_paused_the_first_song_it_reports_after_a_session(
    world: World, listener: Listener, player: Player, kind: str, stamped: str
) -> None:
    async def report(title: str, start: float, end: float) -> None:
        found = listen(title, int(start if stamped == "start" else end), duration=LENGTH)
        assert (await player.submit(found, kind=kind))[0] == 200

    await report("Earlier", world.now - LENGTH, world.now)
    world.now, world.private = NOW + 4 * HOUR, True
    listener.inbox.look()
    world.now, world.private = NOW + 5 * HOUR, False
    listener.inbox.look()
    # It began hours before the session, went on in it, and is over hours after it.
    world.now = NOW + 8 * HOUR
    await report("Paused", NOW + HOUR, world.now)
    world.now += LENGTH
    await report("Next", world.now - LENGTH, world.now)
    assert titles(world) == ["Earlier", "Next"]


async def test_two_players_of_one_name_each_go_on_with_their_song(
    world: World, listener: Listener, player: Player
) -> None:
    """As two browsers. One is paused before the session and goes on in it, the other plays through."""
    await single(world, player, "Earlier", world.now)
    await plays_now(player, "Paused")
    await plays_now(player, "Whole")
    world.now += LENGTH
    await single(world, player, "Whole", world.now)
    await plays_now(player, "Next")
    world.now, world.private = NOW + 4 * HOUR, True
    listener.inbox.look()
    world.now, world.private = NOW + 5 * HOUR, False
    await plays_now(player, "After")
    # The one stamps starts, as the other does not.
    await single(world, player, "Paused", NOW + 10)
    world.now += LENGTH
    await single(world, player, "After", world.now)
    assert titles(world) == ["Earlier", "Whole", "After"]


async def test_what_is_reported_after_the_next_song_began_is_of_when_it_was_said(
    world: World, listener: Listener, player: Player
) -> None:
    await plays_now(player, "Before")
    await single(world, player, "Before", world.now)
    await plays_now(player, "Paused")
    world.now, world.private = NOW + 4 * HOUR, True
    listener.inbox.look()
    world.now, world.private = NOW + 8 * HOUR, False
    await plays_now(player, "After")
    # By a clock of another zone, too.
    await single(world, player, "Paused", world.now - 8 * HOUR)
    world.now += LENGTH
    await plays_now(player, "Last")
    await single(world, player, "After", world.now)
    assert titles(world) == ["Before", "After"]


@pytest.mark.parametrize("stamped", [-5 * HOUR, -1], ids=["start", "end"])
@pytest.mark.parametrize("kind", ["single", "import"])
async def test_a_song_paused_before_a_session_and_over_after_it_may_have_gone_on_in_it(
    world: World, listener: Listener, player: Player, kind: str, stamped: int
) -> None:
    await plays_now(player, "Paused")
    world.now, world.private = NOW + 4 * HOUR, True
    listener.inbox.look()
    world.now, world.private = NOW + 5 * HOUR, False
    paused = listen("Paused", world.now + stamped, submission_client="Navidrome", duration=LENGTH)
    # What is resumed may be said again; and a client may repeat itself.
    await plays_now(player, "Paused")
    for _ in range(2):
        assert (await player.submit(paused, kind=kind))[0] == 200
    assert titles(world) == []
    # The same song once more, as it says.
    world.now += LENGTH
    await plays_now(player, "Paused")
    await single(world, player, "Paused", world.now)
    assert titles(world) == ["Paused"]


def test_a_clock_set_back_in_a_session_makes_no_play_of_it_open() -> None:
    windows = Windows()
    windows.see(None, 50_000.0)
    windows.see(50_000.0, 50_000.0)
    for at in (54_000.0, 30_000.0, 31_000.0):
        windows.see(50_000.0, at)
    windows.see(None, 32_000.0)

    def is_private(start: int) -> bool:
        report = Report("player", (Play("A", "T", start, duration_ms=200_000),))
        return windows.why_private(report.plays[0], report, 90_000.0) is not None

    assert [is_private(start) for start in (20_000, 30_500, 53_900, 60_000)] == [False, True, True, False]


def test_a_clock_set_back_before_a_session_hides_none_of_it() -> None:
    windows = Windows()
    windows.see(None, 50_000.0)
    windows.see(40_000.0, 40_001.0)
    windows.see(40_000.0, 40_500.0)
    report = Report("mpd", (Play("A", "T", 40_100, duration_ms=200_000),), watched=True)
    assert windows.why_private(report.plays[0], report, 40_400.0) is not None


async def test_the_song_that_a_player_passed_on_to_after_the_session_is_kept(
    world: World, player: Player
) -> None:
    await plays_now(player, "Before")
    world.now, world.private = NOW + HOUR, True
    await plays_now(player, "Private")
    world.now, world.private = world.now + 60, False
    # It is resumed, and goes on.
    await plays_now(player, "Private")
    world.now += 30
    await single(world, player, "Private", world.now)
    await plays_now(player, "After")
    await single(world, player, "After", world.now + 1)
    await plays_now(player, "Undated")
    await single(world, player, "Undated", 7)
    # Not said of it: it may come from a queue.
    await single(world, player, "Also undated", 7)
    assert sorted(titles(world)) == ["After", "Undated"]


async def test_the_song_that_begins_as_a_session_ends_is_kept(
    world: World, listener: Listener, player: Player
) -> None:
    await plays_now(player, "Private")
    world.now, world.private = NOW + HOUR, True
    listener.inbox.look()
    world.private = False
    listener.inbox.look()
    await plays_now(player, "After")
    await single(world, player, "After", world.now)
    assert titles(world) == ["After"]


async def test_what_plays_as_a_listener_starts_may_have_begun_in_a_session(
    world: World, listener: Listener, player: Player
) -> None:
    world.now, world.private = NOW + HOUR, True
    await single(world, player, "Nothing known", world.now)
    world.now, world.private = world.now + 60, False
    listener.inbox.look()
    world.now += 60
    await plays_now(player, "Resumed")
    await single(world, player, "Resumed", 7)
    assert titles(world) == []


@pytest.mark.parametrize(
    ("started", "ended", "kept"),
    [(-300, -1, True), (-300, 1, False), (10, 50, False), (50, 150, False), (101, 300, True)],
)
def test_plays_of_watched_players_are_judged_exactly(started: int, ended: int, kept: bool) -> None:
    windows = Windows()
    windows.see(None, 0.0)
    song = PlayedSong(Song("A", "T", length=200.0), float(started), 100.0)
    if ended >= 0:
        windows.see(0.0, 0.0)
    if ended >= 100:
        windows.see(None, 100.0)
    assert bool(windows.open_part(report_of("mpd", song), float(ended)).plays) == kept


def test_of_a_session_that_began_since_the_last_look_the_look_is_the_bound() -> None:
    windows = Windows()
    windows.see(None, 100.9)
    windows.see(100.0, 102.0)
    (play,) = (report := report_of("mpd", PlayedSong(Song("A", "T"), 0.0, 100.0))).plays
    assert windows.why_private(play, report, 100.8) is None
    assert windows.why_private(play, report, 101.0) is not None


def test_clients_are_remembered_up_to_a_number() -> None:
    windows = Windows()
    for number in range(300):
        windows.open_part(Report(f"client {number}", (Play("A", "T", NOW),), single=True), NOW)
    assert len(windows._clients) == 100


def test_since_when_a_private_session_is_on_is_seen_by_other_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = Folders(tmp_path)
    monkeypatch.setattr("engine.privacy.presence.time.time", lambda: 1_790_000_100.9)
    assert private_since(folders) is None
    mine = Presence(folders)
    with Process() as process:
        process.run("from engine.paths import Folders; from engine.privacy.presence import *")
        process.run("from pathlib import Path; import engine.privacy.presence as there")
        process.run("there.time.time = lambda: 1_790_000_000.5")
        process.run(f"here = Presence(Folders(Path({str(tmp_path)!r}))); here.enter(Role.PRIVATE)")
        assert private_since(folders) == 1_790_000_000
        mine.enter(Role.PRIVATE)
        assert private_since(folders) == 1_790_000_000
        assert private_since(Folders(tmp_path / "other")) is None
        process.kill()
        assert private_since(folders) == 1_790_000_100
    mine.leave(Role.PRIVATE)
    assert private_since(folders) is None
    # Where a disk does not lock bytes that far, that one is on is seen all the same.
    mine.close()
    other = Presence(folders)
    other.enter(Role.PRIVATE)
    assert other._descriptor is not None
    moments = other._bytes(folders.root).moments
    presence._lock(other._descriptor, "F_OFD_SETLK", "F_UNLCK", moments, 1 << 30)
    assert private_since(folders) == 1_790_000_100.9 - 86_400
    other.close()
    assert private_since(folders) is None
