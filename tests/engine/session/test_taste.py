"""Taste over a library and Discover: its parts, and rules that can be looked at first and taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import UnknownNameError
from engine.session.artists import Artists
from engine.session.discover import Discover
from engine.session.library import Library
from engine.session.models import Models
from engine.session.taste import Tastes
from engine.taste.rules import Rule
from tests.support.models import ARTISTS
from tests.support.services import discover_of


@pytest.fixture
def discover(library: Library) -> Discover:
    return discover_of(library)


@pytest.fixture
def taste(library: Library, discover: Discover) -> Tastes:
    return Tastes(library, Artists(library, Models(library)), discover)


def test_a_preview_says_what_the_rule_then_does_and_changes_nothing(
    taste: Tastes, discover: Discover
) -> None:
    before, rule = discover.list(), Rule(artist=ARTISTS[0].upper())
    preview = taste.exclude(rule, preview=True)
    assert taste.rules() == ()
    assert discover.list() == before
    done = taste.exclude(rule)
    assert replace(done, id=None) == preview
    assert done.listens == taste.listens_excluded(rule) == taste.listens_excluded() == 2
    assert ARTISTS[0] not in {item.name for item in taste.read().items}
    (kept,) = taste.rules()
    taste.include(kept.id)
    assert discover.list() == before
    taste.restore_rule(kept)
    assert taste.rules() == (kept,)
    assert discover.list() != before


def test_a_rule_names_artists_and_sources_there_are(taste: Tastes) -> None:
    with pytest.raises(UnknownNameError, match="The Lanterns"):
        taste.exclude(Rule(artist="The Lantrens"))
    for ask in (taste.check_source, lambda source: taste.exclude(Rule(source=source))):
        with pytest.raises(UnknownNameError):
            ask("nowhere")
    assert taste.rules() == ()


def test_every_artist_of_the_taste_is_on_the_map_and_in_a_mode(taste: Tastes) -> None:
    played = {ARTISTS[number] for number in (0, 3, 6, 9, 1)}
    assert {artist.artist for artist in taste.map().artists} == played
    assert sum(mode.share for mode in taste.modes()) == pytest.approx(1.0)
