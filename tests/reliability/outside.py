"""What other programs say, as targets of fuzzing: players, servers, their databases, the tags of files."""

from __future__ import annotations

import asyncio
import io
import json
import struct
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, cast

from engine.audio.art import as_png, pixels_of
from engine.audio.databases import entries, kind_of
from engine.audio.tags import read_file
from engine.community.fetch import Web
from engine.errors import UnreadableFileError
from engine.live.clock import Clock, Song
from engine.live.endpoint import Endpoint
from engine.live.listenbrainz import Answer, Request, answer
from engine.live.mpd import LOST, Conversation, seen
from engine.live.mpv import Playback
from engine.playlists.playlist import PlaylistTrack
from engine.push.credentials import Credentials
from engine.push.jellyfin import Jellyfin
from engine.push.listenbrainz import ListenBrainz
from engine.push.subsonic import Subsonic
from tests.reliability.fuzz import Target, Try, on_disk
from tests.support.audio import beets, id3, navidrome, wav
from tests.support.pictures import png
from tuiapp.widgets.sixel import drawn

_TOKEN, _PORT, _NOW = "0123456789abcdef", 17717, 1_750_000_000


def outside(folder: Path) -> list[Target]:
    """Every one of them."""
    place = folder / "outside"
    place.mkdir()
    return [*_tags(place), *_pictures(), *_databases(place), *_servers(), *_players()]


# -- files ------------------------------------------------------------------------------------------------


def _tags(place: Path) -> list[Target]:
    def read(path: Path) -> None:
        # What cannot be read is said of the file, not raised.
        found = read_file(str(path), path.stat().st_size, 1)
        if found.problem:
            raise UnreadableFileError(found.problem)

    names = {"TPE1": "Ida", "TIT2": "Tin Roof", "TALB": "Album", "TBPM": "120"}
    comments = [f"{key}={value}" for key, value in (("ARTIST", "Ida"), ("TITLE", "Tin Roof"), ("BPM", "120"))]
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    seeds = {
        "wav": wav(place / "a.wav", tags=names).read_bytes()[:1200],
        "mp3": id3(names) + frame * 3,
        "flac": _flac(comments),
        "ogg": _ogg(comments),
        "m4a": _m4a({b"\xa9ART": "Ida", b"\xa9nam": "Tin Roof"}),
    }
    return [Target(f"tags-{ending}", [data], on_disk(read), f".{ending}") for ending, data in seeds.items()]


def _pictures() -> list[Target]:
    from PIL import Image

    def read(data: bytes, _path: Path) -> None:
        small = as_png(data)
        pixels = None if small is None else pixels_of(small, 198, 209, 1 + len(data) % 256)
        if pixels is None:
            raise UnreadableFileError("No picture.")
        drawn(pixels)

    held = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 60)).save(held, "JPEG", progressive=True, exif=Image.Exif())
    return [Target("picture-jpeg", [held.getvalue()], read), Target("picture-png", [png(20, 20)], read)]


def _comments(comments: Sequence[str]) -> bytes:
    parts = [b"made", *(one.encode() for one in comments)]
    body = [struct.pack("<I", len(one)) + one for one in parts]
    return body[0] + struct.pack("<I", len(comments)) + b"".join(body[1:])


def _flac(comments: Sequence[str]) -> bytes:
    about = (
        struct.pack(">HH", 4096, 4096)
        + bytes(6)
        + (44_100 << 44 | 1 << 41 | 15 << 36 | 88_200).to_bytes(8, "big")
    )
    blocks = ((0, about + bytes(16)), (4, _comments(comments)))
    packed = [
        bytes([kind | 0x80 * (kind == 4)]) + len(data).to_bytes(3, "big") + data for kind, data in blocks
    ]
    return b"fLaC" + b"".join(packed) + bytes(64)


def _ogg(comments: Sequence[str]) -> bytes:
    about = b"\x01vorbis" + struct.pack("<IBIIIIBB", 0, 2, 44_100, 0, 128_000, 0, 0xB8, 1)
    pages = (about, b"\x03vorbis" + _comments(comments) + b"\x01", b"\x05vorbis" + bytes(20))
    return b"".join(
        b"OggS"
        + struct.pack("<BBqIIIB", 0, 2 * (not number), 44_100 * number, 1, number, 0, 1)
        + bytes([len(page)])
        + page
        for number, page in enumerate(pages)
    )


def _m4a(texts: dict[bytes, str]) -> bytes:
    def atom(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data) + 8) + name + data

    said = b"".join(
        atom(name, atom(b"data", struct.pack(">II", 1, 0) + text.encode())) for name, text in texts.items()
    )
    meta = atom(b"meta", bytes(4) + atom(b"hdlr", bytes(24)) + atom(b"ilst", said))
    length = atom(b"mvhd", bytes(12) + struct.pack(">II", 1000, 200_000) + bytes(80))
    return (
        atom(b"ftyp", b"M4A \0\0\0\0")
        + atom(b"moov", length + atom(b"udta", meta))
        + atom(b"mdat", bytes(64))
    )


def _databases(place: Path) -> list[Target]:
    here = str(place / "a.wav")

    def read(path: Path) -> None:
        try:
            kind = kind_of(path)
        except OSError as error:
            raise UnreadableFileError(str(error)) from error
        if kind is None:
            raise UnreadableFileError("no database")
        for _ in entries(path, kind, str(place), Counter(), set()):
            pass

    both = (
        beets(place, (here.encode(), "Ida", "Tin Roof", 200.0, 120)),
        navidrome(place, str(place), ("a.wav", "Ida", "Tin Roof", 200.0, 0)),
    )
    return [Target(f"files-{path.stem}", [path.read_bytes()], on_disk(read), ".db") for path in both]


# -- servers ----------------------------------------------------------------------------------------------


class _Said:
    """A server that answers one question with what was changed, and the others as it should."""

    def __init__(self, right: dict[str, bytes]) -> None:
        self.right, self.changed = right, b""

    def ask(self, _method: str, url: str, **_more: object) -> tuple[int, bytes]:
        return 200, next((data for end, data in self.right.items() if end in url), self.changed)


def _servers() -> list[Target]:
    track = PlaylistTrack("Ida", "Tin Roof", ids=(("mb_recording", "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"),))
    known = Credentials("me", "secret")

    def ok(**more: object) -> bytes:
        return json.dumps({"subsonic-response": {"status": "ok", "version": "1.16.1", **more}}).encode()

    song = {
        "id": "s1",
        "artist": "Ida",
        "title": "Tin Roof",
        "duration": 200,
        "starred": "2026-01-01T00:00:00Z",
    }
    found = ok(
        searchResult3={"song": [song]}, starred2={"artist": [{"id": "a", "name": "Ida"}], "song": [song]}
    )
    listed = ok(playlists={"playlist": [{"id": "p1", "name": "E"}]}, playlist={"id": "p1"})
    items = {
        "Items": [{"Id": "s1", "Name": "T", "Artists": ["Ida"], "RunTimeTicks": 5, "ProviderIds": {}}],
        "Id": "p1",
        "valid": True,
        "playlist_mbid": "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae",
        "playlist": {"track": [{}]},
    }

    def target(
        name: str, seeds: list[bytes], right: dict[str, bytes], use: Callable[[Web], object]
    ) -> Target:
        said = _Said(right)

        def read(data: bytes, _path: Path) -> None:
            said.changed = data
            use(cast(Web, said))

        return Target(name, seeds, read)

    def subsonic(web: Web) -> None:
        server = Subsonic(web, "http://127.0.0.1", known)
        server.starred()
        [*server.songs([track])]
        server.put("E", ["s1"], "", lambda _there: None, lambda *_: None)

    def jellyfin(web: Web) -> None:
        server = Jellyfin(web, "http://127.0.0.1", Credentials("", "secret"))
        [*server.songs([track])]
        server.put("E", ["s1"], "p1", lambda _there: None, lambda *_: None)

    def listenbrainz(web: Web) -> None:
        server = ListenBrainz(web, "http://127.0.0.1", known)
        [*server.songs([track])]
        server.put("E", ["s1"], "p1", lambda _there: None, lambda *_: None)

    good = {"/ping": ok(), "/getOpenSubsonicExtensions": ok()}
    return [
        target("subsonic", [found, listed], good, subsonic),
        target("subsonic-greeting", [ok()], {"/search3": found}, subsonic),
        target("jellyfin-server", [json.dumps(items).encode()], {"/Users/Me": b'{"Id": "u"}'}, jellyfin),
        target("listenbrainz-server", [json.dumps(items).encode()], {}, listenbrainz),
    ]


# -- players ----------------------------------------------------------------------------------------------


class _Writer:
    """Where answers go that nobody reads."""

    def write(self, _data: bytes) -> None:
        pass

    async def drain(self) -> None:
        pass

    async def wait_closed(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Listener:
    """A socket's place alone: nothing is connected."""

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", _PORT


def _played(use: Callable[[asyncio.StreamReader, Any], Coroutine[Any, Any, None]]) -> Try:
    """What a stream says, to its end."""
    loop = asyncio.new_event_loop()

    def read(data: bytes, _path: Path) -> None:
        async def all_of_it() -> None:
            reader = asyncio.StreamReader(64 << 10)
            reader.feed_data(data)
            reader.feed_eof()
            await use(reader, _Writer())

        loop.run_until_complete(all_of_it())

    return read


def _players() -> list[Target]:
    clock = Clock()

    async def mpd(reader: asyncio.StreamReader, writer: Any) -> None:
        said = Conversation(reader, writer)
        try:
            await said.greeting()
            status, song = await said.ask("status"), await said.ask("currentsong")
            clock.see(seen(status, song, 5.0, _NOW))
            await said.ask("find", lines=200)
        except LOST as error:
            raise UnreadableFileError(str(error)) from error

    unexpected: list[Exception] = []

    async def handle(request: Request) -> Answer:
        from engine.live.audioscrobbler import scrobbler_answer

        asked = request, _TOKEN, _NOW
        return scrobbler_answer(*asked) or answer(*asked)

    endpoint = Endpoint(cast(Any, _Listener()), handle, unexpected.append)

    async def listen(reader: asyncio.StreamReader, writer: Any) -> None:
        unexpected.clear()
        await endpoint._accept(reader, writer)
        if unexpected:
            raise unexpected[0]

    def mpv(data: bytes, _path: Path) -> None:
        playing = Playback([Song("Ida", "Tin Roof", place="a.wav"), Song("Ida", "Two", place="b.wav")])
        playing.begin()
        for number, line in enumerate(data.splitlines()[:300]):
            playing.take(line, float(number), _NOW + number)
            playing.now(float(number))

    return [
        Target("mpd", [_MPD], _played(mpd)),
        Target("endpoint", _REQUESTS, _played(listen)),
        Target("mpv", [_MPV], mpv),
    ]


_MPD = (
    b"OK MPD 0.23.5\nvolume: 100\nstate: play\nsong: 0\nelapsed: 12.5\nduration: 200.0\nOK\n"
    b"file: a.flac\nArtist: Ida\nTitle: Tin Roof\nAlbum: One\nduration: 200.0\nId: 3\nOK\n"
    b"file: a.flac\nArtist: Ida\nTitle: Tin Roof\nfile: b.flac\nTitle: Two\nOK\n"
)
_MPV = b"\n".join(
    json.dumps(line).encode()
    for line in (
        {"event": "start-file", "playlist_entry_id": 1},
        {"event": "property-change", "id": 3, "name": "duration", "data": 200.0},
        {"event": "property-change", "id": 1, "name": "core-idle", "data": False},
        {"request_id": 1, "data": 12.5, "error": "success"},
        {"event": "property-change", "id": 4, "name": "volume", "data": 70.0},
        {"event": "end-file", "reason": "eof", "playlist_entry_id": 1},
        {"event": "start-file", "playlist_entry_id": 2},
        {"event": "end-file", "reason": "error", "playlist_entry_id": 2},
    )
)
_LISTEN = {"listened_at": 1_700_000_000, "track_metadata": {"artist_name": "Ida", "track_name": "Tin Roof"}}


def _request(line: str, body: bytes) -> bytes:
    head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{_PORT}\r\nAuthorization: Token {_TOKEN}\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


_REQUESTS = [
    _request("POST /1/submit-listens", json.dumps({"listen_type": "single", "payload": [_LISTEN]}).encode()),
    _request("GET /1/validate-token?token=x", b"") + _request("GET /1/user/me/listens?count=3", b""),
    _request("POST /1/feedback/recording-feedback", b'{"recording_mbid": "m", "score": 1}'),
    _request("GET /?hs=true&p=1.2&c=mdc&t=5&a=x", b""),
    _request("POST /sub", b"s=x&a[0]=Ida&t[0]=Tin+Roof&i[0]=1700000000&l[0]=200"),
]
