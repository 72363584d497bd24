"""Tracks as items: packs of playlists, taste, a model of their own, artist affinity, and at most so many an artist."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical_keys import (
    SEPARATOR,
    artist_key,
    artist_of,
    item_key,
    joined_key,
    track_name,
)
from engine.errors import NothingYetError, UnknownNameError, UsageError
from engine.paths import Folders
from engine.privacy import Door
from engine.recommend.discover import Recommender
from engine.recommend.explain import contributions_of, explain
from engine.recommend.settings import DiscoverSettings
from engine.session import Session
from engine.store.database import open_library
from engine.store.encounters import note, resting
from engine.taste.gate import LIKE_PLAYS, DatedTaste, Window, read_dated_taste, read_days, read_taste
from engine.taste.rules import Rule, add_rule
from engine.taste.sessions import read_sessions
from engine.training.artifact import current_manifest, damaged_files, open_model
from engine.training.train import TrainingSettings
from tests.support.communities import write_playlists
from tests.support.listens import judge, play
from tests.support.models import names, tracks, write_model

DAY = 86_400
QUICK = TrainingSettings(factors=8, iterations=5, tune=False, level="tracks")
ARTISTS, TRACKS = names(20), tracks(60)


@pytest.fixture
def library(tmp_path):
    connection = open_library(Door(Folders(tmp_path)))
    yield connection
    connection.close()


# -- taste -----------------------------------------------------------------------------------------


def test_plays_of_a_tracks_versions_count_together_and_by_day(library) -> None:
    play(library, "Burel", "One", 100, 5 * DAY)
    play(library, "Burel", "One - Remastered 2011", 5 * DAY + 60, None)
    play(library, "Moire", "One", 50)
    taste = read_taste(library, level="tracks")
    assert [(item.key, item.name, item.plays, item.last_played) for item in taste.items] == [
        (joined_key("burel", "One"), "Burel", 4.0, 5 * DAY + 60),
        (joined_key("moire", "One"), "Moire", 1.0, 50),
    ]
    days = read_days(library, level="tracks")
    found = set(zip((days.keys[i] for i in days.item), days.age.tolist(), days.plays.tolist(), strict=True))
    assert found == {
        (joined_key("burel", "One"), 5.0, 2.0),
        (joined_key("burel", "One"), 0.0, 2.0),
        (joined_key("moire", "One"), 5.0, 1.0),
    }
    faded = read_taste(library, Window(half_life=5.0), level="tracks")
    assert faded.by_key[joined_key("burel", "One")].remaining == pytest.approx(0.75)


def test_what_is_said_of_an_artist_holds_for_their_tracks_but_a_like(library) -> None:
    for artist in ("Burel", "Moire", "Lark", "Owl"):
        play(library, artist, "One", 100)
        play(library, artist, "Two", 200)
    judge(library, "block", "Burel")
    judge(library, "block", "Moire", "One")
    judge(library, "like", "Lark")
    judge(library, "like", "Owl", "Two - Live")
    judge(library, "like", "Owl", "Unheard")
    taste = read_taste(library, level="tracks")
    weights = {(item.name, item.track): item.weight for item in taste.items}
    assert weights == {
        ("Moire", "Two"): 1.0,
        ("Lark", "One"): 1.0,
        ("Lark", "Two"): 1.0,
        ("Owl", "One"): 1.0,
        ("Owl", "Two"): 1.0 + LIKE_PLAYS,
        ("Owl", "Unheard"): LIKE_PLAYS,
    }
    assert {artist_key("Burel"), joined_key("moire", "One")} == taste.blocked
    assert read_taste(library).blocked == {"burel"}, "a blocked track says nothing of its artist"


def test_a_rule_leaves_out_tracks_and_whole_artists_and_comes_back_exactly(library) -> None:
    play(library, "Burel", "One", 100)
    play(library, "Burel", "One - Live", 300)
    play(library, "Burel", "Two", 200)
    play(library, "Owl", "Three", 200)
    before = read_taste(library, level="tracks")
    add_rule(library, Rule(artist="Burel", artist_key="burel", track="One", track_key="one"))
    taste = read_taste(library, level="tracks")
    assert taste.by_key[joined_key("burel", "One")].plays == 1.0, "the live version still counts"
    assert taste.left_out == frozenset()
    add_rule(library, Rule(artist="Owl", artist_key="owl"))
    taste = read_taste(library, level="tracks")
    assert taste.left_out == {"owl", joined_key("owl", "Three")}
    in_sessions = map(item_key, read_sessions(library, level="tracks")[3])
    assert list(in_sessions) == [joined_key("burel", "One"), joined_key("burel", "Two")]
    with library:
        library.execute("DELETE FROM rules")
    assert read_taste(library, level="tracks") == before


def test_sessions_of_tracks_leave_out_what_is_blocked_and_join_versions(library) -> None:
    play(library, "Burel", "One", 0, 10_000)
    play(library, "Burel", "One - Live", 60)
    play(library, "Moire", "Two", 120)
    judge(library, "block", "Moire", "Two")
    session, item, plays, found, _ = read_sessions(library, level="tracks")
    assert found == [track_name("Burel", "One")]
    assert (session.tolist(), item.tolist(), plays.tolist()) == ([0, 1], [0, 0], [2.0, 1.0])


def test_an_ignored_track_rests_and_its_artist_does_not_until_it_is_played(library) -> None:
    key = joined_key("burel", "One")
    for day in range(10, 14):
        note(library, "shown", [key], day)
    assert resting(library, 14) == {key}
    play(library, "Burel", "Another", 13 * DAY)
    assert resting(library, 14) == {key}
    play(library, "Burel", "One - Live", 13 * DAY)
    assert resting(library, 14) == frozenset()


# -- recommending ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model of 60 tracks by 20 artists, neighbours and all, and a person who plays eight of them."""
    rng = np.random.default_rng(3)
    from scipy.sparse import csr_matrix

    plays = np.zeros((90, 60), dtype=np.float32)
    for row in plays:
        row[rng.choice(60, size=12, replace=False)] = rng.integers(1, 30, 12)
    weights = {"factors": 0.4, "closeness": 0.2, "neighbours": 0.2, "artist": 0.2}
    folders = write_model(
        tmp_path_factory.mktemp("data"), level="tracks", plays=csr_matrix(plays), ensemble=weights
    )
    connection = open_library(Door(folders))
    for number in (0, 3, 9, 12, 27, 30, 33, 45):
        artist, title = TRACKS[number].split(SEPARATOR)
        play(connection, artist, title, *(DAY * number + 600 * i for i in range(1 + number % 5)))
    connection.close()
    return folders


@pytest.fixture(scope="module")
def recommender(place):
    connection = open_library(Door(place))
    found = Recommender.of(open_model(place, "tracks"), read_dated_taste(connection, level="tracks"))
    yield found
    connection.close()


def test_scores_shares_and_what_ifs_of_tracks_are_exact(recommender) -> None:
    found = recommender.discover(DiscoverSettings(n=60, per_artist=0, level="tracks"))
    assert len(found.items) > 30
    for item in found.items:
        assert abs(sum(share.share for share in item.why) + item.others_share - 1.0) < 1e-9
        assert abs(sum(share for share in item.members.values() if share > 0) - 1.0) < 1e-9
    own_artists = {item.name for item in recommender.reasons}
    assert all(("artist" in item.members) == (item.artist in own_artists) for item in found.items)
    top = found.items[0]
    explanation = explain(recommender, top.key)
    assert (explanation.artist, explanation.track, explanation.rank) == (top.artist, top.track, 1)
    for one in explanation.without:
        gone = recommender.listener.taste.without(frozenset({joined_key(artist_key(one.artist), one.track)}))
        other = Recommender.of(recommender.model, DatedTaste(gone))
        asked = DiscoverSettings(n=60, per_artist=0, level="tracks")
        order = [item.key for item in other.discover(asked).items]
        own = joined_key(artist_key(one.artist), one.track)
        order = [key for key in order if key != own]
        assert one.rank == (order.index(top.key) + 1 if top.key in order else None)


def test_an_artist_speaks_through_all_their_tracks(recommender) -> None:
    artist = recommender.reasons[0].name
    asked = DiscoverSettings(n=10, level="tracks")
    spoken = contributions_of(recommender, artist_key(artist), asked)
    listed = {(item.artist, item.track): item for item in recommender.discover(asked).items}
    for share in spoken:
        explanation = explain(recommender, listed[share.artist, share.track].key, asked)
        assert share.share == pytest.approx(
            sum(one.share for one in explanation.shares if one.artist == artist)
        )


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    per_artist=st.integers(1, 3),
    familiarity=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    popularity=st.sampled_from([-1.0, 0.0, 1.0]),
    variety=st.sampled_from([0.0, 0.4, 1.0]),
    n=st.integers(1, 60),
)
def test_no_list_holds_more_of_an_artist_than_asked_for(recommender, per_artist, n, **dials) -> None:
    asked = DiscoverSettings(n=n, per_artist=per_artist, level="tracks", **dials)
    items = recommender.discover(asked).items
    assert max(Counter(artist_of(item.key) for item in items).values(), default=0) <= per_artist
    # What the cap leaves room for is not left empty.
    whole = recommender.discover(DiscoverSettings(n=60, per_artist=0, level="tracks", **dials)).items
    room = sum(min(per_artist, count) for count in Counter(artist_of(item.key) for item in whole).values())
    assert len(items) == min(n, room)
    if dials["variety"] == 0.0 and dials["familiarity"] in (0.0, 1.0):
        seen: Counter[str] = Counter()
        kept = [
            item.key for item in whole if (seen.update([item.artist]), seen[item.artist])[1] <= per_artist
        ]
        assert [item.key for item in items] == kept[:n], "the best of each artist stay, in their order"


@settings(deadline=None, max_examples=200, derandomize=True)
@given(
    per_artist=st.integers(0, 3),
    familiarity=st.sampled_from([0.0, 0.1, 0.4, 0.5, 0.8, 1.0]),
    n=st.integers(1, 60),
    turns=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
)
def test_turning_to_popular_never_lowers_the_mean_popularity_of_tracks(recommender, turns, **asked) -> None:
    def mean_popularity(popularity: float) -> float:
        items = recommender.discover(DiscoverSettings(popularity=popularity, level="tracks", **asked)).items
        return float(np.mean([np.log1p(item.listeners) for item in items]))

    obscure, popular = map(mean_popularity, sorted(turns))
    assert obscure <= popular + 1e-9


def test_a_negative_cap_is_refused() -> None:
    with pytest.raises(UsageError, match="per_artist"):
        DiscoverSettings(per_artist=-1)


def test_what_if_one_track_had_never_been_played_leaves_the_artists_others(place) -> None:
    session = Session(place, private=True)
    artist, title = TRACKS[0].split(SEPARATOR)
    asked = DiscoverSettings(n=60, per_artist=0, level="tracks")
    reasons = {
        (share.artist, share.track) for item in session.discover.list(asked).items for share in item.why
    }
    assert {(artist, title), tuple(TRACKS[3].split(SEPARATOR))} <= reasons
    for name in (TRACKS[0], f"{artist} - {title} (Live)"):
        found = session.discover.list(replace(asked, without=(name,)))
        left = {(share.artist, share.track) for item in found.items for share in item.why}
        assert (artist, title) not in left
        assert tuple(TRACKS[3].split(SEPARATOR)) in left
        assert (artist, title) in {(item.artist, item.track) for item in found.items}, "it may be recommended"
    with pytest.raises(UnknownNameError, match="Nobody - Nothing"):
        session.discover.list(replace(asked, without=("Nobody - Nothing",)))
    session.close()


@pytest.mark.parametrize("verdict", ["block", "hide"])
def test_what_is_unwanted_is_in_no_list_whatever_is_asked(place, tmp_path, verdict) -> None:
    """An artist whole, one track of another, and an artist a rule leaves out: none of their tracks."""
    import shutil

    shutil.copytree(place.root, tmp_path / "data")
    session = Session(Folders(tmp_path / "data"))
    gone, single, excluded = ARTISTS[5], TRACKS[6], ARTISTS[0]
    title = single.split(SEPARATOR)[1]
    session.verdicts.judge(verdict, gone)
    session.verdicts.judge(verdict, *single.split(SEPARATOR))
    session.taste.exclude(Rule(artist=excluded))
    for familiarity in (0.0, 0.5, 1.0):
        asked = DiscoverSettings(n=60, per_artist=0, familiarity=familiarity, level="tracks")
        found = session.discover.list(asked)
        listed = {(item.artist, item.track) for item in found.items}
        assert not any(artist in (gone, excluded) for artist, _ in listed)
        assert (ARTISTS[2], title) not in listed
        assert familiarity == 0.0 or any(artist == ARTISTS[2] for artist, _ in listed), "the others may"
        assert not any(share.artist == excluded for item in found.items for share in item.why)
        assert {(track.artist, track.track) for track in session.tracks.of_discover(asked)} == listed
    session.close()


def test_a_track_the_model_does_not_hold_has_no_explanation(place) -> None:
    session = Session(place, private=True)
    with pytest.raises(UnknownNameError, match="Not in the community data"):
        session.discover.explain(ARTISTS[0], DiscoverSettings(level="tracks"), "Never Recorded")
    session.close()


# -- training --------------------------------------------------------------------------------------


def test_a_model_of_tracks_is_beside_that_of_artists_and_weighs_their_artists_too(tmp_path) -> None:
    session = Session(Folders(tmp_path / "data"))
    [pack] = session.packs.add(write_playlists(tmp_path / "lists.zip")).packs
    assert (pack.level, pack.listeners, pack.items) == ("tracks", 90, 60)
    with pytest.raises(NothingYetError, match="discover train --level tracks"):
        open_model(session.folders, "tracks")
    manifest = session.training.train(QUICK)
    assert (manifest.level, manifest.items, manifest.solo) == ("tracks", 60, False)
    assert "artist" in manifest.validation["ensemble"]["members"]
    assert session.models.manifest() is None
    play(session.library.connection, ARTISTS[0], "Song 1", DAY, 2 * DAY)
    play(session.library.connection, ARTISTS[3], "Song 2 (Live)", DAY)
    asked = DiscoverSettings(n=5, level="tracks")
    found = session.discover.list(asked)
    assert {item.track for item in found.items} <= {"Song 1", "Song 2", "Song 3"}
    assert session.artists.resolve(ARTISTS[6].upper()) == (ARTISTS[6], artist_key(ARTISTS[6])), (
        "by their tracks"
    )
    assert session.tracks.named([(ARTISTS[6], "Song 3")])[0].known is False
    # Artists trained after, on the person's sessions where they suffice, leave that of tracks alone.
    for number in range(20):
        for name in ARTISTS[:12]:
            play(session.library.connection, name, "Song 1", number * DAY + 600)
    own = session.training.train(TrainingSettings(factors=4, iterations=3, tune=False))
    assert (own.level, own.solo) == ("artists", True)
    assert current_manifest(session.folders, "tracks") == manifest
    assert session.status().track_model == manifest
    assert damaged_files(session.folders) == []
    assert session.discover.list(asked).items[0].track
    assert session.discover.list().solo
    session.close()


def test_without_a_pack_of_tracks_ones_own_are_brought_back_and_forgetting_takes_the_model(tmp_path) -> None:
    session = Session(Folders(tmp_path / "data"))
    with pytest.raises(NothingYetError, match="Too little to train on"):
        session.training.train(QUICK)
    for number in range(40):
        for name, title in (TRACKS[(number + i) % 18].split(SEPARATOR) for i in range(4)):
            play(session.library.connection, name, title, number * 40_000 + 300)
    manifest = session.training.train(QUICK)
    assert (manifest.solo, manifest.items) == (True, 18)
    play(session.library.connection, *TRACKS[2].split(SEPARATOR), 400 * DAY)
    session.reload()
    found = session.discover.list(DiscoverSettings(level="tracks"))
    assert found.items
    assert all(item.track and item.plays for item in found.items)
    assert "cannot know tracks you never played" in found.notes[0]
    session.forget(Rule(artist=ARTISTS[0]))
    assert session.models.manifest("tracks") is None
    assert not (session.folders.models / "current-tracks").exists()
    session.close()
