"""Runs the listener in its own process, until stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.errors import DiscoverError
from engine.live.connections import listening_socket
from engine.live.inbox import Inbox
from engine.live.listener import Listener, Watcher
from engine.live.mpd import Watcher as Mpd
from engine.live.mpd import addresses
from engine.live.token import HOST, wanted
from engine.live.watched import Say, Watched
from engine.paths import Folders
from engine.privacy import Door
from engine.privacy.presence import Presence, Role, private_since

# Values of the settings for watched players.
OFF, WITH_BROWSERS = "off", "with browsers"


def watchers(mpd: str, mpris: str, say: Say) -> list[Watcher | Watched]:
    """The watchers of players that do not report by themselves, by the settings; of those not watched, why."""
    found: list[Watcher | Watched] = []
    if mpd == OFF:
        found.append(Watched("mpd", say, off="MPD is not watched: the setting listen.mpd is off."))
    else:
        found.append(Mpd(addresses(mpd), Watched("mpd", say)))
    if mpris == OFF:
        off = "Desktop players are not watched: the setting listen.mpris is off."
        found.append(Watched("mpris", say, off=off))
    elif sys.platform == "linux":
        watched = Watched("mpris", say)
        try:
            from engine.live.mpris import Watcher as Mpris
        except ImportError:
            watched.fails("Desktop players are not watched: pip install 'discover-music[players]' adds that.")
            found.append(watched)
        else:
            found.append(Mpris(watched, browsers=mpris == WITH_BROWSERS))
    return found


def listener_for(
    folders: Folders,
    port: int | None = None,
    private: Callable[[Folders], float | None] = private_since,
    *,
    alone: bool = False,
) -> Listener:
    """A listener for a library, with its port open; `port` is stored for next time, during a private session once that
    is over.

    `private` returns since when a private session is on, null if none is; with `alone` the process does nothing else.
    Raises DiscoverError if another process listens, the port is in use, or it cannot be stored.
    """
    used, presence = wanted(folders, port), Presence(folders)
    if presence.others(Role.LISTENS):
        raise DiscoverError("Something listens for this library already: see discover listen --status.")
    bound = listening_socket(used.port)
    # The one systemd opened has its own.
    used = replace(used, port=bound.getsockname()[1])
    presence.enter(Role.LISTENS)
    presence.show(used.port)
    inbox = Inbox(folders, private_since=private)
    listener = Listener(bound, used, inbox, Door(folders), presence, alone=alone)
    listener.keep_access()
    return listener


def run(folders: Folders, port: int | None, mpd: str, mpris: str, say: Callable[[str], None]) -> None:
    """Listen until SIGTERM or SIGINT, and watch as the settings say; `say` gets sentences for the person.

    Raises what `listener_for` does, KeyboardInterrupt when it was SIGINT.
    """
    listener = listener_for(folders, port, alone=True)
    followed = watchers(mpd, mpris, lambda _watched, text: say(text))
    if asyncio.run(_run(listener, followed, say)) == signal.SIGINT:
        raise KeyboardInterrupt


async def _run(listener: Listener, followed: Sequence[Watcher | Watched], say: Callable[[str], None]) -> int:
    until: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, until, number)
    await listener.begin()
    listener.watch(followed)
    try:
        say(
            f"Listening at {HOST}:{listener.port} for players on this machine. Set one up: discover listen --how"
        )
        return await until
    finally:
        await listener.end()


def _stop(until: asyncio.Future[int], number: int) -> None:
    if not until.done():
        until.set_result(number)
