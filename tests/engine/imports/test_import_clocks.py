"""Plays of several sources whose clocks are of different widths: which play of one is which of another."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import pytest

from engine.store.upgrades import settle_ends
from tests.support.exports import account, brainz, watched
from tests.support.importing import SONG, START, bring, lastfm, listens, spotify, write

DAY = 86_400
MIDNIGHT = START // DAY * DAY
TIDAL = "artist_name,track_title,entry_date,stream_duration_ms,time_zone\n"


def test_a_days_plays_meet_the_moments_of_that_day_in_whichever_file_these_are(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    moments = [MIDNIGHT + 16 * 3600, MIDNIGHT + DAY + 23 * 3600]
    days = "Artist,Title,Date\n" + "".join(f"{','.join(SONG)},2024-03-0{day}\n" for day in (2, 3))
    bring(db, write(tmp_path, "days.csv", days))
    for number in (1, 2):
        bring(db, write(tmp_path, f"{number}.csv", lastfm(*((at, SONG) for at in moments[:number]))))
    assert [row[0] for row in listens(db)] == moments


def test_a_minute_is_nearest_to_what_is_within_it(db: sqlite3.Connection, tmp_path: Path) -> None:
    bring(db, write(tmp_path, "lastfm.csv", lastfm((MIDNIGHT + 84, SONG), (MIDNIGHT + 191, SONG))))
    # The end of the second, in minutes, less 107 seconds: 58 seconds before the second, 49 behind the first.
    ends = [account(f"2024-03-02 00:0{minute}", SONG, 107_000) for minute in (3, 4)]
    for name, rows in (("1", ends[1:]), ("0", ends)):
        bring(db, write(tmp_path, f"StreamingHistory_music_{name}.json", rows))
    assert len(listens(db)) == 2


def test_a_day_tells_a_song_and_its_live_version_apart(db: sqlite3.Connection, tmp_path: Path) -> None:
    live = (SONG[0], f"{SONG[1]} - Live")
    days = [f"{artist},{title},2024-03-02\n" for artist, title in (SONG, live)]
    bring(db, write(tmp_path, "days.csv", "Artist,Title,Date\n" + "".join(days)))
    bring(db, write(tmp_path, "lastfm.csv", lastfm((START, live), (START + 3600, SONG))))
    assert [row[:3] for row in listens(db)] == [(START, *live), (START + 3600, *SONG)]


def test_two_plays_of_one_minute_are_both_looked_for_elsewhere(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    rows = [spotify(START + 4 + 43, 43_000), spotify(START + 47 + 212, 212_000)]
    bring(db, write(tmp_path, "endsong_0.json", rows))
    minutes = TIDAL + "".join(f"{','.join(SONG)},2/3/2024 19:01,{ms},null\n" for ms in (43_000, 212_000))
    bring(db, write(tmp_path, "streaming.csv", minutes))
    assert [row[0] for row in listens(db)] == [START + 4, START + 47]


def test_a_play_delivered_twice_is_the_one_another_service_stamped_at_its_end(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    rows = [spotify(START + end, 176_480, offline_timestamp=START) for end in (193, 176)]
    bring(db, write(tmp_path, "endsong_0.json", rows))
    info = {"ms_played": 176_480, "submission_client": "ListenBrainz Archive Importer"}
    bring(db, write(tmp_path, "listens.jsonl", json.dumps(brainz(START + 176, SONG, additional_info=info))))
    assert len(listens(db)) == 1


def test_an_end_that_fits_is_nearer_than_a_start_that_nearly_does(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    """The other play must not become it, which a file in between would then not know again."""
    info = {"ms_played": 226_954, "submission_client": "ListenBrainz Archive Importer"}
    ends = json.dumps(brainz(START + 26 + 226, SONG, additional_info=info))
    minutes = f"{TIDAL}{','.join(SONG)},2/3/2024 19:01,226954,null\n"
    files = [
        write(tmp_path, "listens.jsonl", ends),
        write(tmp_path, "streaming.csv", minutes),
        write(
            tmp_path,
            "watch-history.json",
            [watched(f"Watched {SONG[1]}", "2024-03-02T19:00:26Z", f"{SONG[0]} - Topic")],
        ),
    ]
    for file in files:
        bring(db, file)
    for file in files:
        bring(db, write(tmp_path, f"again/{file.name}", file.read_bytes() + b"\n"))
    assert [row[0] for row in listens(db)] == [START - 34, START + 252]


def test_what_begins_a_length_after_an_end_is_another_play(db: sqlite3.Connection, tmp_path: Path) -> None:
    info = {"ms_played": 105_883, "submission_client": "ListenBrainz Archive Importer"}
    end = START + 106
    bring(db, write(tmp_path, "listens.jsonl", json.dumps(brainz(end, SONG, additional_info=info))))
    bring(db, write(tmp_path, "lastfm.csv", lastfm((end + 106, SONG))))
    assert [row[0] for row in listens(db)] == [end, end + 106]
    bring(db, write(tmp_path, "again.csv", lastfm((START, SONG), (end + 106, SONG))))
    assert len(listens(db)) == 2


def _account(*rows: tuple[int, int | None]) -> str:
    """ListenBrainz listens of one song: starts that a player reported, and ends of Spotify's with seconds played."""
    lines = []
    for at, played in rows:
        info: dict[str, object] = {"submission_client": "navidrome", "duration_ms": 211_000}
        if played is not None:
            info = {
                "submission_client": "ListenBrainz Archive Importer",
                "music_service": "spotify.com",
                "ms_played": played * 1000,
            }
        lines.append(json.dumps(brainz(at, SONG, additional_info=info)))
    return "\n".join(lines)


@pytest.mark.parametrize("turn", [1, -1])
def test_a_play_in_one_account_by_its_start_and_by_its_end_is_one(
    db: sqlite3.Connection, tmp_path: Path, turn: int
) -> None:
    """Two plays in a row, the second with a pause of 15 seconds; then one that only Spotify's file has."""
    rows = [
        (START, None),
        (START + 211, 211),
        (START + 213, None),
        (START + 213 + 226, 211),
        (START + 900, 100),
    ]
    for number, some in enumerate((rows[::turn], rows[::-turn], rows[2:], rows)):
        bring(db, write(tmp_path, f"{number}.jsonl", _account(*some) + "\n" * number))
    found = db.execute("SELECT started_at, ms_played FROM listens ORDER BY started_at").fetchall()
    assert len(found) == 3
    assert found[2] == (START + 800, 100_000)
    assert all(abs(at - start) <= 15 for (at, _), start in zip(found, (START, START + 213), strict=False))
    assert [played for _, played in found] == [211_000, 211_000, 100_000]


@pytest.mark.parametrize("client", ["listenbrainz", "multi-scrobbler", "a script of one's own"])
@pytest.mark.parametrize("turn", [1, -1])
def test_what_listenbrainz_has_from_spotify_may_be_stamped_at_its_end(
    db: sqlite3.Connection, tmp_path: Path, client: str, turn: int
) -> None:
    info = {"submission_client": client, "music_service": "spotify.com"}
    stamps = (
        START + 211,
        START + 300,
        START + 700 + 211,
        START + 2000,
    )  # an end, a start, an end, and one that is new
    theirs = "\n".join(json.dumps(brainz(at, SONG, additional_info=info)) for at in stamps)
    files = [
        write(tmp_path, "a.jsonl", theirs),
        write(tmp_path, "b.json", [spotify(START + at + 211, 211_000) for at in (0, 300, 700)]),
    ]
    for file in files[::turn]:
        bring(db, file)
    assert [row[0] for row in listens(db)] == [START, START + 300, START + 700, START + 2000]


def test_what_is_too_far_from_an_end_is_a_play_of_its_own(db: sqlite3.Connection, tmp_path: Path) -> None:
    """A song begun again after 35 seconds, reported by one player at once and by the other when it ended."""
    bring(db, write(tmp_path, "a.jsonl", _account((START, None), (START + 35 + 211, 211))))
    assert [row[0] for row in listens(db)] == [START, START + 35]
    end = (START + 2000, 211)
    bring(db, write(tmp_path, "b.jsonl", _account((end[0] - 211, None), (end[0] - 209, None), end)))
    assert len(listens(db)) == 4, "one end is of one start"


def test_ends_stored_as_starts_by_an_earlier_version_are_known_again(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    file = _account((START, 211), (START + 900, None))
    bring(db, write(tmp_path, "a.jsonl", file))
    with db:
        db.execute("UPDATE listens SET started_at = started_at + 211, flags = 4 WHERE flags & 2")
        settle_ends(db)
    bring(db, write(tmp_path, "b.jsonl", file + "\n"))
    assert [row[0] for row in listens(db)] == [START - 211, START + 900]


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Tokyo"])
@pytest.mark.parametrize("days", [("2024-03-02", "2024-03-03"), ("2024-03-03", "2024-03-02")])
@pytest.mark.parametrize("first", [0, 1])
def test_a_moment_is_taken_by_its_own_day_not_by_the_one_beside_it(
    db: sqlite3.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    days: tuple[str, str],
    first: int,
) -> None:
    """Of the day before, which comes first in the file, the moment is not known."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    at = int(time.mktime((2024, 3, 3, 9, 1, 0, 0, 0, -1)))
    table = "Artist,Title,Date\n" + "".join(f"{','.join(SONG)},{day}\n" for day in days)
    files = [write(tmp_path, "days.csv", table), write(tmp_path, "lastfm.csv", lastfm((at, SONG)))]
    for file in (files[first], files[1 - first]):
        bring(db, file)
        bring(db, write(tmp_path, f"again/{file.name}", file.read_text() + "\n"))
    found = db.execute("SELECT started_at, precision FROM listens ORDER BY started_at").fetchall()
    monkeypatch.undo()
    time.tzset()
    assert found == [(MIDNIGHT, DAY), (at, 1)]
