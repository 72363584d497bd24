"""MPD's protocol, and a watcher, which queries the state whenever MPD reports a change.

Facts: MPD's protocol, 0.23. Watching uses one connection, which waits for MPD; if it fails, it is retried, at last once
a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from engine.live.clock import Clock, Judged, PlayedSong, Seen, Song
from engine.live.connections import connect
from engine.live.watched import Watched

NAME = "mpd"
# Maximum length of a line, and of an answer.
_MAX_LINE, _MAX_LINES = 64 << 10, 1000
_MAX_STICKERS = 200_000
# MPD answers at once or not at all.
_PATIENCE = 10.0
_FIRST_WAIT, _MAX_WAIT = 1.0, 60.0

# The sticker in which myMPD and others store verdicts.
_STICKER, _VERDICTS = "like", {"0": "hide", "1": None, "2": "like"}

Pairs = Sequence[tuple[str, str]]
# Called with a player's name and its plays, or a verdict.
Keep = Callable[[str, PlayedSong | Judged], None]


class RefusedError(Exception):
    """MPD refused, or what answers is not MPD."""


class NotMpdError(RefusedError):
    """What answers is not MPD."""


# Ways MPD can fail: refused, closed, silent, invalid answers, or an invalid port.
LOST = (RefusedError, OSError, TimeoutError, EOFError, ValueError, OverflowError, asyncio.LimitOverrunError)


def trouble(error: BaseException) -> str:
    """The error, one of LOST, in words."""
    if isinstance(error, RefusedError):
        return str(error)
    if isinstance(error, EOFError | ConnectionResetError | BrokenPipeError):
        return "it went away"
    if isinstance(error, OSError | OverflowError) and not isinstance(error, TimeoutError):
        return "it takes no connection"
    return "it does not answer"


def addresses(setting: str) -> tuple[str, ...]:
    """Where to look for MPD: what is set, else the places its own clients look in."""
    if setting:
        return (setting,)
    host = os.environ.get("MPD_HOST", "")
    if host:
        is_socket = host.startswith("@") or host.rpartition("@")[2].startswith("/")
        return (host if is_socket else f"{host}:{os.environ.get('MPD_PORT') or 6600}",)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    places = ([f"{runtime}/mpd/socket"] if runtime else []) + ["/run/mpd/socket"]
    return (*places, "127.0.0.1:6600")


def seen(status: Pairs, song: Pairs, at: float, wall: float) -> Seen:
    """The state from MPD's answers to `status` and `currentsong`."""
    state = dict(status)
    shown = song_of(song, _number(state.get("duration"))) if state.get("state") in ("play", "pause") else None
    return Seen(at, wall, shown, state.get("state") == "play", _number(state.get("elapsed")))


def song_of(song: Pairs, length: float | None = None) -> Song | None:
    """The song that MPD describes; null without artist and title. `length` where it does not say that with the song."""
    # Of several artists histories name the first.
    tags: dict[str, str] = {}
    for name, value in song:
        tags.setdefault(name, value)
    if not (tags.get("Artist") and tags.get("Title")):
        return None
    place, mbid = f"{tags.get('Id', '')} {tags.get('file', '')}", tags.get("MUSICBRAINZ_TRACKID", "")
    # As a song ends, `status` may have the next one's length already: with that it would not count.
    length = _number(tags.get("duration")) or length
    return Song(tags["Artist"], tags["Title"], tags.get("Album", ""), length, place, mbid)


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


class Watcher:
    """Follows the MPD at the first of `places` where one is; `watched` knows whether it is found or lost."""

    def __init__(self, places: Sequence[str], watched: Watched) -> None:
        self._places = places
        self.watched = watched
        self._clock = Clock()
        # What was said so far, by digests of files; null before the first look.
        self._said: dict[int, str] | None = None

    async def watch(self, keep: Keep) -> None:
        """Pass on plays, until cancelled."""
        wait = _FIRST_WAIT
        while True:
            troubles = dict[str, BaseException]()
            for place in self._places:
                found, troubles[split(place)[1]] = await self._follow(place, keep)
                if found:
                    wait, troubles = _FIRST_WAIT, {}
                    break
            if troubles:
                self._miss(troubles)
            await asyncio.sleep(wait)
            wait = min(2 * wait, _MAX_WAIT)

    def _miss(self, troubles: Mapping[str, BaseException]) -> None:
        """MPD is nowhere; of several places one where something answers counts."""
        refused = {at: error for at, error in troubles.items() if isinstance(error, RefusedError)}
        where, error = next(iter((refused or troubles).items()))
        said = f"MPD at {where} is not watched: {trouble(error)}."
        if len(troubles) > 1 and not refused:
            said = f"MPD is not watched: there is none at {' or '.join(troubles)}."
        self.watched.fails(f"{said} It is looked for again.", str(error) if refused else "")

    async def _follow(self, place: str, keep: Keep) -> tuple[bool, BaseException]:
        """Follow MPD until it goes away: whether it was there, and why it is not."""
        found, changed, self._said = False, {"sticker"}, None
        address = split(place)[1]
        try:
            async with speaking(place) as mpd:
                while True:
                    status, song = await mpd.ask("status"), await mpd.ask("currentsong")
                    if not found:
                        self.watched.begins(f"Watching MPD at {address}.")
                    found = True
                    shown = seen(status, song, time.monotonic(), time.time())
                    self._see(shown, keep)
                    if "sticker" in changed:
                        await self._judge(mpd, dict(song).get("file", ""), keep)
                    changed = {value for _, value in await mpd.ask("idle player sticker", patience=None)}
        except LOST as error:
            if found:
                why = f" ({error})" if isinstance(error, RefusedError) else ""
                self.watched.fails(f"MPD at {address} is gone{why}; it is looked for again.")
            return found, error
        finally:
            # It is not known what it plays now.
            self._see(Seen(time.monotonic(), time.time()), keep)

    async def _judge(self, mpd: Conversation, plays: str, keep: Keep) -> None:
        """Pass on verdicts given since the last look on any song (that one is taken back, only of the one that
        `plays`), not those from before MPD was watched."""
        try:
            pairs = await mpd.ask(f'sticker find song "" {_STICKER}', lines=_MAX_STICKERS)
        except RefusedError:
            return  # it keeps none
        said = {plays: ""}
        file = ""
        for name, value in pairs:
            file = value if name == "file" else file
            if name == "sticker":
                said[file] = value.removeprefix(f"{_STICKER}=")
        before, self._said = self._said, {hash(file): value for file, value in said.items() if value}
        if before is None or not _VERDICTS.keys() >= set(self._said.values()):
            return  # for some players it is a number of stars
        for file, value in said.items():
            if before.get(hash(file), "") != value:
                await self._pass_on(mpd, file, _VERDICTS.get(value), keep)

    async def _pass_on(self, mpd: Conversation, file: str, verdict: str | None, keep: Keep) -> None:
        with contextlib.suppress(RefusedError):  # it is in its database no more
            if (song := song_of(await mpd.ask(f"lsinfo {quoted(file)}"))) is not None:
                keep(NAME, Judged(song, verdict))

    def _see(self, shown: Seen, keep: Keep) -> None:
        for one in self._clock.see(shown):
            keep(NAME, one)


class Conversation:
    """Commands and answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def greeting(self) -> None:
        """Raises NotMpdError if it is not MPD that answers."""
        async with asyncio.timeout(_PATIENCE):
            line = await self._reader.readuntil()
        if not line.startswith(b"OK MPD "):
            raise NotMpdError("it is not MPD")

    async def ask(
        self, command: str, *, patience: float | None = _PATIENCE, lines: int = _MAX_LINES
    ) -> Pairs:
        """The (name, value) pairs of an answer of fewer than `lines`. Raises RefusedError, TimeoutError, EOFError.

        The name of a file is any bytes, which are asked for as they came (as `os.fsdecode` has them); all else is text.
        """
        self._writer.write(f"{command}\n".encode(errors="surrogateescape"))
        pairs: list[tuple[str, str]] = []
        async with asyncio.timeout(patience):
            while len(pairs) < lines:
                read = (await self._line()).rstrip(b"\n")
                line = read.decode(errors="surrogateescape" if read.startswith(b"file: ") else "replace")
                if line == "OK":
                    return pairs
                if line.startswith("ACK "):
                    raise RefusedError(line.partition("} ")[2] or line)
                name, _, value = line.partition(": ")
                pairs.append((name, value))
        raise RefusedError("an answer without an end")

    async def _line(self) -> bytes:
        """The next line that is not too long: a tag that holds a whole text is left out, as if the song had none."""
        whole = True
        while True:
            try:
                line = await self._reader.readuntil()
            except asyncio.LimitOverrunError as error:
                whole = False
                await self._reader.readexactly(error.consumed)
            else:
                if whole:
                    return line
                whole = True


@contextlib.asynccontextmanager
async def speaking(place: str) -> AsyncIterator[Conversation]:
    """A connection to MPD at a place, optionally after a password and @. Raises one of LOST."""
    password, address = split(place)
    async with asyncio.timeout(_PATIENCE):
        reader, writer = await connect(address, _MAX_LINE)
    try:
        mpd = Conversation(reader, writer)
        await mpd.greeting()
        if password:
            await mpd.ask(f"password {quoted(password)}")
        yield mpd
    finally:
        writer.close()


def split(place: str) -> tuple[str, str]:
    """The password of a place, empty where it has none, and its address."""
    password, _, address = place.rpartition("@") if not place.startswith("@") else ("", "", place)
    return password, address


def quoted(text: str) -> str:
    """A word of a command.

    >>> print(quoted('a "b"'))
    "a \\"b\\""
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
