"""Every other service's files, made up after FORMATS.md: what each row becomes, and which file is which."""

# ruff: noqa: E501 - made-up files are kept as they would be

from __future__ import annotations

import json
import sqlite3
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.exports import (
    ACTIVITY,
    DAILY,
    FOUR_BEFORE,
    HISTORY,
    LASTFM_FILES,
    LASTFM_XML,
    PAGE,
    account,
    api_track,
    brainz,
    cell,
    watched,
)
from tests.support.importing import (
    OTHER,
    SONG,
    START,
    bring,
    listens,
    one,
    spotify,
    starts,
    write,
    write_zip,
)

# -- Spotify account data -----------------------------------------------------------------------------


def test_spotify_account_data(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [
        account("2024-03-02 19:04", SONG, 211_400),
        account("2024-03-02 19:04", OTHER, 5800),
        {"endTime": "2024-03-02 20:00", "podcastName": "P", "episodeName": "E", "msPlayed": 900_000},
        account("no time", SONG, 211_400),
    ]
    text = json.dumps(rows, indent=2, ensure_ascii=False).replace('":', '" :')
    file = one(db, write(tmp_path, "StreamingHistory_music_0.json", text))
    assert (file.format, file.kept) == ("spotify-account", 1)
    assert file.dropped == {"skipped": 1, "podcast": 1, "unreadable time": 1}
    assert "Extended streaming history" in file.note
    assert starts(db) == [(START - 31, *SONG)]


def test_the_extended_history_beats_account_data_and_they_never_double(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    end = START + 31  # 19:01:31
    extended, short = (
        [spotify(end, 100_000), spotify(end + 1000, 90_000, OTHER)],
        [account("2024-03-02 19:01", SONG, 100_000)],
    )
    archive = write_zip(
        tmp_path,
        "my_spotify_data.zip",
        {
            "a/StreamingHistory_music_0.json": json.dumps(short),
            "b/Streaming_History_Audio_2024.json": json.dumps(extended),
        },
    )
    files = {file.format: file for file in bring(db, archive).files}
    assert (files["spotify"].kept, files["spotify-account"].duplicates) == (2, 1)
    assert one(db, write(tmp_path, "alone.json", short)).duplicates == 1
    assert len(listens(db)) == 2


def test_spotify_library_and_playlists_become_likes_and_playlists(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    library_file = {
        "tracks": [{"artist": SONG[0], "album": "Slow Ferry", "track": SONG[1], "uri": "spotify:track:x"}],
        "albums": [],
        "artists": [{"name": OTHER[0], "uri": "spotify:artist:y"}],
        "bannedTracks": [],
        "bannedArtists": [{"name": "Noise", "uri": "z"}],
    }
    track = {
        "trackName": SONG[1],
        "artistName": SONG[0],
        "albumName": "Slow Ferry",
        "trackUri": "spotify:track:1a",
    }
    items = [
        {"track": track, "episode": None, "addedDate": "2024-02-27"},
        {"track": None, "episode": {"a": 1}},
        {"track": None, "audiobook": {"a": 1}},
        {"track": None, "localTrack": {"uri": "spotify:local:Ida:Weather+Songs:Tin%3A+Roof:200"}},
        {"track": None, "localTrack": {"uri": "spotify:local:::untitled:200"}},
        {"track": None, "localTrack": None},
    ]
    playlists = {"playlists": [{"name": "Evening", "lastModifiedDate": "2024-03-01", "items": items}]}
    assert one(db, write(tmp_path, "YourLibrary.json", library_file)).dropped == {"kept as a like": 3}
    path = write(tmp_path, "Playlist1.json", playlists)
    assert one(db, path).dropped == {
        "kept as a playlist entry": 2,
        "podcast": 1,
        "audiobook": 1,
        "no artist or title": 1,
        "radio or other non-track": 1,
    }
    verdicts = db.execute("SELECT artist, track, verdict FROM feedback ORDER BY artist").fetchall()
    assert verdicts == [(*SONG, "like"), (OTHER[0], None, "like"), ("Noise", None, "block")]
    one(db, path)
    assert db.execute(
        "SELECT name, artist, track, ids FROM playlists JOIN playlist_tracks ON id = playlist_id"
    ).fetchall() == [("Evening", *SONG, '[["spotify", "1a"]]'), ("Evening", "Ida", "Tin: Roof", "[]")]


# -- Last.fm --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LASTFM_FILES)
def test_lastfm_tables_in_all_their_shapes(db: sqlite3.Connection, tmp_path: Path, name: str) -> None:
    file = one(db, write(tmp_path, "someone.csv", LASTFM_FILES[name]))
    assert file.format in ("lastfm", "lastfm-csv")
    assert starts(db) == [(FOUR_BEFORE, *OTHER), (START, *SONG)]
    assert file.dropped == {"now playing": 1}


def test_a_bare_backup_with_date_and_time_columns(db: sqlite3.Connection, tmp_path: Path) -> None:
    one(db, write(tmp_path, "x.csv", "2024-03-02,19:01,Café Tundra,Harbour Lights\n"))
    assert starts(db) == [(START, *SONG)]


@pytest.mark.parametrize(
    "content",
    [
        [{"track": PAGE[:2]}, {"track": PAGE[2:]}],
        {"recenttracks": {"track": PAGE, "@attr": {"user": "u"}}},
        [{"recenttracks": {"track": PAGE[:2]}}, {"recenttracks": {"track": PAGE[2]}}],
        "\n".join(json.dumps({"recenttracks": {"track": part}}) for part in (PAGE[:2], PAGE[2])) + "\n",
        LASTFM_XML,
    ],
)
def test_lastfm_api_pages(db: sqlite3.Connection, tmp_path: Path, content: Any) -> None:
    file = one(db, write(tmp_path, "a.json", content))
    assert starts(db) == [(FOUR_BEFORE, *OTHER), (START, *SONG)]
    assert file.dropped == {"now playing": 1}


def test_lastfm_loves_and_lastfmstats_json(db: sqlite3.Connection, tmp_path: Path) -> None:
    one(db, write(tmp_path, "loved.json", {"lovedtracks": {"track": [api_track(SONG, "1709406060")]}}))
    assert db.execute("SELECT artist, track, at FROM feedback").fetchall() == [(*SONG, START)]
    loved = LASTFM_XML.replace("recenttracks", "lovedtracks")
    assert one(db, write(tmp_path, "loved.xml", loved)).dropped == {"kept as a like": 3}
    row = {"track": SONG[1], "artist": SONG[0], "album": "Slow Ferry", "albumId": "", "date": 1709406060000}
    one(db, write(tmp_path, "stats.json", {"username": "u", "scrobbles": [row]}))
    assert starts(db) == [(START, *SONG)]


# -- ListenBrainz ---------------------------------------------------------------------------------------


def test_listenbrainz_zip_with_directories_broken_lines_and_feedback(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    lines = [
        json.dumps(
            brainz(START + 0.7, SONG, "m1", additional_info={"duration_ms": 228205, "tracknumber": "3"})
        ),
        "{broken",
        "",
        json.dumps(brainz(FOUR_BEFORE, OTHER, "m2", mbid_mapping={"recording_mbid": "r2"})),
        json.dumps(brainz(None, OTHER)),
    ]
    feedback = [
        {"recording_msid": "m1", "score": 1, "created": 5},
        {"recording_mbid": "gone", "recording_msid": None, "score": -1},
    ]
    path = tmp_path / "listenbrainz_x_1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("listens/", "")
        archive.writestr("listens/2024/", "")
        archive.writestr("feedback.jsonl", "\n".join(json.dumps(row) for row in feedback))
        archive.writestr("listens/2024/3.jsonl", "\n".join(lines))
    files = {file.format: file for file in bring(db, path).files}
    assert files["listenbrainz"].dropped == {"unreadable record": 1, "unreadable time": 1}
    assert starts(db) == [(FOUR_BEFORE, *OTHER), (START, *SONG)]
    assert files["listenbrainz-feedback"].dropped == {"kept as a like": 1, "like of an unknown track": 1}
    assert db.execute("SELECT artist, track, verdict FROM feedback").fetchall() == [(*SONG, "like")]
    assert db.execute("SELECT duration_ms FROM tracks WHERE title = ?", (SONG[1],)).fetchone() == (228205,)
    assert ("mb_recording", "r2") in db.execute("SELECT scheme, value FROM track_ids").fetchall()


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"payload": {"count": 1, "listens": rows}}])
def test_listenbrainz_older_array_and_api_page(db: sqlite3.Connection, tmp_path: Path, wrap: Any) -> None:
    one(db, write(tmp_path, "lb.json", wrap([brainz(START, SONG)])))
    assert starts(db) == [(START, *SONG)]


# -- Apple Music ----------------------------------------------------------------------------------------


def test_apple_play_activity_joins_stretches_and_finds_artists(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("Apple Music Activity/Apple Music Play Activity.csv", "\ufeff" + ACTIVITY)
        archive.writestr("Apple Music Activity/Apple Music - Play History Daily Tracks.csv", DAILY)
        archive.writestr("Apple Music Activity/Apple Music - Track Play History.csv", HISTORY)
    path = write_zip(tmp_path, "Apple Media Services.zip", {"Apple_Media_Services.zip": inner.getvalue()})
    files = {file.format: file for file in bring(db, path).files}
    assert [row for row in listens(db) if row[4] == "apple"] == [(1652344102, *SONG, 261_240, "apple")]
    assert files["apple-activity"].dropped == {
        "part of a longer play": 3,
        "not the end of a play": 1,
        "radio or other non-track": 1,
        "no artist in the file": 1,  # two artists have a Tin Roof: no guess between them
    }
    assert (files["apple-daily"].kept, files["apple-daily"].duplicates) == (0, 1)
    assert "secretphone" not in "\n".join(db.iterdump())


def test_apple_daily_tracks_alone(db: sqlite3.Connection, tmp_path: Path) -> None:
    file = one(db, write(tmp_path, "daily.csv", DAILY))
    assert listens(db) == [(1652313600, *SONG, 261_240, "apple-daily")]
    assert file.dropped == {"skipped": 1}
    assert db.execute("SELECT precision FROM listens").fetchone() == (86_400,)


def test_apple_track_play_history_counts_the_last_play_of_each_track(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    twice = (
        HISTORY
        + '"Ida & the Oaks - Tin Roof",1652346000000,false\n"Ida & the Oaks - Tin Roof",1652349999000,false\n'
    )
    path = write(tmp_path, "tph.csv", twice)
    file = one(db, path)
    assert (file.kept, file.dropped) == (3, {"repeated in the file": 1})
    assert db.execute("SELECT started_at, plays, flags & 8 FROM listens ORDER BY id").fetchall() == [
        (1652349999, 2, 8),
        (1652346000, 1, 8),
    ]
    assert one(db, path).kept == 0


def test_apple_recently_played_counts(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = (
        "Last Modified,Track Description,First Event Timestamp,Last End Reason Tyoe,Last Event Start Timestamp,"
        "Media duration in millis,Media type,Total plays,Total skips\n"
        'x,"Café Tundra - Harbour Lights",2024-01-02T19:01:00Z,y,2024-03-02T19:01:00.5Z,228205,AUDIO,3,1\n'
        "x,Ida & the Oaks - Tin Roof,,y,,1,AUDIO,0,2\nx,A - B,,y,,1,VIDEO,1,0\n"
    )
    file = one(db, write(tmp_path, "recent.csv", text))
    assert db.execute("SELECT started_at, plays, flags & 8 FROM listens").fetchall() == [(START, 3, 8)]
    assert file.dropped == {"nothing to count": 1, "video": 1}


def test_apple_library_counts_are_one_entry_dated_by_the_last_play(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    def track(count: int, **keys: Any) -> dict[str, Any]:
        return {
            "Content Type": "Song",
            "Track Identifier": 1,
            "Title": SONG[1],
            "Artist": SONG[0],
            "Track Duration": 228205,
            "Track Play Count": count,
            "Last Played Date": "2024-03-02T19:01:00Z",
            **keys,
        }

    rows = [track(19, **{"Track Like Rating": "LIKED"}), track(0, Title=OTHER[1], Artist=OTHER[0])]
    file = one(db, write(tmp_path, "Apple Music Library Tracks.json", rows))
    assert file.dropped == {"kept as a like": 1, "nothing to count": 1}
    assert db.execute("SELECT plays, started_at, flags & 8 FROM listens").fetchall() == [(19, START, 8)]
    assert one(db, write(tmp_path, "same.json", [track(19), track(0)])).duplicates == 1
    assert one(db, write(tmp_path, "later.json", [track(23)])).kept == 1
    assert db.execute("SELECT plays FROM listens").fetchall() == [(23,)]


# -- YouTube --------------------------------------------------------------------------------------------


def test_youtube_music_json(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [
        watched("Watched Harbour Lights", "2024-03-02T19:01:00.117Z", "Café Tundra - Topic"),
        watched("Watched Ida & the Oaks - Tin Roof", "2024-03-02T18:57:00Z", "OaksVEVO"),
        watched("Watched Low Tide", "2024-03-02T18:56:50Z", "Ida & the Oaks - Topic"),
        watched("Watched https://www.youtube.com/watch?v=ZZZZZZZZZZ1", "2024-03-02T17:00:00Z"),
        watched("Watched a video", "2024-03-02T16:00:00Z", "Someone", header="YouTube"),
        watched("Watched an ad", "2024-03-02T15:00:00Z", details=[{"name": "From Google Ads"}]),
    ]
    file = one(db, write(tmp_path, "watch-history.json", rows))
    assert starts(db) == [(FOUR_BEFORE, *OTHER), (START, *SONG)]
    assert file.dropped == {"skipped": 1, "no artist or title": 1, "video": 1, "advert": 1}
    assert ("youtube", "AbCdEfGhI_1") in db.execute("SELECT scheme, value FROM track_ids").fetchall()


def test_the_verb_of_any_language_is_found(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [
        watched(
            f"{i} 番 {i * 7 % 25} を視聴しました",
            f"2024-03-02T{i % 24:02d}:{i:02d}:00Z",
            "Café Tundra - Topic",
        )
        for i in range(25)
    ]
    one(db, write(tmp_path, "a.json", rows))
    assert {row[2] for row in listens(db)} == {f"{i} 番 {i * 7 % 25}" for i in range(25)}


def test_youtube_music_html(db: sqlite3.Connection, tmp_path: Path) -> None:
    first = '<a href="https://music.youtube.com/watch?v=AbCdEfGhI_1">Harbour Lights</a><br><a href="c">Café Tundra - Topic</a>'
    second = '<a href="https://music.youtube.com/watch?v=AbCdEfGhI_2">Tin Roof</a><br><a href="c">Ida &amp; the Oaks - Topic</a>'
    page = (
        "<html><head></head><body>"
        + "".join(
            [
                cell("YouTube Music", first, "Mar 2, 2024, 8:01:00\u202fPM CET"),
                cell("YouTube Music", second, "2. 3. 2024 19:57:00 SEČ"),
                cell("YouTube Music", second, "an evening"),
                cell("YouTube", '<a href="v">Cats</a>', "Mar 2, 2024, 8:01:00 PM CET"),
            ]
        )
        + "</body></html>"
    )
    file = one(db, write(tmp_path, "Wiedergabeverlauf.html", page))
    assert starts(db) == [(FOUR_BEFORE, *OTHER), (START, *SONG)]
    assert file.dropped == {"unreadable time": 1, "video": 1}
