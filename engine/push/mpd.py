"""MPD's stored playlists, by its own protocol: files in its folder it sees only by one of their endings."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence

from engine.errors import DiscoverError, UsageError
from engine.live.mpd import LOST, Conversation, NotMpdError, RefusedError, quoted, speaking, split, trouble
from engine.playlists.playlist import PlaylistTrack
from engine.push import asking
from engine.push.matching import Song

# Songs asked for at a time, and lines an answer may have: MPD's own buffer ends at 8 MB.
_WINDOW, _LINES = 2000, 200_000


class Mpd:
    """MPD at the first of `places` where there is one: `host:port` or a socket's path, a password before it with an @.

    It knows a playlist by its name alone: whether one is still the one made here shows in its songs. So its id is the
    name, and on the lines below a digest of the songs, or several where it is not known which of them are there.
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
                    raise _failed(looked, error) from error
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
    ) -> bool:
        """As a `Server`: the list is whole under another name before it takes the place of the one before. Raises
        UsageError where one of its name was not made here, or was changed there."""
        try:
            is_there = asyncio.run(
                _put(self._places[0], " ".join(name.replace("/", "-").split()), ids, there, note)
            )
            sent(len(ids))
            return is_there
        except LOST as error:
            raise _failed(self.address, error) from error


def _failed(address: str, error: BaseException) -> DiscoverError:
    if isinstance(error, RefusedError) and not isinstance(error, NotMpdError):
        return asking.RefusedError(f"MPD at {address} refused: {error}.")
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


async def _put(place: str, name: str, ids: Sequence[str], there: str, note: Callable[[str], None]) -> bool:
    before, *made = there.split("\n")
    async with speaking(place) as mpd:
        names = {value for key, value in await mpd.ask("listplaylists", lines=_LINES) if key == "playlist"}
        # What stands by the name it was sent by, and by the one it gets, which may be another.
        found = {one: await _digest(mpd, one) for one in dict.fromkeys((before, name)) if one in names}
        if name in found and found[name] not in made:
            why = (
                "is not as it was sent: it was changed there, or is another by that name"
                if name == before
                else "was not made here"
            )
            raise UsageError(
                f"MPD's playlist “{name}” {why}, so it was left alone. Rename or delete it there, or give yours "
                "another name: discover playlists rename."
            )
        mine = [one for one, digest in found.items() if digest in made]
        # Whether or not the answer comes, it is one of these.
        known = [found[one] for one in mine]
        note("\n".join((before or name, *known, _digest_of(ids))))
        beside = f"{name}.{secrets.token_hex(4)}"
        fill = [f"playlistadd {quoted(beside)} {quoted(file)}" for file in ids]
        replace = [f"rm {quoted(one)}" for one in mine]
        try:
            await _together(mpd, [*fill, *replace, f"rename {quoted(beside)} {quoted(name)}"])
        except RefusedError as error:
            # Some of it may be there under that name, which nobody else has.
            with contextlib.suppress(RefusedError):
                await mpd.ask(f"rm {quoted(beside)}")
            raise RefusedError(f"{error}; nothing there was changed") from error
        note(f"{name}\n{await _digest(mpd, name)}")
    return bool(mine)


async def _digest(mpd: Conversation, name: str) -> str:
    """The digest of the songs of a playlist there."""
    listed = await mpd.ask(f"listplaylist {quoted(name)}", lines=_LINES)
    return _digest_of([file for key, file in listed if key == "file"])


def _digest_of(files: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(files).encode(errors="surrogateescape")).hexdigest()


async def _together(mpd: Conversation, commands: Sequence[str]) -> None:
    """Commands of which MPD does none after one that fails."""
    await mpd.ask("\n".join(["command_list_begin", *commands, "command_list_end"]))
