"""The app's own readers take the sample whole, and its names stay apart under the app's keys."""

from __future__ import annotations

import sample_data
from engine import canonical_keys
from engine.community.feature_rows import RowCounts, read_feature_rows
from engine.community.hetrec import HETREC
from engine.community.plays import PLAYLISTS
from tests.support import reading


def test_artists_stay_apart_under_exact_and_relaxed_keys() -> None:
    artists = [row[1] for row in reading.table("artists.dat")]
    for key in (canonical_keys.artist_key, canonical_keys.relaxed_artist_key):
        keys = {key(artist) for artist in artists}
        assert len(keys) == len(artists)
        assert "" not in keys


def test_tracks_stay_apart_under_the_relaxed_key() -> None:
    keys = {
        (row["track_artist"], canonical_keys.relaxed_track_key(row["track_name"]))
        for row in reading.features()
    }
    assert len(keys) == 12_000


def test_the_community_reader_drops_nothing() -> None:
    content = HETREC.read(sample_data.community())
    assert content.dropped == {}
    assert len(content.names) == 1500
    assert content.plays.nnz == len(reading.plays())


def test_the_features_reader_drops_nothing() -> None:
    counts = RowCounts()
    rows = list(read_feature_rows(sample_data.features(), counts))
    assert len(rows) == 12_000
    assert not counts.dropped


def test_the_playlists_reader_drops_nothing_and_every_track_is_one_the_features_know() -> None:
    content = PLAYLISTS.read(sample_data.playlists())
    assert content.dropped == {}
    assert content.plays.shape[0] == 900
    known = {
        canonical_keys.item_key(canonical_keys.track_name(row["track_artist"], row["track_name"]))
        for row in reading.features()
    }
    assert {canonical_keys.item_key(name) for name in content.names} <= known
    assert content.plays.nnz > 12_000
