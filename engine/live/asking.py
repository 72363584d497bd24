"""Asks the listener of this machine what it watches."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from engine.live.connections import connect
from engine.live.listener import WATCHED
from engine.live.token import HOST

_MAX_LINE, _PATIENCE = 64 << 10, 2.0


def what_is_watched(port: int, token: str) -> list[dict[str, Any]] | None:
    """The players the listener at a port watches, or not and why, as `Watched.document`; null if it does not say."""
    try:
        answer = asyncio.run(_asked(port, token))
        return [
            {
                "players": str(one["players"]),
                "watched": one["watched"] is True,
                "text": str(one["text"]),
                "found": [str(name) for name in one["found"]],
            }
            for one in answer["watched"]
        ]
    except (OSError, TimeoutError, ValueError, LookupError, TypeError):
        return None


async def _asked(port: int, token: str) -> Any:
    async with asyncio.timeout(_PATIENCE):
        reader, writer = await connect(f"{HOST}:{port}", _MAX_LINE)
        try:
            head = f"Host: {HOST}:{port}\r\nAuthorization: Token {token}\r\nConnection: close\r\n"
            writer.write(f"GET {WATCHED} HTTP/1.1\r\n{head}\r\n".encode())
            return json.loads((await reader.read(-1)).partition(b"\r\n\r\n")[2])
        finally:
            writer.close()
