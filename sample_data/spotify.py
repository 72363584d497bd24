"""The made-up listener's history as a Spotify extended streaming history ZIP."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from sample_data.listener import SERVICE, Play

# The day the listener joined the service; before it there is only the scrobbler's file.
JOINED = int(datetime(2023, 3, 1, tzinfo=UTC).timestamp())
_FOLDER = "Spotify Extended Streaming History"
_ROWS_A_FILE = 8000
_SHOWS = ("The Tape Cupboard", "Slow News from Nowhere", "Ask a Lighthouse Keeper", "Half an Hour of Moss")
# Addresses from the range that is reserved for documentation.
_ADDRESSES = {"ios": "192.0.2.17", "osx": "192.0.2.44"}

Row = dict[str, Any]


def members(rng: random.Random, history: Sequence[Play]) -> dict[str, bytes]:
    """Return what `my_spotify_data.zip` holds: audio files of up to 8,000 rows, a video file, a read-me."""
    rows = [_track_row(rng, play) for play in history if play.via == SERVICE and play.start >= JOINED]
    idle = _idle_moments(rng, history)
    rows += [_episode_row(rng, idle.pop(), f"0MadeUpSamplePodcast{i:02d}") for i in range(90)]
    rows += [
        _audiobook_row(end, chapter) for chapter, end in enumerate(sorted(idle.pop() for _ in range(12)))
    ]
    _lose_metadata(rng, rows)
    videos = [_episode_row(rng, idle.pop(), f"0MadeUpSampleFilmed{i:03d}") for i in range(8)]
    known = [play for play in history if play.via == SERVICE and not play.private]
    videos += [_music_video_row(rng, idle.pop(), play) for play in rng.sample(known, 14)]
    found = {f"{_FOLDER}/{name}": _json(part) for name, part in _files(rows).items()}
    years = sorted(row["ts"][:4] for row in videos)
    found[f"{_FOLDER}/Streaming_History_Video_{years[0]}-{years[-1]}.json"] = _json(videos)
    found[f"{_FOLDER}/ReadMeFirst_ExtendedStreamingHistory.pdf"] = _PDF
    return found


_PDF = b"%PDF-1.4\n% Made up for the sample: this file is not read by anything.\n%%EOF\n"


def _json(rows: list[Row]) -> bytes:
    """Return rows as the service writes them: two spaces, real letters, sorted by the end of the stream."""
    ordered = sorted(rows, key=lambda row: row["ts"])
    return json.dumps(ordered, indent=2, ensure_ascii=False).encode()


def _files(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of each audio file by its name."""
    ordered = sorted(rows, key=lambda row: row["ts"])
    files = {}
    for number, first in enumerate(range(0, len(ordered), _ROWS_A_FILE)):
        part = ordered[first : first + _ROWS_A_FILE]
        start, end = part[0]["ts"][:4], part[-1]["ts"][:4]
        span = start if start == end else f"{start}-{end}"
        files[f"Streaming_History_Audio_{span}_{number}.json"] = part
    return files


def _row(end: int, platform: str, ms_played: int) -> Row:
    """Return a row with all 23 keys in the service's order, nothing named yet."""
    return {
        "ts": datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "platform": platform,
        "ms_played": ms_played,
        "conn_country": "DK",
        "ip_addr": _ADDRESSES[platform],
        "master_metadata_track_name": None,
        "master_metadata_album_artist_name": None,
        "master_metadata_album_album_name": None,
        "spotify_track_uri": None,
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "clickrow",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": False,
        "offline": False,
        "offline_timestamp": end - ms_played // 1000,
        "incognito_mode": False,
    }


def _track_row(rng: random.Random, play: Play) -> Row:
    row = _row(play.end, play.platform, play.ms_played)
    row["master_metadata_track_name"] = play.track.title
    row["master_metadata_album_artist_name"] = play.track.artist
    row["master_metadata_album_album_name"] = play.track.album
    row["spotify_track_uri"] = f"spotify:track:{play.track.spotify_id}"
    row["reason_start"], row["reason_end"] = play.reason_start, play.reason_end
    row["shuffle"] = play.shuffle
    row["skipped"] = play.reason_end in ("fwdbtn", "backbtn", "endplay")
    row["offline_timestamp"] = play.start - (rng.randint(20, 900) if rng.random() < 0.12 else 0)
    row["incognito_mode"] = play.private
    return row


def _episode_row(rng: random.Random, end: int, identifier: str) -> Row:
    row = _row(end, "ios", rng.randint(240_000, 1_700_000))
    number = rng.randint(1, 140)
    row["episode_name"] = f"Episode {number}"
    row["episode_show_name"] = rng.choice(_SHOWS)
    row["spotify_episode_uri"] = f"spotify:episode:{identifier}"
    return row


def _audiobook_row(end: int, chapter: int) -> Row:
    row = _row(end, "ios", 1_200_000 + 10_000 * chapter)
    row["audiobook_title"] = "The Cartographer of Fog"
    row["audiobook_uri"] = "spotify:show:0MadeUpSampleAudiobook"
    row["audiobook_chapter_uri"] = f"spotify:episode:0MadeUpSampleChapter{chapter:02d}"
    row["audiobook_chapter_title"] = f"Chapter {chapter + 1}"
    return row


def _music_video_row(rng: random.Random, end: int, play: Play) -> Row:
    row = _track_row(rng, Play(0, play.track.duration_ms, play.track, "clickrow", "trackdone", False, "osx"))
    timed = _row(end, "osx", play.track.duration_ms)
    row["ts"], row["offline_timestamp"] = timed["ts"], timed["offline_timestamp"]
    return row


def _lose_metadata(rng: random.Random, rows: list[Row]) -> None:
    """Blank the names of 24 rows of late 2024, as the service did for a while."""
    candidates = [row for row in rows if row["spotify_track_uri"] and "2024-09" <= row["ts"][:7] <= "2024-11"]
    for row in rng.sample([row for row in candidates if not row["incognito_mode"]], 24):
        for name in ("track_name", "album_artist_name", "album_album_name"):
            row[f"master_metadata_{name}"] = None
        row["spotify_track_uri"] = None


def _idle_moments(rng: random.Random, history: Sequence[Play]) -> list[int]:
    """Return moments, in random order, before which at least 40 minutes nothing was played."""
    ends = [
        later.start - 60
        for earlier, later in pairwise(history)
        if later.start - earlier.end > 3600 and earlier.start > JOINED
    ]
    return rng.sample(ends, 160)
