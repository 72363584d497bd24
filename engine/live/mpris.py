"""Watches players over the session bus (MPRIS, Linux): on any change it queries the whole state.

It never waits for an answer: messages are handled as they come, so that a hanging player does not block others. Facts:
the MPRIS 2.2 specification; what players do beside it is said where it matters.
"""

from __future__ import annotations

import asyncio
import math
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.bus_messages import message_bus

from engine.live.clock import Clock, Judged, PlayedSong, Seen, Song
from engine.live.connections import session_bus
from engine.live.watched import Watched

_NAMES = "org.mpris.MediaPlayer2"
_PATH, _PLAYER = "/org/mpris/MediaPlayer2", "org.mpris.MediaPlayer2.Player"
_PROPERTIES = "org.freedesktop.DBus.Properties"
# Those that mirror others, that play elsewhere, and MPD, which is watched by its own protocol.
_MIRRORS = ("playerctld", "kdeconnect", "mpd", "discover")
_BROWSERS = (
    "firefox",
    "chromium",
    "chrome",
    "brave",
    "vivaldi",
    "opera",
    "edge",
    "epiphany",
    "plasma-browser-integration",
)
# Seconds until a missing bus is tried again.
_WAIT = 60.0
_MICRO = 1_000_000

# What parsing an invalid message may raise: jeepney asserts its expectations.
_NONSENSE = (TypeError, ValueError, LookupError, AttributeError, AssertionError, struct.error)

Keep = Callable[[str, PlayedSong | Judged], None]
_Question = tuple[Message, "_Answered"]
_Answered = Callable[[tuple[Any, ...]], list[_Question]]


def song_of(metadata: Mapping[str, tuple[str, Any]]) -> Song | None:
    """The song of a player's `Metadata`; null without artist or title, as for videos and songs still loading.

    Types are handled leniently: players send lengths of any kind, an artist without a list, paths as strings.
    """

    def text(name: str) -> str:
        value = metadata.get(name, ("s", ""))[1]
        if isinstance(value, list | tuple):
            value = value[0] if value else ""
        return value.strip() if isinstance(value, str) else ""

    artist, title = text("xesam:artist"), text("xesam:title")
    if not artist or not title:
        return None
    length = metadata.get("mpris:length", ("x", 0))[1]
    seconds = length / _MICRO if isinstance(length, int | float) and length > 0 else None
    return Song(artist, title, text("xesam:album"), seconds, text("xesam:url") or text("mpris:trackid"))


def _rate(said: object) -> float:
    """How fast a player plays; backwards, or at no speed, it plays nothing."""
    return max(0.0, float(said)) if isinstance(said, int | float) and math.isfinite(said) else 1.0


@dataclass
class _Player:
    """A watched player; `known` once seen."""

    name: str
    clock: Clock = field(default_factory=Clock)
    known: bool = False


class Watcher:
    """Watches all players of the session, optionally `browsers`; `watched` knows which there are, or why none is."""

    def __init__(self, watched: Watched, *, browsers: bool = False) -> None:
        self.watched = watched
        self._left_out = _MIRRORS if browsers else (*_MIRRORS, *_BROWSERS)
        # By connection name, which signals carry.
        self._players: dict[str, _Player] = {}
        # Handlers of answers, by serial number.
        self._asked: dict[int, _Answered] = {}
        self._keep: Keep = lambda _player, _played: None

    async def watch(self, keep: Keep) -> None:
        """Pass on plays, until cancelled."""
        self._keep = keep
        while True:
            try:
                await self._follow()
            except (OSError, EOFError, TimeoutError, RuntimeError, *_NONSENSE) as error:
                # There is no bus, it is gone, or what it sends is not a message.
                self._miss(error)
            finally:
                self._asked.clear()
                for owner in [*self._players]:
                    self._gone(owner)
            await asyncio.sleep(_WAIT)

    def _miss(self, error: BaseException) -> None:
        if self.watched.on:
            said = "The session bus is gone: desktop players are not watched until it is back."
        elif isinstance(error, OSError) and not isinstance(error, TimeoutError):
            said = "Desktop players are not watched: there is no session bus. It is looked for again."
        else:
            said = "Desktop players are not watched: the session bus does not answer. It is asked again."
        self.watched.fails(said)

    async def _follow(self) -> None:
        bus = await session_bus()
        try:
            owners = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
            owners.add_arg_condition(0, _NAMES, "namespace")
            changes = (
                MatchRule(type="signal", interface=interface, member=member, path=_PATH)
                for interface, member in ((_PROPERTIES, "PropertiesChanged"), (_PLAYER, "Seeked"))
            )
            for rule in (owners, *changes):
                await bus.send(message_bus.AddMatch(rule))
            questions: list[_Question] = [(message_bus.ListNames(), self._whose)]
            while True:
                for question, answered in questions:
                    serial = next(bus.outgoing_serial)
                    self._asked[serial] = answered
                    await bus.send(question, serial=serial)
                message = await bus.receive()
                try:
                    questions = self._hear(message)
                except _NONSENSE:
                    questions = []  # a player that says nonsense
        finally:
            bus.writer.close()

    def _hear(self, message: Message) -> list[_Question]:
        """Queries to send in response to a message."""
        fields, body = message.header.fields, message.body
        if (number := fields.get(HeaderFields.reply_serial)) is not None:
            answered = self._asked.pop(number, None)
            failed = message.header.message_type is MessageType.error
            return [] if answered is None or failed else answered(body)
        sender, member = fields.get(HeaderFields.sender, ""), fields.get(HeaderFields.member)
        if member == "NameOwnerChanged":
            name, old, new = body
            self._gone(old)
            return self._come(name, new) if new else []
        if sender not in self._players:
            return []
        # Only seeking gives a reliable position: some players always report 0.
        return [self._state(sender, body[0] / _MICRO if member == "Seeked" else None)]

    def _whose(self, body: tuple[Any, ...]) -> list[_Question]:
        """The bus listed its names."""
        (names,) = body
        self.watched.begins("Watching desktop players.")
        # Each takes its own name along, which mypy has no type for in a lambda.
        return [
            (message_bus.GetNameOwner(name), lambda body, name=name: self._come(name, body[0]))  # type: ignore[misc]
            for name in names
            if name.startswith(f"{_NAMES}.")
        ]

    def _come(self, name: str, owner: str) -> list[_Question]:
        player = name.removeprefix(f"{_NAMES}.").partition(".")[0].casefold()
        if owner in self._players or player.startswith(self._left_out):
            return []
        self._players[owner] = _Player(player)
        self.watched.comes(player)
        return [self._state(owner)]

    def _gone(self, owner: str) -> None:
        """A player left the bus: its song ends."""
        player = self._players.pop(owner, None)
        if player is not None:
            self.watched.goes(player.name)
            self._see(player, Seen(time.monotonic(), time.time()))

    def _state(self, owner: str, position: float | None = None) -> _Question:
        player = self._players[owner]

        def answered(body: tuple[Any, ...]) -> list[_Question]:
            (state,) = body
            at = position
            if not player.known:
                player.known = True
                at = state.get("Position", ("x", 0))[1] / _MICRO
            song = song_of(state.get("Metadata", ("", {}))[1])
            playing = state.get("PlaybackStatus", ("s", ""))[1] == "Playing"
            rate = _rate(state.get("Rate", ("d", 1.0))[1])
            if owner in self._players:
                self._see(player, Seen(time.monotonic(), time.time(), song, playing, at, rate))
            return []

        address = DBusAddress(_PATH, bus_name=owner, interface=_PROPERTIES)
        return new_method_call(address, "GetAll", "s", (_PLAYER,)), answered

    def _see(self, player: _Player, seen: Seen) -> None:
        for one in player.clock.see(seen):
            self._keep(player.name, one)
