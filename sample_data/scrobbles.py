"""The made-up listener's history as scrobbles: a Last.fm CSV and a ListenBrainz export."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sample_data.archive import zipped
from sample_data.listener import HOME, Play

# The old scrobbler runs from the first day until a year after the listener joined the service.
SCROBBLED_UNTIL = int(datetime(2024, 2, 29, tzinfo=UTC).timestamp())
# From here on the home player submits to ListenBrainz; for one month the phone does so as well.
_FORWARDED = tuple(int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (3, 4))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _scrobbled(play: Play) -> bool:
    """Whether a play counts: longer than 30 s, half of it or four minutes played, not private."""
    half = min(play.track.duration_ms / 2, 240_000)
    return play.track.duration_ms > 30_000 and play.ms_played >= half and not play.private


def lastfm_csv(rng: random.Random, history: Sequence[Play]) -> bytes:
    """Return the headerless `artist,album,track,date` CSV, newest first, stamped with the start's minute.

    About one play in forty is missing, as when the phone was offline. The first row is the track that was
    playing when the file was made; it has no date.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    kept = [play for play in history if play.start < SCROBBLED_UNTIL and _scrobbled(play)]
    kept = [play for play in kept if rng.random() > 0.025]
    now = kept[-1].track
    writer.writerow((now.artist, now.album, now.title, ""))
    for play in reversed(kept):
        at = datetime.fromtimestamp(play.start, UTC)
        date = f"{at.day:02d} {_MONTHS[at.month - 1]} {at.year}, {at.hour:02d}:{at.minute:02d}"
        writer.writerow((play.track.artist, play.track.album, play.track.title, date))
    return text.getvalue().encode()


def listenbrainz_zip(rng: random.Random, history: Sequence[Play]) -> bytes:
    """Return the ListenBrainz export: user.json, listens/YYYY/M.jsonl, feedback.jsonl, directory entries."""
    kept = [play for play in history if _scrobbled(play) and (play.via == HOME or _is_forwarded(play))]
    months: dict[str, list[str]] = {}
    for play in kept:
        at = datetime.fromtimestamp(play.start, UTC)
        months.setdefault(f"listens/{at.year}/{at.month}.jsonl", []).append(json.dumps(_listen(rng, play)))
    members = {name: ("\n".join(lines) + "\n").encode() for name, lines in months.items()}
    members["listens/"] = b""
    for name in list(months):
        members[name.rsplit("/", 1)[0] + "/"] = b""
    members["user.json"] = b'{"user_id": 1, "username": "sample-listener"}\n'
    members["feedback.jsonl"] = _feedback(rng, kept)
    return zipped(members)


def _is_forwarded(play: Play) -> bool:
    return _FORWARDED[0] <= play.start < _FORWARDED[1]


def _msid(play: Play) -> str:
    """Return the made-up identifier of a recording, always the same for the same artist and title."""
    digest = hashlib.sha256(f"{play.track.artist}\n{play.track.title}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _listen(rng: random.Random, play: Play) -> dict[str, Any]:
    """Return one listen; the home player stamps the start to the second."""
    home = play.via == HOME
    info: dict[str, Any] = {"duration_ms": play.track.duration_ms}
    info["submission_client"] = "navidrome" if home else "phone scrobbler"
    return {
        "inserted_at": play.end + rng.randint(0, 40) + 0.5,
        "listened_at": play.start,
        "track_metadata": {
            "track_name": play.track.title,
            "artist_name": play.track.artist,
            "release_name": play.track.album,
            "recording_msid": _msid(play),
            "mbid_mapping": None,
            "additional_info": info,
        },
    }


def _feedback(rng: random.Random, kept: Sequence[Play]) -> bytes:
    """Return 24 loved recordings and 4 hated ones."""
    by_msid = {_msid(play): play for play in kept}
    lines = []
    for place, msid in enumerate(rng.sample(sorted(by_msid), 28)):
        record = {
            "recording_msid": msid,
            "recording_mbid": None,
            "score": 1 if place < 24 else -1,
            "created": by_msid[msid].end,
        }
        lines.append(json.dumps(record))
    return ("\n".join(lines) + "\n").encode()
