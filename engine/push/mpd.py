"""MPD's stored playlists, by its own protocol: files in its folder it sees only by one of their endings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from engine.errors import DiscoverError, UsageError
from engine.live.mpd import LOST, Conversation, quoted, speaking, split, trouble
from engine.playlists.playlist import PlaylistTrack
from engine.push.matching import Song

# Songs asked for at a time, and lines an answer may have: MPD's own buffer ends at 8 MB.
_WINDOW, _LINES = 2000, 200_000


class Mpd:
    """MPD at the first of `places` where there is one: `host:port` or a socket's path, a password before it with an @.

    It knows a playlist by its name.
    """

    service = "mpd"

    def __init__(self, places: Sequence[str]) -> None:
        self._places = places
        self.address = split(places[0])[1]

    def songs(self, tracks: Sequence[PlaylistTrack]) -> Iterator[Song]:  # noqa: ARG002 - it lists all it has
        """Every song with a title. Raises DiscoverError where MPD is not there or refuses."""
        for number, place in enumerate(self._places, 1):
            try:
                found = asyncio.run(_songs(place))
            except LOST as error:
                if number == len(self._places):
                    looked = " or ".join(split(one)[1] for one in self._places)
                    raise _unreachable(looked, error) from error
            else:
                # Nobody else is asked from then on.
                self._places, self.address = (place,), split(place)[1]
                yield from found
                return

    def put(
        self,
        name: str,
        ids: Sequence[str],
        there: str,
        note: Callable[[str], None],
        sent: Callable[[int], None],
    ) -> None:
        """As a `Server`: the list is whole under another name before it takes the place of the one before."""
        called = there or " ".join(name.replace("/", "-").split())
        try:
            asyncio.run(_put(self._places[0], called, ids, note, mine=bool(there)))
            sent(len(ids))
        except LOST as error:
            raise _unreachable(self.address, error) from error


def _unreachable(address: str, error: BaseException) -> DiscoverError:
    return DiscoverError(
        f"MPD at {address} can't be used: {trouble(error)}. Set listen.mpd to where it is, host:port or the path of "
        "its socket, or --url ADDRESS."
    )


async def _songs(place: str) -> list[Song]:
    found: list[Song] = []
    async with speaking(place) as mpd:
        await mpd.ask("tagtypes clear")
        await mpd.ask("tagtypes enable Artist AlbumArtist Title MUSICBRAINZ_TRACKID")
        start = 0
        while True:
            window = f"window {start}:{start + _WINDOW}"
            answered = await mpd.ask(f"find \"(title != '')\" {window}", lines=_LINES)
            some = [*_songs_of(answered)]
            if not some:
                return found
            found += some
            start += _WINDOW


def _songs_of(answered: Sequence[tuple[str, str]]) -> Iterator[Song]:
    tags: list[tuple[str, str]] = []
    for name, value in (*answered, ("file", "")):
        if name == "file" and tags:
            one = dict(tags)
            try:
                seconds = float(one.get("duration", ""))
            except ValueError:
                seconds = 0.0
            artists = tuple(text for tag, text in tags if tag in ("Artist", "AlbumArtist"))
            yield Song(
                one["file"],
                artists,
                one.get("Title", ""),
                seconds or None,
                one.get("MUSICBRAINZ_TRACKID", ""),
            )
            tags = []
        if name == "file" or tags:
            tags.append((name, value))


async def _put(place: str, name: str, ids: Sequence[str], note: Callable[[str], None], *, mine: bool) -> None:
    async with speaking(place) as mpd:
        names = {value for key, value in await mpd.ask("listplaylists", lines=_LINES) if key == "playlist"}
        if name in names and not mine:
            raise UsageError(
                f"MPD has a playlist “{name}” that was not made here, so it was left alone. Give yours another name: "
                "discover playlists rename."
            )
        note(name)
        beside = f"{name}.discover-new"
        if beside in names:  # one that was broken off
            await mpd.ask(f"rm {quoted(beside)}")
        await _together(mpd, [f"playlistadd {quoted(beside)} {quoted(file)}" for file in ids])
        into = [f"rm {quoted(name)}"] if name in names else []
        await _together(mpd, [*into, f"rename {quoted(beside)} {quoted(name)}"])


async def _together(mpd: Conversation, commands: Sequence[str]) -> None:
    """Commands of which MPD does none after one that fails."""
    await mpd.ask("\n".join(["command_list_begin", *commands, "command_list_end"]))
