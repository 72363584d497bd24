"""The map of one's artists and the drift of one's tastes: what holds of them whatever the library."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.privacy import Door
from engine.recommend.taste_map import projected, spread
from engine.session import Session
from engine.store.database import open_library
from engine.taste.rules import Rule
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

YEAR = 365 * 86_400
FEW = st.integers(1, 30)


def some_artists(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factors of alike artists in up to four tastes, their weights and tastes."""
    rng = np.random.default_rng(seed)
    label = np.arange(count) % min(4, count)
    vectors = np.eye(4, 8)[label] * np.linspace(1, 2, 4)[label, None] + 0.3 * rng.normal(size=(count, 8))
    return vectors.astype(np.float32), rng.uniform(0.1, 5.0, count), label


@given(st.integers(0, 1_000), FEW)
@settings(deadline=None, max_examples=40, derandomize=True)
def test_the_map_holds_a_share_and_does_not_depend_on_how_factors_are_turned(seed: int, count: int) -> None:
    vectors, weights, label = some_artists(seed, count)
    plane, shown = projected(vectors, weights, label)
    assert plane.shape == (count, 2)
    assert 0 <= shown <= 1 + 1e-9
    np.testing.assert_array_equal(plane, projected(vectors, weights, label)[0])
    # An orthogonal turn of all factors changes no distance, and so no map.
    turn = np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(8, 8)))[0]
    turned, share = projected(np.asarray(vectors @ turn, dtype=np.float32), weights, label)
    np.testing.assert_allclose(share, shown, atol=1e-4)
    if shown < 0.999:
        np.testing.assert_allclose(turned, plane, atol=2e-3)
    # The heaviest is at the upper left, or in the middle.
    assert (plane[int(np.argmax(weights))] <= 1e-5).all()


def test_two_tastes_are_apart_and_one_is_drawn_by_its_main_directions() -> None:
    vectors, weights, _ = some_artists(3, 30)
    one = projected(vectors, weights, np.zeros(30, dtype=np.int64))
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    around = unit - np.average(unit, axis=0, weights=weights)
    sizes = np.linalg.svd(np.sqrt(weights)[:, None] * around, compute_uv=False) ** 2
    assert one[1] == pytest.approx(sizes[:2].sum() / sizes.sum(), abs=1e-6)
    label = (np.arange(30) % 4 == 0).astype(np.int64)
    plane, _ = projected(vectors, weights, label)
    inside, outside = plane[label == 1, 0], plane[label == 0, 0]
    assert inside.min() > outside.max() or inside.max() < outside.min()


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_spreading_keeps_order_and_ties_and_the_frame(along: list[float]) -> None:
    given_places = np.array(along)
    places = spread(given_places)
    assert ((places >= 0) & (places <= 1)).all()
    order = np.argsort(given_places, kind="stable")
    assert (np.diff(places[order]) >= -1e-12).all()
    for one, other in pairwise(order.tolist()):
        if given_places[one] == given_places[other]:
            assert places[one] == pytest.approx(places[other])


@pytest.fixture
def session(tmp_path: Path):
    """Three blocks of alike artists: one heard in 2020, one in 2022, one in both; one artist no model knows."""
    folders = write_model(tmp_path / "data")
    connection = open_library(Door(folders))
    begin = int(time.mktime((2020, 1, 1, 0, 0, 0, 0, 0, -1)))
    for number in range(24):
        years = {0: (0,), 1: (2,), 2: (0, 2)}[number % 3]
        times = [begin + year * YEAR + number * 86_400 + i * 300 for year in years for i in range(1 + number)]
        play(connection, ARTISTS[number], "A Song", *times)
    # The first and the last second of a year here.
    play(
        connection,
        "The Lanterns",
        "Slow Ferry",
        begin,
        None,
        int(time.mktime((2021, 1, 1, 0, 0, 0, 0, 0, -1))) - 1,
    )
    connection.close()
    opened = Session(folders)
    yield opened
    opened.close()


def test_drift_shares_every_play_of_a_year_once(session) -> None:
    found = session.taste.drift()
    assert [year.year for year in found.years] == [2020, 2022], "a year without plays is none"
    assert len(found.tastes) == len(session.taste.modes()) == 3
    for year in found.years:
        assert sum(year.shares) + year.others == pytest.approx(1.0)
    first, last = found.years
    assert first.others == pytest.approx(2 / first.plays), "the undated play is in no year"
    assert last.others == 0
    assert sorted(share > 0 for share in first.shares) == [False, True, True]
    assert sum(year.plays for year in found.years) == session.history.stats().plays - 1
    assert (first.new, last.new) == (17, 8)
    assert (last.top.artist, last.top.plays) == (ARTISTS[23], 24)
    assert last.top_new is not None
    assert (last.top_new.artist, last.top_new.plays) == (ARTISTS[22], 23)


def test_a_players_count_is_in_no_year_for_its_date_is_that_of_the_last_play(session) -> None:
    before = [year.plays for year in session.taste.drift().years]
    with session.library.connection as connection:
        connection.execute(
            "UPDATE listens SET flags = flags | 8 WHERE started_at = (SELECT max(started_at) FROM listens)"
        )
    session.reload()
    assert [year.plays for year in session.taste.drift().years] == [before[0], before[1] - 1]


def test_the_map_holds_each_artist_of_the_model_once_in_its_taste(session) -> None:
    found, modes = session.taste.map(), session.taste.modes()
    assert sorted(artist.artist for artist in found.artists) == sorted(ARTISTS[:24])
    assert [taste.name for taste in found.tastes] == [mode.name for mode in modes]
    counts = [sum(artist.mode == taste.number for artist in found.artists) for taste in found.tastes]
    assert counts == [len(mode.places) for mode in modes]
    assert all(0 <= place <= 1 for dot in (*found.artists, *found.tastes) for place in (dot.x, dot.y))
    session.reload()
    assert session.taste.map() == found


def test_a_blocked_or_excluded_artist_is_on_no_map_and_in_no_year(session) -> None:
    before = session.taste.map(), session.taste.drift()
    session.verdicts.judge("block", ARTISTS[23])
    rule = session.taste.exclude(Rule(artist=ARTISTS[22]))
    gone = {ARTISTS[22], ARTISTS[23]}
    drift = session.taste.drift()
    assert not gone & {artist.artist for artist in session.taste.map().artists}
    assert not gone & {heard.artist for year in drift.years for heard in (year.top, year.top_new) if heard}
    assert sum(year.plays for year in drift.years) == sum(year.plays for year in before[1].years) - 23 - 48
    session.verdicts.judge(None, ARTISTS[23])
    session.taste.include(rule.id)
    assert (session.taste.map(), session.taste.drift()) == before


def test_a_preview_says_what_the_rule_then_does_and_a_rule_taken_back_returns_as_it_was(session) -> None:
    first = session.taste.exclude(Rule(artist=ARTISTS[3]))
    rules, top = session.taste.rules(), session.discover.list()
    rule = Rule(artist=ARTISTS[23], since=int(time.mktime((2021, 1, 1, 0, 0, 0, 0, 0, -1))))
    found = session.taste.exclude(rule, preview=True)
    assert (session.taste.rules(), session.discover.list()) == (rules, top), "a preview changes nothing"
    done = session.taste.exclude(rule)
    assert (found.id, found.listens) == (None, 24)
    assert (done.leaves, done.enters, done.moves) == (found.leaves, found.enters, found.moves)
    assert done.moves > 0
    both = session.taste.rules()
    session.taste.include(first.id)
    session.taste.restore_rule(both[0])
    assert session.taste.rules() == both
    session.taste.include(done.id)
    assert (session.taste.rules(), session.discover.list()) == (rules, top)
