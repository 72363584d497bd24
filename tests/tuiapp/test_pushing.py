"""A playlist sent from the app, by keys: where and what matches is seen first, then it goes, by a job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from engine.community import fetch
from engine.community.fetch import Web
from engine.errors import DiscoverError
from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.push.credentials import Credentials, keep_credentials
from engine.session import Session
from engine.session.pushing import look
from engine.session.starring import take
from tests.support.bad_servers import bad_server, drips, hangs_up, is_silent, says
from tests.support.driving import app_in, screen_text, settled, the_view, toasts
from tests.support.subsonic import PASSWORD, USER, SubsonicServer, subsonic_server
from tuiapp.app.app import DiscoverApp
from tuiapp.job import Job, run_job

TRACKS = (
    PlaylistTrack("Burel", "Waves"),
    PlaylistTrack("Burel", "Nowhere"),
    PlaylistTrack("Ida", "Tin Roof"),
)


@pytest.fixture
def server() -> Iterator[SubsonicServer]:
    with subsonic_server() as found:
        found.add("Ida", "Tin Roof")
        found.add("Burel", "WAVES")
        yield found


@pytest.fixture
def hill(empty: Folders, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """A library with a playlist, on a system without a keyring."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with Session(empty) as session:
        session.playlists.create("Hill", TRACKS)
    return empty


async def job_here(job: Job, root: Path, changed: Callable[[], None]) -> dict[str, Any]:
    """Asks in a thread; only what sends is a process, as all are: each takes a second to start."""

    def looked() -> dict[str, Any]:
        task = json.loads(json.dumps(job.task))
        with Session(Folders(root)) as session, closing(Web()) as web:
            try:
                work = (
                    partial(take, session.stars)
                    if job.arguments[0] == "stars"
                    else partial(look, session.pushing)
                )
                return {"type": "done", "result": work(task, web, lambda *_: None)}
            except DiscoverError as error:
                return {"type": "error", "message": str(error), "kind": type(error).__name__}

    here = job.waits or job.arguments[0] == "stars"
    return await (asyncio.to_thread(looked) if here else run_job(job, root, changed))


async def test_it_is_sent_once_it_is_seen_where_to_and_what_matches(
    hill: Folders, server: SubsonicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuiapp.app.jobs.run_job", job_here)
    server.older = True
    app = DiscoverApp(hill)
    async with app.run_test(size=(100, 30)) as pilot:
        app.action_view("playlists")
        await settled(pilot, lambda: the_view(app).NAME == "playlists")

        async def typed(text: str, *before: str) -> None:
            """Type into the dialog whose words are these, and accept."""
            await settled(pilot, lambda: all(words in screen_text(app) for words in before))
            app.screen.query_one(Input).value = text
            await pilot.press("enter")

        async def chosen(number: str, *before: str) -> None:
            await settled(pilot, lambda: all(words in screen_text(app) for words in before))
            await pilot.press(number)

        await pilot.press("p")
        await chosen("1", "Send Hill to", "Navidrome", "you are asked where")
        await typed("http://music.example.org", "Address of your server (Navidrome, Subsonic)")
        await typed(server.base, "must start with https")
        await typed(USER, f"Who are you at {server.base}?")
        assert server.asked == []
        await typed(PASSWORD, "Password, or API key")
        assert PASSWORD not in screen_text(app)
        await chosen("1", "Send the password itself?")
        await chosen("2", f"Send Hill to {server.base}?", "2 of 3 tracks match", "No match: Burel - Nowhere")
        assert server.playlists == {}
        await settled(pilot, lambda: any("2 tracks sent" in toast for toast in toasts(app)))
        assert server.playlists["p0"]["ids"] == ["s1", "s0"]
        # Who one is there is known from then on.
        await pilot.press("p")
        await chosen("1", "Send Hill to", server.base)
        await chosen("escape", "If a list sent there before is still there, this")
        app.preferences.change("push.subsonic", "http://127.0.0.1:1")
        await pilot.press("p")
        await chosen("1", "http://127.0.0.1:1")
        await typed("x", "Who are you at")
        await typed("y", "Password")
        await settled(pilot, lambda: any("it takes no connection" in toast for toast in toasts(app)))
        # A private session neither asks nor sends.
        server.asked.clear()
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is not None)
        await pilot.press("p")
        await settled(pilot, lambda: any("private session" in toast for toast in toasts(app)))
        assert the_view(app).NAME == "playlists"
        assert server.asked == []
    with Session(hill) as session:
        assert [(one.playlist, one.address, one.tracks) for one in session.pushing.sent()] == [
            ("Hill", server.base, 2)
        ]


async def test_stars_become_likes_by_a_key_and_u_takes_them_back(
    hill: Folders, server: SubsonicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuiapp.app.jobs.run_job", job_here)
    server.starred = {"song": [{"id": "s1", "artist": "Ida", "title": "Waves"}]}
    app = app_in("taste", hill)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot, lambda: the_view(app).NAME == "taste")
        app.preferences.change("push.subsonic", server.base)
        await pilot.press("p")
        await settled(pilot, lambda: "Like what you starred on" in screen_text(app))
        assert server.asked == []
        await pilot.press("1")
        for words, text in (("Your name there", USER), ("Password, or API key", PASSWORD)):
            await settled(pilot, lambda words=words: words in screen_text(app))  # type: ignore[misc]  # a lambda with a default has no type
            app.screen.query_one(Input).value = text
            await pilot.press("enter")
        await settled(pilot, lambda: "Keep the password for" in screen_text(app))
        assert any("1 star at" in toast and "1 new like. u undoes it." in toast for toast in toasts(app))
        await pilot.press("1")
        await settled(pilot, hill.servers.exists)
        await pilot.press("u")
        await settled(pilot, lambda: app.undoable != "taking in stars")
        # Kept, so that nobody is asked who they are; what was undone does not come again.
        server.starred["song"].append({"id": "s2", "artist": "Ida", "title": "Later"})
        await pilot.press("p")
        await settled(pilot, lambda: server.base in screen_text(app))
        await pilot.press("1")
        await settled(pilot, lambda: app.undoable == "taking in stars")
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is not None)
        asked = len(server.asked)
        await pilot.press("p")
        await settled(pilot, lambda: any("private session" in toast for toast in toasts(app)))
        assert len(server.asked) == asked
    with Session(hill) as session:
        assert [(one.artist, one.track) for one in session.verdicts.all()] == [("Ida", "Later")]


async def test_a_server_that_is_none_or_fails_is_named_and_nothing_hangs(
    hill: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuiapp.app.jobs.run_job", job_here)
    monkeypatch.setattr(fetch, "_TIMEOUT", 0.2)
    monkeypatch.setattr(fetch, "_WHOLE_ANSWER", 0.2)
    wrong = b'{"subsonic-response": {"status": "failed", "error": {"code": 40, "message": "Wrong password"}}}'
    with bad_server() as bad:
        with Session(hill) as session:
            keep_credentials(session.door, "subsonic", bad.base, Credentials(USER, PASSWORD))
        app = DiscoverApp(hill)
        async with app.run_test(size=(100, 30)) as pilot:
            app.preferences.change("push.subsonic", bad.base)
            app.action_view("playlists")
            await settled(pilot, lambda: the_view(app).NAME == "playlists")
            for fault, words in (
                (says(500, b""), "answers with an error (500). Try again later."),
                (
                    says(200, b"<html>It works</html>"),
                    "is not a Subsonic server (it says 200). Check the address.",
                ),
                (
                    says(200, b'{"subsonic-response": {"status": "ok"}}'),
                    "None of the 3 tracks of Hill are at",
                ),
                (hangs_up, "the connection broke off. Check the address and that it runs."),
                (is_silent, "it stopped answering."),
                (drips, "it is too slow."),
            ):
                bad.fault = fault
                await pilot.press("p")
                await settled(pilot, lambda: "Send Hill to" in screen_text(app))
                await pilot.press("1")
                await settled(pilot, lambda words=words: any(words in toast for toast in toasts(app)))  # type: ignore[misc]  # a lambda with a default has no type
                assert (app.job, len(app.screen_stack)) == (None, 1)
            # A wrong password is asked for again, and why is said.
            bad.fault = says(200, wrong)
            await pilot.press("p")
            await settled(pilot, lambda: "Send Hill to" in screen_text(app))
            await pilot.press("1")
            await settled(pilot, lambda: "Wrong password" in screen_text(app))
            assert app.screen.query_one(Input).value == ""
