"""Looking back: what is guessed from what, by whom, and when fading is taken."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_matrix

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError
from engine.privacy import Door
from engine.recommend import backtest as module
from engine.recommend.backtest import DISCOVER, NDCG, NEIGHBOURS, POPULARITY, backtest
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.taste.rules import Rule, add_rule
from engine.training.artifact import open_model
from tests.support.listens import play
from tests.support.models import names, write_model

DAY = 86_400
QUARTER = module.QUARTER
ARTISTS = names(60)
COMMUNITY = random_matrix(80, 60, density=0.2, format="csr", dtype=np.float32, random_state=5)
LAST = 2000 * DAY


@pytest.fixture
def place(tmp_path):
    folders = write_model(tmp_path)
    connection = open_library(Door(folders))
    yield open_model(folders), connection
    connection.close()


def test_only_what_was_first_played_in_the_quarter_after_a_cut_is_to_be_guessed(place) -> None:
    model, connection = place
    for number in (0, 3, 6, 9):
        play(connection, ARTISTS[number], "A Song", 1000 * DAY)
    play(connection, ARTISTS[12], "A Song", LAST)
    # Known before, played again: not new. Unknown to the community: nothing to guess.
    play(connection, ARTISTS[0], "Another Song", LAST - DAY)
    play(connection, "Nobody Else Knows Them", "A Song", LAST)
    # Undated: it may have been before.
    play(connection, ARTISTS[15], "A Song", None, LAST)
    found = backtest(model, connection, COMMUNITY)
    assert [(cut.known, cut.new) for cut in found.cuts] == [(5, 1)]
    assert found.cuts[0].at == LAST + 1 - QUARTER
    assert {DISCOVER, POPULARITY, NEIGHBOURS} < found.methods.keys()
    assert found.methods[DISCOVER][NDCG] > 0, "the block that was played is ranked first, and 12 is of it"
    assert found.half_life is None, "one artist to guess says nothing of half-lives"


def test_without_anything_new_there_is_nothing_to_measure(place) -> None:
    model, connection = place
    play(connection, ARTISTS[0], "A Song", 1000 * DAY, LAST)
    with pytest.raises(NothingYetError, match="In no quarter"):
        backtest(model, connection, COMMUNITY)


@pytest.mark.parametrize("how", ["rule", "block"])
def test_what_does_not_count_for_taste_moves_no_cut(place, how: str) -> None:
    model, connection = place
    for number in (0, 3, 6, 9):
        play(connection, ARTISTS[number], "A Song", 1000 * DAY)
    play(connection, ARTISTS[12], "A Song", LAST)
    before = backtest(model, connection, COMMUNITY)
    play(connection, ARTISTS[1], "A Song", LAST + 40 * DAY)
    if how == "rule":
        add_rule(connection, Rule(since=LAST + DAY))
    else:
        set_verdict(connection, "block", artist=ARTISTS[1], artist_key=artist_key(ARTISTS[1]))
    assert backtest(model, connection, COMMUNITY).cuts == before.cuts


def test_what_was_played_only_where_it_does_not_count_is_new_when_it_first_does(place) -> None:
    model, connection = place
    for number in (0, 3, 6, 9):
        play(connection, ARTISTS[number], "A Song", 1000 * DAY)
    play(connection, ARTISTS[12], "A Song", 1200 * DAY, LAST)
    with pytest.raises(NothingYetError, match="In no quarter"):
        backtest(model, connection, COMMUNITY)
    add_rule(connection, Rule(since=1100 * DAY, until=1300 * DAY))
    assert [(cut.known, cut.new) for cut in backtest(model, connection, COMMUNITY).cuts] == [(4, 1)]


def test_a_taste_that_moved_is_guessed_best_when_the_past_fades(place) -> None:
    """Years of one block of artists, then weeks of another: what comes new is of the other."""
    model, connection = place
    for number in range(0, 30, 3):
        play(connection, ARTISTS[number], "A Song", *range(100 * DAY, 130 * DAY, DAY))
    start = LAST - 5 * QUARTER
    for step, number in enumerate(range(1, 58, 3)):
        play(connection, ARTISTS[number], "A Song", *range(start + step * 20 * DAY, LAST, 15 * DAY))
    play(connection, ARTISTS[1], "A Song", LAST)
    found = backtest(model, connection, COMMUNITY)
    assert sum(cut.new for cut in found.cuts) >= module.MIN_NEW
    assert found.half_life in module.HALF_LIVES
    faded = found.methods[f"{DISCOVER}, half-life {found.half_life:g} days"]
    assert faded[NDCG] > found.methods[DISCOVER][NDCG]


@pytest.mark.parametrize(
    ("faded", "taken"),
    [
        ([0.3, 0.3, 0.3, 0.3], True),
        ([0.2, 0.2, 0.2, 0.2], False),
        ([0.205, 0.205, 0.205, 0.205], False),
        ([0.9, 0.1, 0.1, 0.2], False),
    ],
    ids=["better", "equal", "hardly better", "better by one cut"],
)
def test_fading_is_taken_only_where_it_is_clearly_better(faded: list[float], taken: bool) -> None:
    plain = [0.2, 0.2, 0.2, 0.2]
    assert module._best_half_life(plain, {90.0: faded, 365.0: [0.0] * 4}) == (90.0 if taken else None)


def test_item_neighbours_know_nothing_of_what_was_played_after_a_cut() -> None:
    rng = np.random.default_rng(0)
    before = csr_matrix((rng.random((2, 60)) < 0.2).astype(np.float32))
    later = before.toarray()
    later[1, ::2] = 1.0
    alone, beside = (module._by_neighbours(COMMUNITY, train)[0] for train in (before, csr_matrix(later)))
    np.testing.assert_array_equal(alone, beside)


def test_tracks_are_looked_back_on_as_tracks(tmp_path) -> None:
    folders = write_model(tmp_path, level="tracks")
    connection = open_library(Door(folders))
    play(connection, ARTISTS[0], "Song 1", 1000 * DAY)
    play(connection, ARTISTS[1], "Song 1 - Live", 1000 * DAY)
    # Another track of an artist known before is new, another version of a track known before is not.
    play(connection, ARTISTS[0], "Song 2", LAST)
    play(connection, ARTISTS[1], "Song 1", LAST)
    found = backtest(open_model(folders, "tracks"), connection, COMMUNITY)
    connection.close()
    assert [(cut.known, cut.new) for cut in found.cuts] == [(2, 1)]
