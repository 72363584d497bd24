"""The only module that opens connections to players and accepts theirs.

It listens on loopback only, and connects to a player at the address the person set, or one started here.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from engine.errors import DiscoverError
from engine.live.token import HOST

if TYPE_CHECKING:
    from jeepney.io.asyncio import DBusConnection

# systemd hands its sockets on from here (sd_listen_fds(3)).
_FIRST_INHERITED = 3

# Timeout of connecting, in seconds.
_PATIENCE = 10.0

Socket = socket.socket
Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def listening_socket(port: int) -> socket.socket:
    """The socket systemd opened for this process, else a new one on loopback.

    Raises DiscoverError if the port is in use, or the passed socket is not on loopback.
    """
    if os.environ.pop("LISTEN_PID", "") == str(os.getpid()) and int(os.environ.pop("LISTEN_FDS", "0")):
        inherited = socket.socket(fileno=_FIRST_INHERITED)
        if inherited.family != socket.AF_INET or inherited.getsockname()[0] != HOST:
            raise DiscoverError(
                f"The socket unit must listen on {HOST} alone. Run: discover listen --install."
            )
        return inherited
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise DiscoverError(
            f"Port {port} can't be listened on ({error.strerror}). Another program has it: stop that one, or choose "
            "another with --port, here and in your players."
        ) from error
    return listener


async def serve(listener: socket.socket, accept: Accept, limit: int) -> asyncio.Server:
    """Serve connections with `accept`; of an endless line `limit` bytes are read."""
    return await asyncio.start_server(accept, sock=listener, limit=limit)


async def connect(address: str, limit: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to `/path`, `@name` (an abstract socket) or `host:port`. Raises OSError."""
    if address.startswith(("/", "@")):
        path = address if address.startswith("/") else f"\0{address[1:]}"
        return await asyncio.open_unix_connection(path, limit=limit)
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port), limit=limit)


async def start_child(
    arguments: Sequence[str], limit: int
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.StreamWriter]:
    """Start a program connected by a private pair of sockets; `{fd}` in its arguments is replaced by its descriptor.
    Raises OSError if it can't be started."""
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(part.replace("{fd}", str(theirs.fileno())) for part in arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        reader, writer = await asyncio.open_connection(sock=ours, limit=limit)
    except BaseException:
        ours.close()
        raise
    return process, reader, writer


async def session_bus() -> DBusConnection:
    """The message bus of the person's session. Raises OSError, EOFError, TimeoutError or ValueError without one."""
    from jeepney import DBusErrorResponse
    from jeepney.io.asyncio import open_dbus_connection
    from jeepney.io.common import RouterClosed

    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS") or (f"unix:path={runtime}/bus" if runtime else "")
    if not address.startswith("unix:"):
        raise FileNotFoundError("There is no session bus.")
    try:
        async with asyncio.timeout(_PATIENCE):
            return await open_dbus_connection(address)
    except (RouterClosed, DBusErrorResponse) as error:
        raise EOFError("The session bus went away.") from error
