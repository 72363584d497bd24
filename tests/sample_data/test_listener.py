"""The made-up listener's exports have the real services' shape and tell one coherent story."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import sample_data
from sample_data import genres, spotify
from tests.support import reading

LAST_SECOND = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC).timestamp()


def ends_at(row: dict[str, str]) -> int:
    return int(datetime.fromisoformat(row["ts"]).timestamp())


def artist(row: dict[str, str]) -> str:
    return row["master_metadata_album_artist_name"]


def music() -> list[dict[str, str]]:
    return [row for row in reading.spotify() if row["spotify_track_uri"]]


def test_spotify_rows_have_the_service_shape() -> None:
    rows = reading.spotify()
    assert 22_000 <= len(rows) <= 26_000
    assert {len(row) for row in rows + reading.spotify("Video")} == {23}
    assert [row["ts"] for row in rows] == sorted(row["ts"] for row in rows)
    assert all(row["ip_addr"].startswith("192.0.2.") for row in rows)
    assert all(len(row["spotify_track_uri"]) == len("spotify:track:") + 22 for row in music())
    assert ends_at(rows[0]) >= spotify.JOINED
    assert ends_at(rows[-1]) <= LAST_SECOND


def test_spotify_holds_what_an_importer_must_tell_apart() -> None:
    rows = reading.spotify()
    nameless = [row for row in rows if not (row["spotify_track_uri"] or row["spotify_episode_uri"])]
    assert 130 <= sum(row["incognito_mode"] for row in rows) <= 190
    assert sum(bool(row["spotify_episode_uri"]) for row in rows) == 90
    assert sum(bool(row["audiobook_uri"]) for row in nameless) == 12
    assert sum(not row["audiobook_uri"] for row in nameless) == 24
    assert 0.06 < sum(row["ms_played"] < 30_000 for row in music()) / len(rows) < 0.13
    assert {bool(row["spotify_track_uri"]) for row in reading.spotify("Video")} == {True, False}


def test_private_artists_are_played_nowhere_else() -> None:
    private = {artist(row) for row in music() if row["incognito_mode"]}
    openly = {artist(row) for row in music() if not row["incognito_mode"]}
    openly |= {artist(row) for row in reading.spotify("Video")} | {row[0] for row in reading.lastfm()}
    openly |= {listen["track_metadata"]["artist_name"] for listen in reading.listenbrainz()}
    assert private
    assert not private & openly


def test_sessions_do_not_overlap() -> None:
    rows = music()
    pairs = pairwise(rows)
    assert all(ends_at(b) - b["ms_played"] / 1000 >= ends_at(a) - 1 for a, b in pairs)


def test_lastfm_overlaps_spotify_for_a_year() -> None:
    rows = reading.lastfm()
    assert rows[0][3] == ""
    assert all(len(row) == 4 for row in rows)
    stamps = [
        datetime.strptime(row[3], "%d %b %Y, %H:%M").replace(tzinfo=UTC).timestamp() for row in rows[1:]
    ]
    assert stamps == sorted(stamps, reverse=True)
    started = Counter(
        (artist(row), row["master_metadata_track_name"], (ends_at(row) - row["ms_played"] // 1000) // 60)
        for row in music()
    )
    shared = [row for row, stamp in zip(rows[1:], stamps, strict=True) if stamp >= spotify.JOINED + 60]
    found = sum(
        any(started[row[0], row[2], int(stamp) // 60 + off] for off in (-1, 0, 1))
        for row, stamp in zip(rows[1:], stamps, strict=True)
        if stamp >= spotify.JOINED + 60
    )
    assert len(shared) > 4000
    assert found > 0.99 * len(shared)
    assert len(rows) - len(shared) > 1500


def test_listenbrainz_has_its_own_listens_and_shared_ones() -> None:
    listens = reading.listenbrainz()
    clients = Counter(listen["track_metadata"]["additional_info"]["submission_client"] for listen in listens)
    assert clients["navidrome"] > 300
    assert clients["phone scrobbler"] > 200
    with zipfile.ZipFile(sample_data.listener_exports()[2]) as archive:
        assert any(name.endswith("/") for name in archive.namelist())
        feedback = [json.loads(line) for line in archive.read("feedback.jsonl").splitlines()]
    known = {listen["track_metadata"]["recording_msid"] for listen in listens}
    assert Counter(row["score"] for row in feedback) == {1: 24, -1: 4}
    assert all(row["recording_msid"] in known for row in feedback)


def test_about_25_000_listens_over_four_years() -> None:
    heard = sum(row["ms_played"] >= 30_000 for row in music())
    before = sum(
        datetime.strptime(row[3], "%d %b %Y, %H:%M").replace(tzinfo=UTC).timestamp() < spotify.JOINED
        for row in reading.lastfm()[1:]
    )
    at_home = sum(
        listen["track_metadata"]["additional_info"]["submission_client"] == "navidrome"
        for listen in reading.listenbrainz()
    )
    assert 23_500 <= heard + before + at_home <= 26_500


def test_artists_come_from_the_community_with_a_few_of_their_own() -> None:
    community = {row[1] for row in reading.table("artists.dat")}
    played = {artist(row) for row in music()} | {row[0] for row in reading.lastfm()}
    assert 250 <= len(played & community) <= 400
    assert 5 <= len(played - community) <= 15


def test_taste_drifts() -> None:
    genre_of = {row["track_id"]: row["playlist_genre"] for row in reading.features()}
    by_year: dict[str, Counter[str]] = {}
    for row in music():
        genre = genre_of.get(row["spotify_track_uri"].rpartition(":")[2], "unknown")
        by_year.setdefault(row["ts"][:4], Counter())[genre] += 1

    def share(year: str, *names: str) -> float:
        return sum(by_year[year][name] for name in names) / by_year[year].total()

    assert share("2023", "indie rock", "post-punk") > 3 * share("2026", "indie rock", "post-punk")
    assert share("2026", "jazz", "soul") > 3 * share("2023", "jazz", "soul")


def test_one_album_ran_on_repeat_and_one_artist_was_heard_once() -> None:
    afternoon = [row for row in music() if row["ts"].startswith("2025-02-08T1")]
    albums = Counter(row["master_metadata_album_album_name"] for row in afternoon)
    assert albums.most_common(1)[0][1] >= 30
    everything = Counter(artist(row) for row in music())
    assert 1 in everything.values()


def test_features_have_tempo_and_energy_of_their_genre() -> None:
    rows = reading.features()
    assert len(rows) == 12_000
    assert len({row["track_id"] for row in rows}) == 12_000
    tempos = [float(row["tempo"]) for row in rows]
    assert 5 <= tempos.count(0.0) <= 80
    assert all(tempo == 0 or 60 <= tempo <= 190 for tempo in tempos)
    assert all(0 < float(row["energy"]) < 1 for row in rows)
    assert {row["playlist_genre"] for row in rows} == set(genres.NAMES)
    fast = [float(row["tempo"]) for row in rows if row["playlist_genre"] == "drum and bass"]
    assert 165 < sorted(fast)[len(fast) // 2] < 180
    known = {row["track_id"] for row in rows}
    used = [row["spotify_track_uri"].rpartition(":")[2] in known for row in music()]
    assert 0.9 < sum(used) / len(used) < 1.0


def test_morning_runs_have_fast_music() -> None:
    """Between 4 and 5 UTC it is too early for anything but a run."""
    tempo_of = {row["track_id"]: float(row["tempo"]) for row in reading.features()}
    runs = [row for row in music() if row["ts"][10:13] == "T04" and row["platform"] == "ios"]
    tempos = [tempo_of.get(row["spotify_track_uri"].rpartition(":")[2], 0.0) for row in runs]
    fits = [any(abs(tempo * m / 170 - 1) < 0.06 for m in (1, 2)) for tempo in tempos]
    assert len(runs) > 500
    assert sum(fits) > 0.8 * len(fits)
