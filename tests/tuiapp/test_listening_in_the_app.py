"""The app takes plays in while it is open, where the setting says so; in a private session it drops them."""

from __future__ import annotations

import asyncio
import socket

import pytest

from engine.live.token import HOST, Access
from engine.live.watched import Say, Watched
from engine.paths import Folders
from engine.privacy import Door
from engine.privacy.evidence import watched
from engine.session import Session
from tests.support.driving import screen_lines, screen_text, settled, the_list, the_view, toasts
from tests.support.live import NOW, TOKEN, Player, World, listen
from tuiapp.app.app import DiscoverApp
from tuiapp.settings.registry import SETTINGS


@pytest.fixture
def port() -> int:
    """One that is free."""
    with socket.create_server((HOST, 0)) as server:
        found: int = server.getsockname()[1]
        return found


@pytest.fixture
def world(empty: Folders, port: int, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("tuiapp.app.watching.LOOK_SECONDS", 0.05)
    Access(TOKEN, port).keep(Door(empty))
    empty.config.write_text('[listen]\nin_app = "on"\nmpd = "off"\nmpris = "off"\n')
    return World(empty)


async def test_a_play_comes_in_and_is_shown_and_the_setting_ends_it(world: World, port: int) -> None:
    player, app = Player(port), DiscoverApp(world.folders)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot, lambda: app.listens)
        assert "LISTENING" in screen_lines(app)[0]
        assert (await player.submit(listen("Tin Roof", NOW)))[0] == 200
        await pilot.press("5")
        await settled(pilot, lambda: any("Tin Roof" in line for line in screen_lines(app)))
        # A second window finds that somebody listens, and leaves it so.
        other = DiscoverApp(world.folders)
        async with other.run_test():
            await other.listening.follow()
            assert not toasts(other)
        app.preferences.change("listen.in_app", "off")
        await settled(pilot, lambda: not app.listens)
        assert "LISTENING" not in screen_lines(app)[0]
        with pytest.raises(ConnectionRefusedError):
            await player.submit(listen("Refused", NOW))
        app.preferences.change("listen.in_app", "on")
        await settled(pilot, lambda: app.listens)
        # An idle connection holds up nobody who quits.
        _, writer = await asyncio.open_connection(HOST, port)
        await app.action_quit()
        writer.close()
    assert [title for _, title, *_ in world.listens()] == ["Tin Roof"]


async def test_in_a_private_session_plays_are_taken_and_dropped(world: World, port: int) -> None:
    world.listens()
    player, app = Player(port), DiscoverApp(world.folders, private=True)
    with watched(world.folders.root) as evidence:
        async with app.run_test(size=(120, 30)) as pilot:
            await settled(pilot, lambda: app.listens)
            assert "LISTENING" in screen_lines(app)[0]
            assert "PRIVATE" in screen_lines(app)[0]
            assert await player.submit(listen("Private", NOW)) == (200, {"status": "ok"})
            await app.action_quit()
    assert evidence.changed == []
    assert evidence.listening == [f"127.0.0.1:{port}"]
    assert world.listens() == []


async def test_players_are_watched_once_the_private_session_is_over(
    world: World, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.listens()
    began: list[str] = []

    class Watcher:
        watched = Watched("mpd", lambda *_: None)

        async def watch(self, _keep: object) -> None:
            began.append("watches")

    monkeypatch.setattr("engine.live.daemon.watchers", lambda *_: [Watcher()])
    app = DiscoverApp(world.folders, private=True)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot, lambda: app.listens)
        assert began == []
        await pilot.press("P")
        await settled(pilot, lambda: bool(began))
        assert app.private_since is None
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is not None)
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is None)
        await app.action_quit()
    assert began == ["watches"]


async def test_a_port_in_use_is_said(world: World, port: int) -> None:
    app = DiscoverApp(world.folders)
    with socket.create_server((HOST, port)):
        async with app.run_test(size=(120, 30)) as pilot:
            await settled(pilot, lambda: bool(toasts(app)))
            assert any(f"Port {port} can" in toast for toast in toasts(app))


async def test_what_is_not_watched_is_said_once_and_why_it_is_among_the_settings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, Watched] = {}
    kinds = {"mpd": "MPD", "mpris": "Desktop players"}

    def watchers(mpd: str, mpris: str, say: Say) -> list[Watched]:
        found.update((kind, Watched(kind, say)) for kind in kinds)
        for kind, name in kinds.items():
            found[kind].fails(f"{name} {'gone' if mpd else 'not there'}.")
        return [*found.values()]

    monkeypatch.setattr("engine.live.daemon.watchers", watchers)
    world.folders.config.write_text('[listen]\nin_app = "on"\n')
    app = DiscoverApp(world.folders)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot, lambda: bool(toasts(app)))
        # An MPD nobody set is missed by nobody.
        assert toasts(app) == ["Listening Desktop players not there."]
        assert app.listening.watched("listen.mpd") == "MPD not there."
        mpd = found["mpd"]
        mpd.begins("Watching MPD.")
        mpd.comes("a player")
        for _ in range(2):
            mpd.fails("MPD gone.")
        await settled(pilot, lambda: toasts(app) == ["Listening Desktop players not there.\nMPD gone."])
        mpd.begins("Watching MPD again.")
        await settled(pilot, lambda: toasts(app)[1:] == ["Listening Watching MPD again."])
        await pilot.press("S")
        await settled(pilot, lambda: the_view(app).NAME == "settings")
        the_list(app).move_to([*SETTINGS].index("listen.mpris"))
        await settled(pilot, lambda: "Desktop players not there." in screen_text(app))
        # Where another MPD is set, that one is watched.
        app.preferences.change("listen.mpd", "nas:6600")
        await settled(pilot, lambda: app.listening.watched("listen.mpd") == "MPD gone.")
        await app.action_quit()


async def test_what_is_loved_in_a_player_is_undone_as_if_it_had_been_said_here(
    world: World, port: int
) -> None:
    world.listens()
    player, app = Player(port), DiscoverApp(world.folders)
    love = {"recording_mbid": "7c1b", "score": 1}

    def liked() -> list[str | None]:
        with Session(world.folders, private=True, announced=False) as session:
            return [one.track for one in session.verdicts.all()]

    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot, lambda: app.listens)
        assert (await player.submit(listen("Tin Roof", NOW, recording_mbid="7c1b")))[0] == 200
        assert (await player.ask("POST", "/1/feedback/recording-feedback", love))[0] == 200
        await settled(pilot, lambda: app.undoable == "liked Caf\xe9 Tundra - Tin Roof")
        assert any(
            "Liked in your player: Caf\xe9 Tundra - Tin Roof. u undoes it." in one for one in toasts(app)
        )
        await pilot.press("u")
        await settled(pilot, lambda: not liked())
        # It says so again, which is not new.
        assert (await player.ask("POST", "/1/feedback/recording-feedback", love))[0] == 200
        assert liked() == []
        assert not app.undoable
        await app.action_quit()


async def test_a_hide_from_a_player_that_replaced_a_like_gives_it_back(world: World, port: int) -> None:
    world.listens()
    player, app = Player(port), DiscoverApp(world.folders)

    def verdict() -> str:
        with Session(world.folders, private=True, announced=False) as session:
            return "".join(one.verdict for one in session.verdicts.all())

    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot, lambda: app.listens)
        assert (await player.submit(listen("Tin Roof", NOW, recording_mbid="7c1b")))[0] == 200
        for score, done in ((1, "liked"), (-1, "hidden")):
            said = {"recording_mbid": "7c1b", "score": score}
            assert (await player.ask("POST", "/1/feedback/recording-feedback", said))[0] == 200
            await settled(pilot, lambda done=done: app.undoable.startswith(done))  # type: ignore[misc]  # a lambda with a default has no type
        assert verdict() == "hide"
        await pilot.press("u")
        await settled(pilot, lambda: verdict() == "like")
        await app.action_quit()
