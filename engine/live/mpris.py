"""Watching players over the session bus (MPRIS, Linux): any change of one has its whole state asked for.

Nobody's answer is waited for: what comes from the bus is taken as it comes, so that a player that hangs holds up no
other. Facts: the MPRIS 2.2 specification; what players do beside it is said where it matters.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.bus_messages import message_bus

from engine.live.clock import Clock, Judged, PlayedSong, Seen, Song
from engine.live.connections import session_bus

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
# Where there is no bus it is looked for again, so many seconds later.
_WAIT = 60.0
_MICRO = 1_000_000

# What taking apart a message may raise that says nonsense: of what comes jeepney asserts what it should be.
_NONSENSE = (TypeError, ValueError, LookupError, AttributeError, AssertionError, struct.error)

Keep = Callable[[str, PlayedSong | Judged], None]
_Question = tuple[Message, "_Answered"]
_Answered = Callable[[tuple[Any, ...]], list[_Question]]


def song_of(metadata: Mapping[str, tuple[str, Any]]) -> Song | None:
    """The song of a player's `Metadata`; null where it has no artist or no title, as videos and what is not loaded yet.

    Types are taken as they come: players send lengths of any kind, an artist without a list, paths as strings.
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


@dataclass
class _Player:
    """One that is followed; `known` once it was seen."""

    name: str
    clock: Clock = field(default_factory=Clock)
    known: bool = False


class Watcher:
    """Follows all players of the session, with `browsers` these too; `say` gets a sentence for each that is found."""

    def __init__(self, say: Callable[[str], None], *, browsers: bool = False) -> None:
        self._say = say
        self._left_out = _MIRRORS if browsers else (*_MIRRORS, *_BROWSERS)
        # By the name of their connection, which signals carry.
        self._players: dict[str, _Player] = {}
        # What is done with an answer, by the number of the question.
        self._asked: dict[int, _Answered] = {}
        self._keep: Keep = lambda _player, _heard: None

    async def watch(self, keep: Keep) -> None:
        """Hand on what is heard, until cancelled."""
        self._keep = keep
        while True:
            try:
                await self._follow()
            except (OSError, EOFError, TimeoutError, RuntimeError, *_NONSENSE):
                pass  # there is no bus, it is gone, or what comes from it is no message
            finally:
                self._asked.clear()
                for owner in [*self._players]:
                    self._gone(owner)
            await asyncio.sleep(_WAIT)

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
        """What is to be asked because of what came from the bus."""
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
        # Only a jump gives a place in the song that can be relied on: some players always say 0.
        return [self._state(sender, body[0] / _MICRO if member == "Seeked" else None)]

    def _whose(self, body: tuple[Any, ...]) -> list[_Question]:
        """The bus said who is there."""
        (names,) = body
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
        self._say(f"Watching {player}.")
        return [self._state(owner)]

    def _gone(self, owner: str) -> None:
        """A player is no more: what it played ends."""
        player = self._players.pop(owner, None)
        if player is not None:
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
            if owner in self._players:
                self._see(player, Seen(time.monotonic(), time.time(), song, playing, at))
            return []

        address = DBusAddress(_PATH, bus_name=owner, interface=_PROPERTIES)
        return new_method_call(address, "GetAll", "s", (_PLAYER,)), answered

    def _see(self, player: _Player, seen: Seen) -> None:
        for one in player.clock.see(seen):
            self._keep(player.name, one)
