"""What surrounds a listener, and players that speak to it as clients of ListenBrainz do."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from engine.live.inbox import Inbox
from engine.live.token import HOST
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library

TOKEN = "made-up-token"
# 2026-03-02, in seconds UTC.
NOW = 1_772_452_800


@dataclass
class World:
    """What surrounds a listener: the time, and whether a private session is on."""

    folders: Folders
    now: float = NOW
    # Seconds that the listener's process was stopped.
    stopped: float = 0.0
    # Since when a private session is on.
    since: float | None = None

    @property
    def private(self) -> bool:
        return self.since is not None

    @private.setter
    def private(self, on: bool) -> None:
        self.since = self.now if on else None

    def inbox(self) -> Inbox:
        return Inbox(
            self.folders,
            now=lambda: self.now,
            private_since=lambda _: self.since,
            clock=lambda: self.stopped,
        )

    def listens(self) -> list[tuple[str, str, int, str]]:
        """(artist, title, start, source) of all there are."""
        connection = open_library(Door(self.folders))
        try:
            return connection.execute(
                "SELECT a.name, t.title, l.started_at, l.source FROM listens AS l "
                "JOIN tracks AS t ON t.id = l.track_id JOIN artists AS a ON a.id = t.artist_id "
                "ORDER BY l.started_at, a.name, l.source"
            ).fetchall()
        finally:
            connection.close()


@dataclass
class Player:
    """Sends requests as a client does."""

    port: int
    status: list[int] = field(default_factory=list)

    async def send(self, data: bytes, *, close: bool = False) -> tuple[int, dict[str, Any]]:
        """Send bytes as they are; the status and the document that come back, (0, {}) where nothing does."""
        reader, writer = await asyncio.open_connection(HOST, self.port)
        try:
            writer.write(data)
            if close:
                writer.write_eof()
            return await answered(reader)
        finally:
            writer.close()

    async def ask(
        self, method: str, path: str, document: Any = None, *, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        return await self.send(self.request(method, path, document, headers))

    def request(
        self, method: str, path: str, document: Any = None, headers: dict[str, str] | None = None
    ) -> bytes:
        body = (
            document
            if isinstance(document, bytes)
            else b""
            if document is None
            else json.dumps(document).encode()
        )
        lines = {
            "Host": f"{HOST}:{self.port}",
            "Authorization": f"Token {TOKEN}",
            "Content-Length": str(len(body)),
        }
        lines |= headers or {}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    async def submit(self, *listens: dict[str, Any], kind: str = "single") -> tuple[int, dict[str, Any]]:
        return await self.ask("POST", "/1/submit-listens", {"listen_type": kind, "payload": [*listens]})


async def answered(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    """One answer as it comes from the wire."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return 0, {}
    length = next(
        line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length")
    )
    return int(head.split()[1]), json.loads(await reader.readexactly(int(length)))


def listen(
    title: str, at: int | None = NOW - 300, artist: str = "Café Tundra", **info: Any
) -> dict[str, Any]:
    """One listen as clients send it."""
    track = {"artist_name": artist, "track_name": title, "additional_info": info}
    return {"track_metadata": track} | ({} if at is None else {"listened_at": at})
