"""mpv's messages: what is heard and skipped by them. They are those of mpv 0.35.1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.live.clock import PlayedSong, Song
from engine.live.connections import start_child
from engine.live.mpv import ENDED, MAX_LINE, PAUSE, Failed, Playback, arguments, louder
from tests.support.players import needs, sound

SONGS = [Song("Ida", f"Song {n}", place=f"/music/{n}.flac") for n in (1, 2, 3)]
STARTED = {"event": "property-change", "name": "core-idle", "data": False}
SILENT = STARTED | {"data": True}


def start(entry: int) -> dict[str, Any]:
    return {"event": "start-file", "playlist_entry_id": entry}


def length(seconds: float) -> dict[str, Any]:
    return {"event": "property-change", "name": "duration", "data": seconds}


def end(reason: str) -> dict[str, Any]:
    return {"event": "end-file", "reason": reason}


def begun_with(songs: Sequence[Song]) -> Playback:
    """A playback that was begun."""
    playback = Playback(songs)
    assert playback.begin().count(b"loadfile") == len(songs)
    return playback


def ended_after(playback: Playback, *said: tuple[float, dict[str, Any]]) -> list[PlayedSong | Failed]:
    """What comes to its end by messages, each at a moment."""
    return [one for at, message in said for one in playback.take(json.dumps(message).encode(), at, 1e9 + at)]


def test_what_sounds_counts_and_a_pause_does_not() -> None:
    playback = begun_with(SONGS)
    ended = ended_after(
        playback,
        (0, start(1)),
        (0, length(200)),
        (1, STARTED),
        (61, SILENT),
        (500, STARTED),
        (545, SILENT),
        (545, end("stop")),
    )
    assert [(one.song.title, one.seconds, one.skipped) for one in ended] == [("Song 1", 105, False)]


def test_a_song_pressed_on_is_a_skip_the_last_one_too_and_a_stopped_one_is_neither() -> None:
    playback = begun_with(SONGS[:2])
    begun = [(0, start(1)), (0, length(200)), (1, STARTED)]
    assert ended_after(playback, *begun) == []
    assert b"playlist-next" in playback.next()
    (skip,) = ended_after(playback, (9, SILENT), (9, end("stop")))
    assert (skip.seconds, skip.skipped) == (8, True)
    ended_after(playback, (9, start(2)), (9, length(200)), (10, STARTED))
    playback.next()
    (last,) = ended_after(playback, (15, SILENT), (15, end("stop")))
    assert (last.song.title, last.skipped) == ("Song 2", True)
    stopped = begun_with(SONGS)
    ended_after(stopped, *begun)
    assert stopped.end(9, 1e9) == ()
    assert stopped.now(9) is None


def test_read_to_its_end_a_file_sounds_to_its_end_and_one_that_is_gone_is_named() -> None:
    playback = begun_with(SONGS)
    ended = ended_after(
        playback,
        (0, start(1)),
        (0, length(2)),
        (0, STARTED),
        (1.6, SILENT),
        (1.6, end("eof")),
        (1.6, start(2)),
        (1.6, end("error")),
        (1.6, start(3)),
        (1.6, length(3)),
        (2, STARTED),
    )
    assert [one.seconds if isinstance(one, PlayedSong) else one.song.title for one in ended] == [2, "Song 2"]
    now = playback.now(3)
    assert now is not None
    assert (now.song.title, now.place, now.count, now.position, now.length) == ("Song 3", 3, 3, 1, 3)


@pytest.mark.parametrize(("seconds", "plays"), [(8, 0), (120, 1)])
def test_a_song_that_breaks_off_is_no_skip_and_counts_by_what_was_heard(seconds: int, plays: int) -> None:
    """As when the sound device goes away. Nobody pressed on."""
    playback = begun_with(SONGS)
    at = 1 + seconds
    ended = ended_after(
        playback,
        (0, start(1)),
        (0, length(200)),
        (1, STARTED),
        (at, SILENT),
        (at, end("error") | {"file_error": "audio output initialization failed"}),
        (at, start(2)),
        (at + 1, STARTED),
    )
    assert [type(one) for one in ended] == [PlayedSong] * plays + [Failed]
    assert [one.seconds for one in ended if isinstance(one, PlayedSong)] == [seconds] * plays


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "gone or damaged"),
        ({"file_error": "loading failed"}, "gone or damaged"),
        ({"file_error": "audio output initialization failed"}, "no sound device"),
        ({"file_error": ["audio output"]}, "gone or damaged"),
    ],
)
def test_a_file_is_not_called_damaged_where_the_machine_has_no_sound(said: dict[str, Any], why: str) -> None:
    """As mpv 0.35.1 says it."""
    (failed,) = ended_after(begun_with(SONGS), (0, start(1)), (0.1, end("error") | said))
    assert isinstance(failed, Failed)
    assert why in failed.why


def test_what_follows_is_another_as_often_as_one_likes_and_what_plays_stays() -> None:
    playback = begun_with(SONGS)
    ended_after(playback, (0, start(1)), (0, STARTED))
    more = [Song("Ada", name, place=f"/music/-{name}\n.flac") for name in "AB"]
    clear, *loaded = [
        json.loads(line)["command"] for line in playback.follow_with([SONGS[2], *more]).splitlines()
    ]
    assert [clear, *(one["url"] for one in loaded)] == [
        ["playlist-clear"],
        *(song.place for song in (SONGS[2], *more)),
    ]
    assert playback.upcoming == [SONGS[2], *more]
    ended_after(playback, (1, end("eof")), (1, start(4)), (1, STARTED), (2, end("eof")), (2, start(5)))
    now = playback.now(3)
    assert now is not None
    assert (now.song, now.place, now.count, playback.upcoming) == (more[0], 3, 4, more[1:])
    playback.follow_with([])
    assert not playback.over
    ended_after(playback, (4, end("eof")))
    assert (playback.upcoming, playback.over) == ([], True)


def test_what_is_no_message_is_passed_over() -> None:
    playback = begun_with(SONGS)
    for line in (
        b"",
        b"\xff\n",
        b"[" * 100_000,
        b"3",
        b"[]",
        b'{"event": 3}',
        b'{"request_id": 1, "data": "x"}',
        b'{"request_id": 1, "data": 1%s}' % (b"0" * 400),
        b'{"event": "property-change", "name": "duration", "data": 1%s}' % (b"0" * 400),
        b'{"event": "property-change", "name": "volume", "data": 1e400}',
        b'{"event": "property-change", "name": "volume", "data": NaN}',
    ):
        assert playback.take(line, 0, 0) == ()
    assert ended_after(playback, (0, start(0)), (0, start(99)), (0, STARTED), (1, end("eof"))) == []


@needs("mpv")
@pytest.mark.parametrize("addresses", [False, True])
async def test_the_real_mpv_plays_files_what_is_queued_too_and_ends_after_the_last(
    tmp_path: Path, addresses: bool
) -> None:
    """A file that is a playlist by what is in it is not followed, also where addresses of others may be."""
    whole, gone, list_ = tmp_path / "a.wav", tmp_path / "gone.wav", tmp_path / "list.mp3"
    sound(whole, "Ida", "Song", 2)
    list_.write_text(f"#EXTM3U\n{whole}\n")
    playback = Playback([Song("Ida", path.stem, place=str(path)) for path in (list_, gone, whole)])
    # Paused until another is queued: on a busy machine the song would be over before.
    started = ("mpv", "--ao=null", "--pause", *arguments(addresses=addresses))
    process, reader, writer = await start_child(started, MAX_LINE)
    writer.write(playback.begin() + louder(-30))
    ended: list[PlayedSong | Failed] = []
    at, volumes, asked = 0.0, set[int](), False
    while line := await reader.readline():
        # Messages alone tell of time here: the file is read at once or in seconds, it sounds as long.
        ended += playback.take(line, at, at)
        if (now := playback.now(at)) is not None and now.place == 3:
            if not asked:
                asked = True
                writer.write(playback.follow_with([Song("Ida", "b", place=str(whole))]) + PAUSE)
            volumes.add(now.volume)
    assert await process.wait() in ENDED
    assert [type(one) for one in ended] == [Failed, Failed, PlayedSong, PlayedSong]
    assert [(one.song.title, one.seconds) for one in ended[2:]] == [("a", 2.0), ("b", 2.0)]
    assert volumes == {70}
