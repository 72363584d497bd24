"""The bus of a desktop and the dumps of a server, as targets of fuzzing."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from backports.zstd import compress, decompress

from engine.community.fetch import Offer, Web
from engine.community.listenbrainz import ARTISTS, TRACKS, Statistics
from engine.community.offers import MIN_LISTENERS
from engine.community.statistics_dump import Walk
from engine.errors import UnreadableFileError
from tests.reliability.fuzz import Target, Try, on_disk
from tests.support.statistics_dump import archive, line, listeners, recording

_STAMP = "20261001-000002"
_TOP = "http://127.0.0.1/fullexport/"


def far() -> list[Target]:
    """Every one of them."""
    return [*_dumps(), *(_bus() if sys.platform == "linux" else ())]


# -- dumps ------------------------------------------------------------------------------------------------


def _dumps() -> list[Target]:
    def reader(statistics: Statistics) -> Try:
        def read(path: Path) -> None:
            for content in statistics.contents(path):
                if isinstance(content, UnreadableFileError):
                    raise content

        return on_disk(read)

    def packed(read: Try) -> Try:
        """What is changed in the archive, behind what it is packed with."""
        return lambda data, path: read(compress(data, 1), path)

    played = b"".join(
        line(n, [recording(1 + (n + k) % 5, "Ida & Café", f"Song {k}", 9 - k) for k in range(3)])
        for n in range(1, 5)
    )
    of_artists = archive({"artists_all_time": listeners(4)}, leave_out=_OTHERS)
    of_tracks = archive({"recordings_all_time": played}, leave_out=_OTHERS)
    return [
        Target("dump-archive", [of_artists], reader(ARTISTS), ".tar.zst"),
        Target("dump-artists", [decompress(of_artists)], packed(reader(ARTISTS)), ".tar.zst"),
        Target("dump-tracks", [decompress(of_tracks)], packed(reader(TRACKS)), ".tar.zst"),
        Target("dump-lines", [played], reader(TRACKS), ".jsonl"),
        Target("dump-listing", _LISTINGS, _listed),
    ]


def _listed(data: bytes, _path: Path) -> None:
    """The pages that say which dumps there are, all alike."""
    said = SimpleNamespace(
        page=lambda url: (url, data.decode(errors="replace")), look=lambda url: Offer(url, 1000), report=None
    )
    walk = Walk(cast(Web, said), "http://127.0.0.1/", None, MIN_LISTENERS)
    if not [*walk.dumps()]:
        raise walk.none_left()


# Of the members only these two are read.
_OTHERS = [
    f"{kind}_{span}"
    for kind in ("artists", "daily_activity", "listening_activity", "recordings", "releases")
    for span in ("half_yearly", "month", "quarter", "this_month", "this_week", "this_year", "week", "year")
]
_FILE = f"listenbrainz-statistics-dump-{_STAMP}.tar.zst"
_LISTINGS = [
    "".join(f'<a href="{name}">{name[:40]}..&gt;</a>  01-Oct-2026 10:00  -\n' for name in names).encode()
    for names in (
        ("../", f"listenbrainz-dump-2500-{_STAMP}-full/", "listenbrainz-dump-2499-20260915-000002-full/"),
        (f"listenbrainz-dump-2500-{_STAMP}-full/", _FILE, f"{_FILE}.sha256"),
    )
]


# -- the bus ----------------------------------------------------------------------------------------------


def _bus() -> list[Target]:
    from jeepney import Header, HeaderFields, Message, MessageFlag, MessageType, Parser
    from jeepney.low_level import Endianness

    from engine.live.mpris import _NONSENSE, Watcher
    from engine.live.watched import Watched

    # What `Watcher.watch` goes on after.
    bus_gone = (OSError, EOFError, TimeoutError, RuntimeError, *_NONSENSE)

    def message(kind: MessageType, signature: str, body: tuple[Any, ...], **more: Any) -> Message:
        fields = {HeaderFields[name]: value for name, value in more.items()}
        fields[HeaderFields.signature] = signature
        return Message(Header(Endianness.little, kind, MessageFlag(0), 1, 0, 7, fields), body)

    def watcher() -> Watcher:
        made = Watcher(Watched("mpris", lambda *_: None))
        made._come("org.mpris.MediaPlayer2.made", ":1.5")
        return made

    def values(data: bytes, _path: Path) -> None:
        """What a player says of itself, of any type."""
        try:
            states = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise UnreadableFileError(str(error)) from error
        watching = watcher()
        for number, state in enumerate(states if isinstance(states, list) else [states]):
            _, answered = watching._state(":1.5", 1.0 if number % 2 else None)
            try:
                answered((state,))
            except _NONSENSE as error:
                raise UnreadableFileError(str(error)) from error

    def wire(data: bytes, _path: Path) -> None:
        """Messages as they come."""
        parser, watching = Parser(), watcher()
        watching._asked.update(dict.fromkeys(range(3, 9), watching._state(":1.5")[1]) | {2: watching._whose})
        try:
            parser.add_data(data)
            while (came := parser.get_next_message()) is not None:
                with contextlib.suppress(*_NONSENSE):
                    watching._hear(came)
        except bus_gone as error:
            raise UnreadableFileError(str(error)) from error

    metadata = {
        "mpris:trackid": ("o", "/1"),
        "mpris:length": ("x", 200_000_000),
        "xesam:title": ("s", "Tin Roof"),
        "xesam:artist": ("as", ["Café Tundra", "Ida"]),
        "xesam:url": ("s", "file:///a.flac"),
    }
    state = {
        "PlaybackStatus": ("s", "Playing"),
        "Position": ("x", 5_000_000),
        "Metadata": ("a{sv}", metadata),
    }
    paused = {**state, "PlaybackStatus": ("s", "Paused"), "Metadata": ("a{sv}", {})}
    answer, signal = MessageType.method_return, MessageType.signal
    player = {"sender": ":1.5", "path": "/org/mpris/MediaPlayer2"}
    said = [
        message(answer, "as", (["org.mpris.MediaPlayer2.vlc", ":1.7"],), reply_serial=2),
        message(answer, "a{sv}", (state,), reply_serial=3, sender=":1.5"),
        message(signal, "x", (7_000_000,), member="Seeked", **player),
        message(answer, "a{sv}", (paused,), reply_serial=4, sender=":1.5"),
        message(
            signal, "sss", ("org.mpris.MediaPlayer2.made", ":1.5", ""), member="NameOwnerChanged", sender="o"
        ),
    ]
    return [
        Target("mpris-values", [json.dumps([state, paused, state]).encode()], values),
        Target("mpris-wire", [b"".join(one.serialise() for one in said)], wire),
    ]
