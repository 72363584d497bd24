"""Reasons by group: exact, never beyond the whole, and of nobody themselves."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.privacy import Door
from engine.recommend.discover import Recommender
from engine.recommend.explain import explain
from engine.recommend.settings import DiscoverSettings
from engine.recommend.taste_shares import ReasonGroups, grouped
from engine.store.database import open_library
from engine.taste.gate import TasteItem, read_dated_taste
from engine.training.artifact import open_model
from tests.support.listens import play
from tests.support.models import names, write_model
from tuiapp.tastes import in_a_line

# The models are made once, not once a worker.
pytestmark = pytest.mark.xdist_group("taste shares")

ARTISTS = names(400)
DAY = 86_400


def recommender_of(folder, played) -> Recommender:
    """A person who played those of 400 artists, in a community whose neighbours count too."""
    rng = np.random.default_rng(5)
    plays = np.zeros((300, 400), dtype=np.float32)
    for number, row in enumerate(plays):
        kind = np.arange(number % 3, 400, 3)
        row[rng.choice(kind, size=20, replace=False)] = rng.integers(1, 30, 20)
    weights = {"factors": 0.4, "closeness": 0.2, "neighbours": 0.4, "popularity": 0.1}
    folders = write_model(folder, items=400, plays=csr_matrix(plays), ensemble=weights)
    connection = open_library(Door(folders))
    for number in played:
        play(connection, ARTISTS[number], "A Song", *(DAY * number + 600 * i for i in range(1 + number % 7)))
    found = Recommender.of(open_model(folders), read_dated_taste(connection))
    connection.close()
    return found


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Recommender:
    """Somebody who plays 130 artists, two kinds of them more than the third."""
    return recommender_of(
        tmp_path_factory.mktemp("many") / "data", [*range(0, 240, 3), *range(1, 120, 3), *range(2, 30, 3)]
    )


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Recommender:
    return recommender_of(tmp_path_factory.mktemp("few") / "data", range(0, 30, 3))


@pytest.mark.parametrize("who", ["many", "few"])
def test_what_speaks_for_it_sums_to_one_and_less_what_speaks_against_is_the_score(who, request) -> None:
    recommender: Recommender = request.getfixturevalue(who)
    found = recommender.discover(DiscoverSettings(n=60, familiarity=0.5))
    assert found.items
    levels = levels_of(recommender.ranker.groups)
    for item in found.items:
        tastes = item.tastes
        assert abs(sum(one.share for one in tastes.named) + tastes.rest - 1.0) < 1e-9
        assert all(0 < one.share <= 1.0 for one in (*tastes.named, *tastes.against))
        assert sum(one.share for one in tastes.against) <= tastes.against_in_all + 1e-9
        one = np.array([item.item])
        alone = recommender.ranker.contributions(one)[0]
        said = [np.bincount(labels, alone) for labels in levels]
        largest = {round(one.max() / one[one > 0].sum(), 6): one for one in said}
        whole = largest[round(tastes.named[0].share, 6)]
        assert whole[whole > 0].sum() * (1.0 - tastes.against_in_all) == pytest.approx(alone.sum())


def levels_of(groups: ReasonGroups) -> list[np.ndarray]:
    """The group of each reason, among the most groups and then among fewer."""
    return [groups.labels, *(merged[groups.labels] for merged in groups.merged)]


def test_three_groups_hold_most_of_what_three_of_many_artists_cannot(many) -> None:
    items = many.discover(DiscoverSettings(n=50)).items
    by_group = [sum(one.share for one in item.tastes.named) for item in items]
    by_artist = [sum(share.share for share in item.why) for item in items]
    assert min(by_group) >= 0.7
    assert np.median(by_artist) < 0.3


@pytest.mark.parametrize("seed", range(5))
def test_three_groups_hold_most_of_any_row_whatever_speaks_for_it(seed) -> None:
    rng = np.random.default_rng(seed)
    listener = SimpleNamespace(
        ids=np.arange(200),
        reasons=tuple(TasteItem(name, name, 5.0, None) for name in ARTISTS[:200]),
        weights=rng.uniform(1.0, 50.0, 200),
        reason_factors=rng.normal(size=(200, 20)).astype(np.float32),
    )
    found = grouped(listener, rng.normal(size=(30, 200)))
    sizes = [labels.max() + 1 for labels in levels_of(found)]
    assert sizes == list(range(12, 2, -1))
    # A little from everybody, much from few, and much against.
    rows = np.concatenate(
        [rng.uniform(size=(40, 200)), rng.exponential(size=(40, 200)) ** 4, rng.normal(0.3, 1, (40, 200))]
    )
    shares = found.shares(np.arange(200, 320), rows, np.ones(120))
    held = [sum(one.share for one in row.named) for row in shares]
    assert min(held) >= 0.7
    # It takes no more together than it must: a row of few groups is told by the finest.
    one = np.where(found.labels == 5, 1.0, 0.0)[None]
    (row,) = found.shares(np.array([999]), one, np.ones(1))
    assert len(row.named[0].names) + row.named[0].more == int((found.labels == 5).sum())


def test_a_group_is_named_by_artists_in_it_and_how_many_more_there_are(many) -> None:
    levels = levels_of(many.ranker.groups)
    number = {item.name: place for place, item in enumerate(many.reasons)}
    for item in many.discover(DiscoverSettings(n=20)).items:
        for taste in item.tastes.named:
            places = [number[name] for name in taste.names]
            sizes = {
                int((labels == labels[places[0]]).sum()) for labels in levels if len(set(labels[places])) == 1
            }
            assert len(taste.names) + taste.more in sizes
            assert len(taste.names) <= 3


def test_factors_in_one_direction_do_not_make_all_artists_one_group() -> None:
    rng = np.random.default_rng(3)
    ids = np.arange(90)
    kind = ids % 3
    reasons = tuple(TasteItem(name, name, 5.0, None) for name in ARTISTS[:90])
    listener = SimpleNamespace(
        ids=ids,
        reasons=reasons,
        weights=np.full(90, 5.0),
        reason_factors=(rng.uniform(0.1, 1.0, (90, 1)) * [[0.9, 0.3, 0.1]]).astype(np.float32),
    )
    usual = np.eye(3)[rng.integers(0, 3, 60)][:, kind] * rng.uniform(0.5, 1.0, 90)
    found = grouped(listener, usual)
    assert np.bincount(found.labels).max() <= 30
    assert all(len(set(kind[found.labels == label])) == 1 for label in range(found.labels.max() + 1))


def test_few_artists_are_named_one_by_one(few) -> None:
    for item in few.discover(DiscoverSettings(n=20)).items:
        assert all(len(taste.names) == 1 and not taste.more for taste in item.tastes.named)


@pytest.mark.parametrize("who", ["many", "few"])
def test_nothing_is_a_reason_for_itself(who, request) -> None:
    recommender: Recommender = request.getfixturevalue(who)
    known = [
        item for item in recommender.discover(DiscoverSettings(n=60, familiarity=0.0)).items if item.known
    ]
    assert known
    for item in known:
        assert item.artist not in {share.artist for share in item.why}
        assert item.artist not in {name for taste in item.tastes.named for name in taste.names}
        explanation = explain(recommender, item.key)
        assert item.artist not in {share.artist for share in explanation.shares}
        assert item.artist not in {one.artist for one in explanation.without}
        assert explanation.itself + sum(share.share for share in explanation.shares) == pytest.approx(1.0)
        assert [one.names for one in explanation.tastes.named] == [one.names for one in item.tastes.named]


def test_a_what_if_that_changes_nothing_is_not_shown(many) -> None:
    for item in many.discover(DiscoverSettings(n=20)).items:
        explanation = explain(many, item.key)
        assert all(one.rank != explanation.rank for one in explanation.without)


def test_turning_recency_keeps_the_groups_and_their_sums(many) -> None:
    decayed = many.with_decay(60.0)
    assert decayed.ranker.groups is many.ranker.groups
    for item in decayed.discover(DiscoverSettings(n=10)).items:
        assert abs(sum(one.share for one in item.tastes.named) + item.tastes.rest - 1.0) < 1e-9


def test_a_track_is_a_reason_with_the_name_of_its_artist() -> None:
    reasons = [
        TasteItem("a", "Burel", 3, None, track="Moire"),
        TasteItem("b", "Lark", 2, None, track="Moire"),
    ]
    groups = ReasonGroups(np.array([1, 2]), reasons, np.array([0, 1]), np.zeros(2))
    (shares,) = groups.shares(np.array([9]), np.array([[0.75, 0.25]]), np.ones(1))
    assert in_a_line(shares) == "75 % Moire by Burel · 25 % Moire by Lark"
