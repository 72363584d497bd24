"""Driving the app in tests: waiting until it rests, and reading what is drawn, cell by cell."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.widget import Widget
from textual.worker import WorkerCancelled

from engine.paths import Folders
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.view import View
from tuiapp.settings.remembering import Remembering
from tuiapp.widgets.table import Table

# What each view asks for its list.
ASKED = {
    "discover": "engine.session.discover.Discover.list",
    "related": "engine.session.artists.Artists.related",
    "contexts": "engine.session.playlists.Playlists.make",
    "playlists": "engine.session.playlists.Playlists.all",
    "history": "engine.session.history.History.listen_ids",
    "taste": "engine.session.taste.Tastes.read",
    "model": "engine.session.Session.status",
    "browse": "engine.session.browse.Browse.tree",
}


def app_in(view: str, folders: Folders) -> DiscoverApp:
    """The app as it begins where the person left it, in a view: what that needs alone is drawn and asked for."""
    with mock.patch.object(Remembering, "view", view):
        return DiscoverApp(folders)


async def drained(app: App[Any], limit: float = 1.0, holds: Callable[[], bool] = lambda: True) -> None:
    """Wait until every widget waits for its next message, nothing keeps from painting, and a condition holds, for at
    most so many seconds.

    Textual's own wait looks every 20 ms whether the process computes: a third of a test's time, and under load no
    proof of anything. The limit is for what a test holds up on purpose, and for as many turns of the loop as fit in it:
    on a machine that is slow they take longer.
    """
    end, turns, quiet = time.monotonic() + limit, limit * 1000, 0
    while quiet < 5 and (turns > 0 or time.monotonic() < end):
        turns -= 1
        # Gives the loop a turn; threads get theirs when there is nothing for the loop to do.
        await asyncio.sleep(0 if quiet else 0.001)
        # A new size of the terminal is taken up after a moment, so that a window being drawn larger is laid out once.
        # An app that ends paints no more: what held painting up then is never let go.
        waits = (app._batch_count and not app._exit) or app._resize_timer is not None
        rests = not waits and all(_waits(pump) for pump in (app, *app._registry))
        quiet = quiet + 1 if rests and holds() else 0


def _waits(pump: MessagePump) -> bool:
    """Whether its task is waiting for messages, and has none."""
    queue: Any = pump._message_queue
    return not pump._running or (
        not (queue.values or pump._next_callbacks) and bool(queue.ready_event._waiters)
    )


async def settled(pilot: Pilot[Any], holds: Callable[[], bool] = lambda: True) -> None:
    """Wait until nothing works in the background, and until a condition holds; never by the clock."""
    # Only where it never rests, however long a child or a slow machine takes until then.
    quiet, end, looks = 0, time.monotonic() + 20.0, 200
    while looks > 0 or time.monotonic() < end:
        looks -= 1
        for worker in list(pilot.app.workers):
            # A question overtaken by a newer one is cancelled; one that failed says so.
            with contextlib.suppress(WorkerCancelled):
                await worker.wait()
        await pilot.pause()
        # What begins by the clock, each second, is waited for above: it would never rest on a machine that is slow.
        rests = all(worker.is_finished or worker.group == "watching" for worker in pilot.app.workers)
        # An answer bubbles from widget to widget before the view asks the next question: look more than once.
        quiet = quiet + 1 if rests and holds() else 0
        if quiet == 3:
            return
    raise AssertionError(f"never came to rest; on screen:\n{screen_text(pilot.app)}")


async def add_by_key(pilot: Pilot[Any], number: str) -> None:
    """In the model view, press the key that adds data, and choose the answer of this number."""
    await pilot.press("7")
    await settled(pilot)
    await pilot.press("a")
    await settled(pilot)
    await pilot.press(number)


@contextlib.contextmanager
def kept_by_another(app: DiscoverApp) -> Iterator[None]:
    """Another program is writing in the library, and does not end."""
    app.engine().library.connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(app.folders.database)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


def lines_of(widget: Widget) -> list[str]:
    """What a widget draws, line by line."""
    return [widget.render_line(y).text for y in range(widget.size.height)]


def screen_lines(app: Any) -> list[str]:
    """What the terminal shows, line by line, with every layer composed."""
    strips = app.screen._compositor.render_strips()
    return [strip.text for strip in strips]


def screen_text(app: Any) -> str:
    """What the terminal shows, as one text."""
    return "\n".join(screen_lines(app))


def the_view(app: App[Any]) -> View:
    """The view in sight."""
    assert isinstance(app.screen, View)
    return app.screen


def the_list(app: App[Any]) -> Table[Any]:
    """The list in sight."""
    table = the_view(app).table
    assert table is not None
    return table


def verdicts(folders: Folders) -> dict[str, str]:
    """What the library on disk says was liked, hidden or blocked."""
    connection = sqlite3.connect(f"{folders.database.as_uri()}?mode=ro", uri=True)
    found = dict(connection.execute("SELECT artist, verdict FROM feedback"))
    connection.close()
    return found


def toasts(app: App[Any]) -> list[str]:
    return [f"{toast.title} {toast.message}".strip() for toast in app._notifications]
