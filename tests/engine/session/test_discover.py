"""Discover over a library and its models: what is kept while dials turn, what is noted, and earlier days' lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import NothingYetError
from engine.paths import Folders
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from engine.session.discover import MAX_RECOMMENDERS, Discover
from engine.session.library import Change, Library
from engine.taste.gate import Window
from tests.support.models import ARTISTS
from tests.support.services import DAY, discover_of


@pytest.fixture
def discover(library: Library) -> Discover:
    return discover_of(library)


def test_turning_a_dial_asks_the_recommender_there_is_until_the_library_changes(
    discover: Discover, library: Library
) -> None:
    asked = replace(DEFAULTS, day=20_000)
    first = discover.recommender(asked)
    assert discover.recommender(replace(asked, variety=0.9, n=7)) is first
    assert discover.recommender(replace(asked, half_life=90.0)) is not first
    for change in Change:
        library.changed(change)
        found = discover.recommender(asked)
        assert found is not first
        first = found


def test_however_many_windows_are_asked_for_the_lists_are_those_of_a_fresh_start(discover: Discover) -> None:
    asked = [
        replace(DEFAULTS, day=20_000, window=Window(until=number * DAY))
        for number in range(2, 2 * MAX_RECOMMENDERS)
    ]
    before = [discover.list(one) for one in asked]
    assert [discover.list(one) for one in reversed(asked)] == before[::-1]


def test_shares_of_ones_own_artist_are_those_the_lines_are_explained_by(discover: Discover) -> None:
    shares = discover.contributions_of(ARTISTS[3], replace(DEFAULTS, n=10))
    assert len(shares) == 10
    for share in shares:
        reasons = {reason.artist: reason.share for reason in discover.explain(share.artist).shares}
        assert share.share == pytest.approx(reasons.get(ARTISTS[3], 0.0))


def test_a_list_of_an_earlier_day_says_what_was_played_later(discover: Discover) -> None:
    found = discover.list(DiscoverSettings(n=59, window=Window(until=2 * DAY)))
    later = {item.artist: item.later for item in found.items}
    assert later[ARTISTS[3]] == 2
    assert later[ARTISTS[30]] == 0
    assert ARTISTS[0] not in later, "known by then"
    assert all(item.later is None for item in discover.list().items)


def test_an_empty_library_says_what_to_do(tmp_path) -> None:
    library = Library(Folders(tmp_path / "none"))
    with pytest.raises(NothingYetError, match="Import your history"):
        discover_of(library).list()
    library.close()
