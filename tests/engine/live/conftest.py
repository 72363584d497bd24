"""A listener on a port of its own, over a library of its own, and a player that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.live.connections import listening_socket
from engine.live.endpoint import Endpoint
from engine.live.listener import Listener
from engine.live.token import Access
from engine.paths import Folders
from tests.support.live import TOKEN, Player, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Folders(tmp_path / "data"))


@pytest.fixture
async def listener(world: World) -> AsyncIterator[Listener]:
    found = Listener(listening_socket(0), Access(TOKEN), world.inbox())
    await found.begin()
    yield found
    await found.end()


@pytest.fixture
async def player(listener: Listener) -> Player:
    return Player(listener.port)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for: requests that do not come at once are too late."""
    monkeypatch.setattr(Endpoint, "patience", 0.05)
