"""Which songs to play and with what: for `o` in the app and for `discover open`."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tuiapp.music import Music
from tuiapp.settings.config import Config
from tuiapp.settings.registry import SERVICES

if TYPE_CHECKING:
    from engine.live.clock import PlayedSong, Song
    from engine.live.mpv import Notify
    from engine.store.music_files import MusicFile

# Placeholders of names in an address or a command.
PLACE = re.compile(r"\{(artist|track|query)\}")
# Asks for the files of each (artist, track or null), null for what is blocked.
Files = Callable[[Sequence[tuple[str, str | None]]], Sequence[Sequence["MusicFile"] | None]]


class Player(Protocol):
    """A player of songs; methods as in `MpvPlayer`."""

    name: str

    @property
    def upcoming(self) -> Sequence[Song]: ...
    @property
    def over(self) -> bool: ...
    def follow_with(self, songs: Sequence[Song]) -> None: ...
    def pause(self) -> None: ...
    def next(self) -> None: ...
    def seek(self, seconds: float) -> None: ...
    def louder(self, by: int) -> None: ...
    def end(self, *, pressed: bool) -> Sequence[PlayedSong]: ...
    async def run(self, notify: Notify) -> str: ...


def address(service: str, music: Music) -> str:
    """The page where a service, or an address with `{query}` in it, searches for the music.

    For mpv's `ytdl://` the query is plain words, not URL-encoded.
    """
    from urllib.parse import quote

    if service.startswith("ytdl://"):
        return PLACE.sub(lambda place: music.words[place[1]], service)
    words = {name: quote(text, safe="") for name, text in music.words.items()}
    if service == "MusicBrainz" and music.track:
        return SERVICES[service].replace("type=artist", "type=recording").replace("{query}", words["query"])
    return PLACE.sub(lambda place: words[place[1]], SERVICES.get(service, service))


def player_of(config: Config) -> str:
    """Which player is used: `mpd` if set so, else `mpv` if installed, else `mpd` if its address is set; empty for
    neither, and if a player of one's own is set."""
    if config["open.player"]:
        return ""
    if config["open.files"] == "mpv" and shutil.which("mpv") is not None:
        return "mpv"
    return "mpd" if config["open.files"] == "MPD" or config["listen.mpd"] not in ("", "off") else ""


def player_for(config: Config, songs: Sequence[Song], volume: int) -> Player:
    """A new player of these songs, of the kind `player_of` returns."""
    if player_of(config) == "mpv":
        from tuiapp.app.mpv_player import MpvPlayer

        return MpvPlayer(songs, volume, addresses=bool(config["open.without_file"]))
    from engine.live.mpd_player import MpdPlayer

    return MpdPlayer(songs, _mpd_place(config))


def songs_wanted(
    files: Files, config: Config, wanted: Sequence[Music], say: Callable[[str], None]
) -> tuple[list[Song], list[Music]]:
    """The songs to play: MPD's own if that plays, else files, else the address set; and the music without any of these.
    `say` gets a sentence if MPD can't be reached."""
    from engine.live.clock import Song

    template, plays = config["open.without_file"], player_of(config)
    songs, missing = list[Song](), list[Music]()
    found = files([(one.artist, one.track) for one in wanted])
    allowed = [music for music, of_it in zip(wanted, found, strict=True) if of_it is not None]
    there_are = _in_mpd(config, allowed, say) if plays == "mpd" else []
    if there_are is None:
        return [], [*wanted]
    in_mpd = iter(there_are)
    for music, of_it in zip(wanted, found, strict=True):
        there = next(in_mpd, []) if of_it is not None else []
        songs += there or map(_song_of, of_it or ())
        if there or of_it or of_it is None:
            continue
        if template and plays == "mpv":
            songs.append(Song(music.artist, music.track or "", place=address(template, music)))
        else:
            missing.append(music)
    return songs, missing


def from_the_network(config: Config, songs: Iterable[Song]) -> str:
    """The message on what mpv connects to for songs; empty for files."""
    streamed = [song for song in songs if "://" in song.place]
    if not streamed:
        return ""
    what = streamed[0].place if len(streamed) == 1 else f"{len(streamed):,} by {config['open.without_file']}"
    return f"No file of it here: mpv plays {what}, from the network."


def _mpd_place(config: Config) -> str:
    """MPD's address: as set, else the first that exists of its clients' defaults."""
    from engine.live.mpd import addresses, split

    places = addresses("" if config["listen.mpd"] == "off" else config["listen.mpd"])
    sockets = {place: Path(split(place)[1]) for place in places if split(place)[1].startswith("/")}
    return next((place for place in places if place not in sockets or sockets[place].exists()), places[-1])


def _in_mpd(config: Config, wanted: Sequence[Music], say: Callable[[str], None]) -> list[list[Song]] | None:
    """MPD's songs of each; null, and a sentence, if it can't be reached."""
    from engine.live.mpd import LOST, split, trouble
    from engine.live.mpd_player import songs_of

    place = _mpd_place(config)
    try:
        return asyncio.run(songs_of(place, wanted))
    except LOST as error:
        say(
            f"MPD at {split(place)[1]} can't be used: {trouble(error)}. The setting listen.mpd says where it is."
        )
        return None


def _song_of(file: MusicFile) -> Song:
    """A song from a file."""
    from engine.live.clock import Song

    return Song(
        file.artist or "",
        file.track or "",
        file.album or "",
        file.seconds,
        file.path,
        file.recording or "",
    )
