"""Imports of the three first services, end to end: what is kept, what is left out and why."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import CancelledError
from engine.imports.run import import_paths
from tests.support.importing import (
    OTHER,
    SONG,
    START,
    bring,
    lastfm,
    library,
    listens,
    spotify,
    write,
    write_zip,
)

MS = 211_400


def test_a_spotify_row_becomes_a_listen_at_its_start(db: sqlite3.Connection, tmp_path: Path) -> None:
    report = bring(db, write(tmp_path, "Streaming_History_Audio_2024_0.json", [spotify(START + 211, MS)]))
    assert listens(db) == [(START, *SONG, MS, "spotify")]
    row = report.as_dict()
    assert row["files"][0]["format"] == "spotify"
    assert (row["first"], row["last"], row["artists"], row["tracks"]) == (START, START, 1, 1)
    assert db.execute("SELECT scheme FROM track_ids").fetchall() == [("spotify",)]
    assert db.execute("SELECT album FROM tracks").fetchall() == [("Slow Ferry",)]


def test_rows_are_left_out_for_reasons_in_words(db: sqlite3.Connection, tmp_path: Path) -> None:
    nothing = {"master_metadata_track_name": None, "master_metadata_album_artist_name": None}
    rows = [
        spotify(START, MS),
        spotify(START + 300, MS, incognito_mode=True),
        spotify(START + 600, 5800, OTHER, reason_end="fwdbtn"),
        spotify(START + 900, MS, **nothing, spotify_episode_uri="spotify:episode:x", episode_name="E"),
        spotify(START + 1200, MS, **nothing, audiobook_uri="spotify:show:x"),
        spotify(START + 1500, MS, **nothing),
        spotify(START + 1800, MS, ts="yesterday"),
        spotify(START + 2100, MS, skipped=None, incognito_mode=None, offline_timestamp=1636983620812),
    ]
    file = bring(db, write(tmp_path, "endsong_0.json", rows)).files[0]
    assert file.dropped == {
        "private session": 1,
        "skipped": 1,
        "podcast": 1,
        "audiobook": 1,
        "no artist or title": 1,
        "unreadable time": 1,
    }
    assert file.first_at["podcast"] == 4
    assert file.kept == 2
    assert db.execute("SELECT count(*), min(ms_played) FROM skips").fetchone() == (1, 5800)
    kept = bring(db, tmp_path / "endsong_0.json", keep_private=True).files[0]
    assert kept.kept == 1
    assert "private session" not in kept.dropped
    assert db.execute("SELECT count(*) FROM listens WHERE flags & 1").fetchone() == (1,)


def test_the_play_rule_can_be_set(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", [spotify(START, 20_000), spotify(START + 100, 31_000, OTHER)])
    assert bring(db, path, min_ms=40_000, dry_run=True).files[0].dropped == {"skipped": 2}
    assert bring(db, path, min_ms=10_000, dry_run=True).files[0].kept == 2


def test_the_same_file_again_changes_nothing(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [spotify(START + i * 400, MS if i % 3 else 4000, (SONG, OTHER)[i % 2]) for i in range(30)]
    rows += [spotify(START, MS), spotify(START, MS, OTHER)]  # several rows share a second in real files
    path = write_zip(
        tmp_path, "my_spotify_data.zip", {"MyData/Streaming_History_Audio_2024_0.json": json.dumps(rows)}
    )
    first = bring(db, path).files[0]
    before = list(db.iterdump())
    again = bring(db, path, path).files
    assert first.kept > 0
    assert [file.kept for file in again] == [0, 0]
    assert again[0].duplicates == first.kept + first.duplicates
    assert list(db.iterdump()) == before


def test_titles_of_one_key_in_two_spellings_are_there_when_imported_again(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    rows = ["uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"]
    # Both titles have one exact key, but only one of the two lets go of its last words.
    for number, title in enumerate(
        ["Low Tide - Vera Remix Radio Edit", "Low Tide (Vera Remix) (Radio Edit)"] * 2
    ):
        rows.append(f'{START + 1000 * number},"14 Nov 2023, 22:13",Burel,,Quay,,{title},')
    file = tmp_path / "scrobbles.csv"
    file.write_text("\n".join(rows) + "\n")
    assert bring(db, file).as_dict()["totals"]["kept"] == 4
    for _ in range(2):
        again = bring(db, file).as_dict()["totals"]
        assert (again["kept"], again["duplicates"]) == (0, 4)
    assert db.execute("SELECT count(*) FROM listens").fetchone()[0] == 4


def test_undated_and_impossible_plays_are_kept_once(db: sqlite3.Connection, tmp_path: Path) -> None:
    future = int(time.time()) + 90_000
    path = write(tmp_path, "a.csv", lastfm((1, SONG), (2, SONG), (future, SONG), (START, OTHER)))
    file = bring(db, path).files[0]
    assert (file.kept, file.undated) == (4, 3)
    assert sum(row[0] is None for row in listens(db)) == 3
    longer = write(tmp_path, "b.csv", lastfm((1, SONG), (2, SONG), (3, SONG), (future, SONG), (START, OTHER)))
    assert bring(db, longer).files[0].kept == 1


# -- one play, once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("s", "l"), ("l", "s")])
def test_two_services_report_one_play(db: sqlite3.Connection, tmp_path: Path, order: tuple[str, str]) -> None:
    """Spotify stamps the end, Last.fm the start; played twice in a row stays two; each side has one of its own."""
    files = {
        "s": write(
            tmp_path,
            "s.json",
            [
                spotify(START + 211, MS),
                spotify(START + 422, MS),
                spotify(START + 5000, MS, OTHER),
            ],
        ),
        "l": write(tmp_path, "l.csv", lastfm((START + 4, SONG), (START + 208, SONG), (START + 422, SONG))),
    }
    reports = [bring(db, files[name]).files[0] for name in order]
    assert len(listens(db)) == 4
    assert reports[0].kept == 3
    assert (reports[1].kept, reports[1].duplicates) == (1, 2)
    # The fuller record stays whichever came first.
    assert sum(row[3] == MS for row in listens(db)) == 3
    assert all(bring(db, path).files[0].kept == 0 for path in files.values())
    assert len(listens(db)) == 4


@pytest.mark.parametrize("order", [("s", "l"), ("l", "s")])
@pytest.mark.parametrize("unit", [1, 1000])
def test_a_paused_play_is_one_play_too(
    db: sqlite3.Connection, tmp_path: Path, order: tuple[str, str], unit: int
) -> None:
    """The start worked out from the end comes too late by the pause; Spotify's own file tells when it began."""
    pause = 1500
    files = {
        "s": write(
            tmp_path,
            "s.json",
            [
                spotify(START + 211 + pause, MS, offline_timestamp=START * unit),
                spotify(START + 422 + pause, MS, offline_timestamp=(START + 211 + pause) * unit),
            ],
        ),
        "l": write(
            tmp_path, "l.csv", lastfm((START + 3, SONG), (START + pause + 212, SONG), (START - 9000, SONG))
        ),
    }
    for name in order:
        bring(db, files[name])
    assert [row[0] for row in listens(db)] == [START - 9000, START + pause, START + pause + 211]
    assert all(bring(db, path).files[0].kept == 0 for path in files.values())


@pytest.mark.parametrize("begun", [None, 0, -5, START + 900, START - 90_000, 10**18, 1.5, "soon"])
def test_a_stamp_that_is_not_a_pause_gives_none(
    db: sqlite3.Connection, tmp_path: Path, begun: object
) -> None:
    bring(db, write(tmp_path, "s.json", [spotify(START + 211, MS, offline_timestamp=begun)]))
    assert listens(db) == [(START, *SONG, MS, "spotify")]
    assert db.execute("SELECT paused FROM listens").fetchall() == [(None,)]


def test_versions_and_guests_do_not_hide_that_it_is_one_play(db: sqlite3.Connection, tmp_path: Path) -> None:
    bring(
        db, write(tmp_path, "s.json", [spotify(START + 211, MS, ("The Oaks", "Tin Roof - Remastered 2011"))])
    )
    file = bring(db, write(tmp_path, "l.csv", lastfm((START, ("Oaks", "Tin Roof"))))).files[0]
    assert (file.kept, file.duplicates) == (0, 1)
    later = bring(db, write(tmp_path, "m.csv", lastfm((START + 9000, ("Oaks", "Tin Roof"))))).files[0]
    assert later.kept == 1
    assert db.execute("SELECT count(*) FROM tracks").fetchone() == (2,)  # two recordings are not merged


def test_minutes_and_seconds_meet(db: sqlite3.Connection, tmp_path: Path) -> None:
    bring(db, write(tmp_path, "s.json", [spotify(START + 47 + 211, MS), spotify(START + 47 + 422, MS)]))
    minutes = write(
        tmp_path, "m.csv", "".join(f"{SONG[0]},Slow Ferry,{SONG[1]},02 Mar 2024 19:0{m}\n" for m in (5, 1))
    )
    file = bring(db, minutes).files[0]
    assert file.format == "lastfm-csv"
    assert (file.kept, file.duplicates) == (0, 2)


def test_an_end_taken_for_a_start_is_found_only_where_it_may_be(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    def listen(at: int, **info: object) -> str:
        meta = {"artist_name": SONG[0], "track_name": SONG[1], "additional_info": info}
        return json.dumps({"listened_at": at, "track_metadata": meta}) + "\n"

    bring(db, write(tmp_path, "s.json", [spotify(START + 211, MS), spotify(START + 422, MS)]))
    importer = {"submission_client": "ListenBrainz Archive Importer", "music_service": "spotify.com"}
    ends = "".join(listen(START + at, **importer) for at in (211, 422))
    assert bring(db, write(tmp_path, "1.jsonl", ends)).files[0].duplicates == 2
    own = listen(START + 633, submission_client="navidrome")
    assert bring(db, write(tmp_path, "2.jsonl", own)).files[0].kept == 1


@given(
    plays=st.lists(st.integers(0, 40), min_size=1, max_size=12),
    drift=st.lists(st.integers(-8, 8), min_size=12, max_size=12),
    missing=st.sets(st.integers(0, 11)),
)
@settings(
    deadline=None,
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_overlaps_never_double_and_never_merge(
    tmp_path_factory: pytest.TempPathFactory, plays: list[int], drift: list[int], missing: set[int]
) -> None:
    """Back-to-back plays of one track, complete from Spotify, and from Last.fm with a drift and gaps."""
    folder = tmp_path_factory.mktemp("overlap")
    db = library(folder)
    at, starts = START, []
    for pause in plays:
        starts.append(at)
        at += 211 + pause
    bring(db, write(folder, "s.json", [spotify(start + 211, 211_000) for start in starts]))
    listed = [(start + drift[i], SONG) for i, start in enumerate(starts) if i not in missing]
    file = bring(db, write(folder, "l.csv", lastfm(*listed))).files[0]
    assert file.kept == 0
    assert len(listens(db)) == len(starts)
    db.close()


# -- whole files, dry runs, cancelling ------------------------------------------------------------------


def test_a_dry_run_reports_the_same_and_changes_no_byte(db: sqlite3.Connection, tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "s.json", [spotify(START + 211, MS), spotify(START + 500, 100)]),
        write(tmp_path, "l.csv", lastfm((START, SONG), (START + 9999, OTHER))),
    ]
    # A reader of a WAL database marks its place in the -shm file, which is not part of the data.
    files = [file for file in sorted((tmp_path / "data").rglob("*")) if not file.name.endswith("-shm")]
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files if file.is_file()}
    dry = bring(db, *paths, dry_run=True).as_dict()
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files if file.is_file()} == before
    assert listens(db) == []
    assert bring(db, *paths).as_dict() == dry


def test_stopping_leaves_whole_files_only(db: sqlite3.Connection, tmp_path: Path) -> None:
    for number in range(3):
        rows = [spotify(START + number * 10**6 + i * 300, MS) for i in range(50)]
        write(tmp_path, f"in/Streaming_History_Audio_2024_{number}.json", rows)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return len(db.execute("SELECT 1 FROM imports").fetchall()) >= 2 and asked > 6

    with pytest.raises(CancelledError):
        import_paths(db, [tmp_path / "in"], cancelled=cancelled)
    assert db.execute("SELECT count(*) % 50 FROM listens").fetchone() == (0,)
    assert db.execute(
        "SELECT count(*) FROM listens WHERE import_id NOT IN (SELECT id FROM imports)"
    ).fetchone() == (0,)
    assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert not db.in_transaction
    assert bring(db, tmp_path / "in").totals["kept"] + db.execute("SELECT 0").fetchone()[0] <= 150
    assert db.execute("SELECT count(*) FROM listens").fetchone() == (150,)


def test_what_is_finished_survives_a_kill(tmp_path: Path) -> None:
    """A large first import killed in its second file: the first is there, and so are the indexes after opening."""
    for number in (1, 2):
        write(tmp_path, f"{number}.json", [spotify(START + number * 9000 + 300 * i, MS) for i in range(20)])
    killed = """
import os, signal, sys
from pathlib import Path
from engine.imports import run
from engine.store import ingest
from tests.support.importing import library
run._LARGE_BYTES, ingest._COMMIT_EVERY = 0, 0.0
begin, files = ingest.Ingest.begin_file, []
def begin_file(self, file, *more):
    files.append(file)
    if len(files) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    begin(self, file, *more)
ingest.Ingest.begin_file = begin_file
folder = Path(sys.argv[1])
run.import_paths(library(folder), [folder / "1.json", folder / "2.json"])
"""
    ended = subprocess.run([sys.executable, "-c", killed, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    there = "SELECT count(*) FROM sqlite_schema WHERE name IN ('listens_by_time', 'listens_by_track', 'skips_by_track')"
    plain = sqlite3.connect(tmp_path / "data" / "library.sqlite")
    assert plain.execute(there).fetchone() == (0,)
    plain.close()
    db = library(tmp_path)
    assert len(listens(db)) == 20
    assert db.execute(there).fetchone() == (3,)
    assert [file.kept for file in bring(db, tmp_path / "1.json", tmp_path / "2.json").files] == [0, 20]
    db.close()


def test_progress_counts_bytes_to_the_end(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = json.dumps([spotify(START + i * 300, MS) for i in range(300)])
    path = write_zip(tmp_path, "a.zip", {"a.json": rows, "b.json": rows, "note.txt": "x"})
    reports: list[tuple[int, int]] = []
    bring(db, path, progress=lambda done, total: reports.append((done, total)))
    assert reports[-1][0] == reports[-1][1]
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)
    assert len({total for _, total in reports}) == 1


def test_after_a_large_import_the_indexes_are_there(db: sqlite3.Connection, tmp_path: Path) -> None:
    before = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name").fetchall()
    rows = [spotify(START + i * 300, MS, (f"Artist {i % 50}", f"Song {i % 500}")) for i in range(6000)]
    path = write(tmp_path, "big.json", json.dumps(rows, indent=2))
    assert path.stat().st_size > 2 << 20
    assert bring(db, path).totals["kept"] == 6000
    assert (
        db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name").fetchall()
        == before
    )
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_nothing_of_addresses_or_agents_is_stored(db: sqlite3.Connection, tmp_path: Path) -> None:
    row = spotify(
        START, MS, ip_addr_decrypted="192.0.2.77", username="secretperson", user_agent_decrypted="agentx"
    )
    bring(db, write(tmp_path, "endsong.json", [row]))
    dump = "\n".join(db.iterdump())
    assert not any(word in dump for word in ("192.0.2.7", "secretperson", "agentx", "ios"))
