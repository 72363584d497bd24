"""The dials beyond familiar and popular: variety, what counts as known, and how fast plays fade."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.privacy import Door
from engine.recommend.discover import Recommender
from engine.recommend.settings import DiscoverSettings
from engine.recommend.variety import varied
from engine.session import Session
from engine.store.database import open_library
from engine.taste.gate import Window, read_dated_taste, read_days, read_taste
from engine.training.artifact import open_model
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

DAY = 86_400


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Artist 0 played often and lately, 3 once and lately, 6 often and long ago, 9 once and long ago."""
    folders = write_model(tmp_path_factory.mktemp("data"))
    connection = open_library(Door(folders))
    for number, times in ((0, range(5)), (3, range(1)), (6, range(5)), (9, range(1))):
        start = 1000 * DAY if number < 6 else 10 * DAY
        play(connection, ARTISTS[number], "A Song", *(start + i * 3600 for i in times))
    connection.close()
    return folders


@pytest.fixture
def recommender(place):
    connection = open_library(Door(place))
    yield Recommender.of(open_model(place), read_dated_taste(connection))
    connection.close()


def artists(found) -> set[str]:
    return {item.artist for item in found.items}


@pytest.mark.parametrize(
    ("plays", "days", "known"),
    [(1, None, (0, 3, 6, 9)), (2, None, (0, 6)), (1, 30.0, (0, 3)), (2, 30.0, (0,)), (9, None, ())],
)
def test_nothing_known_is_new_and_nothing_else_is_familiar(recommender, plays, days, known) -> None:
    asked = {"n": 60, "known_plays": plays, "known_days": days}
    wanted = {ARTISTS[number] for number in known}
    new = recommender.discover(DiscoverSettings(**asked))
    assert artists(new).isdisjoint(wanted)
    assert {ARTISTS[number] for number in (0, 3, 6, 9)} - wanted <= artists(new), "one old play is not known"
    assert not any(item.known for item in new.items)
    familiar = recommender.discover(DiscoverSettings(familiarity=0.0, **asked))
    assert artists(familiar) == wanted
    assert all(item.known for item in familiar.items)


def test_variety_lowers_similarity_and_at_zero_moves_nothing(recommender) -> None:
    factors = np.asarray(recommender.model.factors.item_factors, dtype=np.float64)

    def similarity(variety: float) -> float:
        found = recommender.discover(DiscoverSettings(n=12, variety=variety))
        rows = factors[[item.item for item in found.items]]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return float((rows @ rows.T)[~np.eye(12, dtype=bool)].mean())

    assert recommender.discover(DiscoverSettings(n=12, variety=0.0)) == recommender.discover(
        DiscoverSettings(n=12)
    )
    assert similarity(1.0) < similarity(0.5) <= similarity(0.0)


@given(st.integers(1, 60), st.floats(0, 1), st.integers(1, 70), st.integers(0, 9))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_variety_only_reorders(count: int, variety: float, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(count, 4)).astype(np.float32)
    scores = -np.sort(-rng.random(count))
    order = varied(factors, scores, variety, n)
    assert sorted(order.tolist()) == list(range(count))
    assert order[0] == 0, "the best stays first"
    if variety == 0.0:
        assert order.tolist() == list(range(count))


def test_fading_moves_the_reasons_to_what_was_played_lately(place) -> None:
    session = Session(place)
    try:
        plain = session.discover.list(DiscoverSettings(n=5, half_life=0))
        faded = session.discover.list(DiscoverSettings(n=5, half_life=30.0))
        named = session.discover.list(DiscoverSettings(n=5, half_life=30.0))
    finally:
        session.close()
    assert faded == named

    def share_of_old(found) -> float:
        old = {ARTISTS[6], ARTISTS[9]}
        return sum(share.share for item in found.items for share in item.why if share.artist in old)

    # A play long faded is still a play: its confidence falls to 1, not to 0.
    assert share_of_old(faded) < 0.7 * share_of_old(plain)


def test_a_faded_taste_is_the_one_read_with_that_window(place) -> None:
    connection = open_library(Door(place))
    window = Window(until=1000 * DAY + 5)
    assert read_taste(connection, window).with_decay(read_days(connection, window), 90.0) == read_taste(
        connection, Window(until=1000 * DAY + 5, half_life=90.0)
    )
    connection.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"variety": 1.1},
        {"variety": float("nan")},
        {"known_plays": 0},
        {"known_days": 0.0},
        {"half_life": -1.0},
    ],
)
def test_dials_out_of_range_are_refused(wrong) -> None:
    with pytest.raises(UsageError):
        DiscoverSettings(**wrong)
