"""Looking back: what is guessed from what, by whom, and when fading is taken."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import random as random_matrix

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError
from engine.paths import Folders
from engine.privacy import Door
from engine.recommend import hindsight
from engine.recommend.backtest import HALF_LIVES, QUARTER, backtest
from engine.recommend.hindsight import (
    BASELINES,
    DISCOVER,
    NDCG,
    Comparison,
    half_life_taken,
    with_half_life,
)
from engine.recommend.settings import DiscoverSettings
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.taste.rules import Rule, add_rule
from engine.training.artifact import open_model
from tests.support.backtests import cuts_of, runs_of
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

DAY = 86_400
COMMUNITY = random_matrix(80, 60, density=0.2, format="csr", dtype=np.float32, random_state=5)
LAST = 2000 * DAY


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return open_model(write_model(tmp_path_factory.mktemp("model")))


@pytest.fixture
def place(model, tmp_path):
    connection = open_library(Door(Folders(tmp_path)))
    yield model, connection
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
    found = backtest(model, connection, COMMUNITY, also={"the obscure": DiscoverSettings(popularity=-1.0)})
    assert [(cut.known, cut.new) for cut in found.cuts] == [(5, 1)]
    assert found.cuts[0].at == LAST + 1 - QUARTER
    assert {DISCOVER, *BASELINES} < found.methods.keys()
    assert found.methods[DISCOVER]["hits@20"] == 1, (
        "the block that was played is ranked first, and 12 is of it"
    )
    assert 0 < found.methods[DISCOVER]["ndcg@20"] <= found.methods[DISCOVER][NDCG]
    assert found.methods["the obscure"] != found.methods[DISCOVER]
    assert found.compared["the obscure"].keys() == set(BASELINES)
    assert not found.counts
    assert found.half_life is None, "one artist to guess says nothing of half-lives"


def test_without_anything_new_there_is_nothing_to_measure(place) -> None:
    model, connection = place
    play(connection, ARTISTS[0], "A Song", 1000 * DAY, LAST)
    with pytest.raises(NothingYetError, match="Nothing to measure"):
        backtest(model, connection, COMMUNITY)


def test_what_is_known_without_a_date_alone_is_nothing_to_predict_from(place) -> None:
    model, connection = place
    play(connection, ARTISTS[0], "A Song", None)
    play(connection, ARTISTS[12], "A Song", LAST)
    with pytest.raises(NothingYetError, match="Nothing to measure"):
        backtest(model, connection, COMMUNITY)


def test_quarters_that_brought_nothing_are_passed_over_however_long(place) -> None:
    """Somebody who found music years ago, and plays it still, gets figures of then."""
    model, connection = place
    for number in (0, 3, 6):
        play(connection, ARTISTS[number], "A Song", 1000 * DAY)
    play(connection, ARTISTS[9], "A Song", 1100 * DAY, *range(1200 * DAY, LAST, 50 * DAY))
    play(connection, ARTISTS[12], "A Song", 1195 * DAY)
    cuts = backtest(model, connection, COMMUNITY).cuts
    assert [(cut.until, cut.known, cut.new, cut.later) for cut in cuts] == [
        (1100 * DAY + 1, 3, 1, 2),
        (1195 * DAY + 1, 4, 1, 1),
    ]
    assert {cut.until - cut.at for cut in cuts} == {QUARTER}


def test_a_short_history_is_cut_into_shorter_spans(place) -> None:
    model, connection = place
    for step, number in enumerate((0, 3, 6, 9, 12, 15)):
        play(connection, ARTISTS[number], "A Song", LAST - 50 * DAY + step * 10 * DAY)
    cuts = backtest(model, connection, COMMUNITY).cuts
    assert len(cuts) == 5
    assert {cut.until - cut.at for cut in cuts} == {10 * DAY}
    connection.execute("UPDATE listens SET flags = 8 WHERE id = 1")
    assert backtest(model, connection, COMMUNITY).counts, "it may have been played before the date it has"


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


def test_counts_that_a_rule_excludes_are_not_said_of_what_was_measured(place) -> None:
    model, connection = place
    for number, start in ((0, 1000), (3, 1000), (6, 1500), (9, 2000)):
        play(connection, ARTISTS[number], "A Song", start * DAY)
    connection.execute("UPDATE listens SET flags = 8 WHERE started_at = ?", (LAST,))
    assert backtest(model, connection, COMMUNITY).counts
    add_rule(connection, Rule(since=LAST))
    assert not backtest(model, connection, COMMUNITY).counts


def test_what_was_played_only_where_it_does_not_count_is_new_when_it_first_does(place) -> None:
    model, connection = place
    for number in (0, 3, 6, 9):
        play(connection, ARTISTS[number], "A Song", 1000 * DAY)
    play(connection, ARTISTS[12], "A Song", 1200 * DAY, LAST)
    assert [cut.until for cut in backtest(model, connection, COMMUNITY).cuts] == [1200 * DAY + 1]
    add_rule(connection, Rule(since=1100 * DAY, until=1300 * DAY))
    cuts = backtest(model, connection, COMMUNITY).cuts
    assert [(cut.until, cut.known, cut.new) for cut in cuts] == [(LAST + 1, 4, 1)]


def test_a_taste_that_moved_is_guessed_best_when_the_past_fades(place, monkeypatch) -> None:
    """Years of one block of artists, then weeks of another: what comes new is of the other."""
    model, connection = place
    monkeypatch.setattr(hindsight, "MIN_NEW", 9)
    for number in range(0, 30, 3):
        play(connection, ARTISTS[number], "A Song", *range(100 * DAY, 130 * DAY, DAY))
    start = LAST - 8 * QUARTER
    for step, number in enumerate(range(1, 58, 3), -4):
        play(connection, ARTISTS[number], "A Song", *range(start + max(0, step) * 36 * DAY, LAST, 15 * DAY))
    play(connection, ARTISTS[1], "A Song", LAST)
    found = backtest(model, connection, COMMUNITY)
    assert found.half_life in HALF_LIVES
    assert found.used == with_half_life(found.half_life)
    assert found.methods[found.used][NDCG] > found.methods[DISCOVER][NDCG]


@pytest.mark.parametrize(
    ("decayed", "taken"),
    [
        ([0.3, 0.3, 0.3, 0.3], True),
        ([0.2, 0.2, 0.2, 0.2], False),
        ([0.205, 0.205, 0.205, 0.205], False),
        ([0.9, 0.1, 0.3, 0.3], False),
        ([0.3, 0.3, 0.2, 0.2], False),
        ([0.2, 0.2, 0.3, 0.3], False),
    ],
    ids=[
        "better",
        "equal",
        "hardly better",
        "better by one cut",
        "not confirmed later",
        "not chosen earlier",
    ],
)
def test_decay_is_taken_only_where_it_wins_on_quarters_it_was_not_chosen_on(
    decayed: list[float], taken: bool
) -> None:
    plain = [0.2, 0.2, 0.2, 0.2]
    runs = {DISCOVER: plain, with_half_life(90): decayed, with_half_life(365): [0.0, 0.0, 0.9, 0.9]}
    measured = {name: runs_of(values) for name, values in runs.items()}
    assert half_life_taken(cuts_of(9, 1, 5, 5), measured, (90.0, 365.0)) == (90.0 if taken else None)
    assert half_life_taken(cuts_of(8, 1, 5, 5), measured, (90.0, 365.0)) is None, "too few to choose by"


@pytest.mark.parametrize(
    ("found", "missed", "verdict"),
    [(5, 0, "better"), (4, 0, "too few to tell"), (0, 9, "worse"), (60, 50, "too few to tell")],
)
def test_a_difference_is_reported_only_beyond_two_standard_errors(
    found: int, missed: int, verdict: str
) -> None:
    one = Comparison(found, missed)
    assert one.verdict == verdict
    assert one.standard_error == pytest.approx(np.sqrt(found + missed))


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
