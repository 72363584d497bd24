"""Solo mode: what had rested comes back, for reasons that are facts, whose shares are exact, in a list never empty."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.ensemble import SOLO_WEIGHTS
from engine.privacy import Door
from engine.recommend.discover import Recommender
from engine.recommend.explain import explain
from engine.recommend.lists import DiscoverList
from engine.recommend.settings import DiscoverSettings
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.taste.gate import read_dated_taste
from engine.taste.sessions import count_sessions
from engine.training.artifact import open_model
from tests.support.factorizing import plays
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

DAY = 86_400
# Played long ago, on so many days: the first the most often, the last the latest.
RESTED = {0: 9, 3: 5, 6: 2, 1: 1, 30: 2}
NOW = (9, 12, 15)
TODAY = 420


@pytest.fixture
def place(tmp_path):
    folders = write_model(tmp_path, solo=True, plays=plays(400, 60))
    connection = open_library(Door(folders))
    for number, days in RESTED.items():
        play(
            connection, ARTISTS[number], "Old Song", *((200 + 2 * number + day) * DAY for day in range(days))
        )
    for number in NOW:
        play(connection, ARTISTS[number], "New Song", 250 * DAY, *(number * 60 + d * DAY for d in (399, 400)))
    yield folders, connection
    connection.close()


def ranked(place) -> Recommender:
    folders, connection = place
    sessions = count_sessions(connection, "artists")
    return Recommender.of(open_model(folders), read_dated_taste(connection), sessions=sessions)


def listed(place) -> DiscoverList:
    return ranked(place).discover(DiscoverSettings(day=TODAY))


def test_what_rested_comes_back_and_what_is_played_now_speaks_for_it(place) -> None:
    found = listed(place)
    assert found.solo
    assert not found.half_explored
    assert "cannot know artists you never played" in found.notes[0]
    assert len(found.notes) == 1
    assert {item.artist for item in found.items} == {ARTISTS[number] for number in RESTED}
    now = {ARTISTS[number] for number in NOW}
    assert {share.artist for item in found.items for share in item.why} <= now
    assert {name for item in found.items for taste in item.tastes.named for name in taste.names} <= now


def test_the_facts_are_the_librarys(place) -> None:
    for item in listed(place).items:
        number = ARTISTS.index(item.artist)
        fewer = sum(days < RESTED[number] for days in RESTED.values()) / len(RESTED)
        more = sum(days > RESTED[number] for days in RESTED.values()) / len(RESTED)
        assert item.own is not None
        assert (item.own.sessions, item.own.rested, item.own.day) == (RESTED[number], True, TODAY)
        assert (item.own.more_than, item.own.fewer_than) == (pytest.approx(fewer), pytest.approx(more))
        assert item.own.last_played == (200 + 2 * number + RESTED[number] - 1) * DAY


def test_every_score_is_the_weighted_z_scores_of_what_is_listed_and_shares_are_of_what_speaks_for_it(
    place,
) -> None:
    recommender = ranked(place)
    items = recommender.discover(DiscoverSettings(day=TODAY)).items
    folded = recommender.ranker.folded
    ids = np.array([item.item for item in items])
    near = folded.neighbours.scores(ids)
    sessions = np.log1p([RESTED[ARTISTS.index(item.artist)] for item in items])
    last = np.array([item.own.last_played for item in items])
    recency = -np.log1p(400.0 + (15 * 60 - last) / DAY)
    parts = {
        "neighbours": SOLO_WEIGHTS["neighbours"] * near / near.std(),
        "sessions": SOLO_WEIGHTS["popularity"] * (sessions - sessions.mean()) / sessions.std(),
        "recency": SOLO_WEIGHTS["recency"] * (recency - recency.mean()) / recency.std(),
    }
    np.testing.assert_allclose([item.score for item in items], sum(parts.values()), atol=1e-6)
    assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
    for place_, item in enumerate(items):
        speaking = sum(max(0.0, part[place_]) for part in parts.values())
        for name, part in parts.items():
            assert item.members.get(name, 0.0) == pytest.approx(part[place_] / speaking, abs=1e-6)
        personal = max(0.0, item.members.get("neighbours", 0.0))
        assert sum(share.share for share in item.why) == pytest.approx(personal)
        assert sum(one.share for one in item.tastes.named) + item.tastes.rest == pytest.approx(personal)
        assert sum(share.share for share in item.why) + item.others_share == pytest.approx(1.0)
    explanation = explain(recommender, items[-1].key, DiscoverSettings(day=TODAY))
    assert (explanation.rank, explanation.own, explanation.members) == (
        len(items),
        items[-1].own,
        items[-1].members,
    )


def test_where_what_is_played_now_says_nothing_for_it_nobody_is_named(tmp_path) -> None:
    folders = write_model(tmp_path, solo=True)  # without neighbours
    connection = open_library(Door(folders))
    for number in (0, 3, 6):
        play(
            connection, ARTISTS[number], "Old Song", *((10 + number + day) * DAY for day in range(number + 1))
        )
    play(connection, ARTISTS[9], "New Song", 399 * DAY)
    found = listed((folders, connection))
    connection.close()
    assert {"sessions", "recency"} >= {name for item in found.items for name in item.members}
    for item in found.items:
        assert (item.why, item.others_share, item.tastes.named) == ((), 1.0, ())


def test_where_nothing_has_rested_the_half_that_was_played_least_is_listed_and_called_that(place) -> None:
    _, connection = place
    for number in RESTED:
        play(connection, ARTISTS[number], "Old Song", 399 * DAY + number)
    found = listed(place)
    assert found.half_explored
    assert "None of the artists that may be listed had rested for 30 days" in found.notes[1]
    known = {ARTISTS[number]: days + 1 for number, days in RESTED.items()} | {
        ARTISTS[number]: 3 for number in NOW
    }
    assert len(found.items) == 4
    assert max(known[item.artist] for item in found.items) <= min(
        sessions for artist, sessions in known.items() if artist not in {item.artist for item in found.items}
    )
    assert not any(item.own.rested for item in found.items)
    for artist in known:
        set_verdict(connection, "hide", artist=artist, artist_key=artist.casefold())
    nothing = listed(place)
    assert (nothing.items, nothing.half_explored) == ((), False)
    assert "hidden, blocked or excluded" in nothing.notes[1]


def test_only_plays_of_the_last_90_days_speak(place) -> None:
    recommender = ranked(place)
    # One of three plays was before.
    assert recommender.listener.recent.tolist() == pytest.approx([2 / 3] * 3)
    decayed = recommender.with_decay(10.0).listener
    assert (decayed.confidence_after_decay < recommender.listener.confidence_after_decay).all()


def test_sessions_are_counted_up_to_the_date_that_is_asked_for(place) -> None:
    _, connection = place
    assert count_sessions(connection, "artists")[ARTISTS[0].casefold()] == RESTED[0]
    until = count_sessions(connection, "artists", until=203 * DAY)
    assert until == {ARTISTS[0].casefold(): 3, ARTISTS[1].casefold(): 1}
