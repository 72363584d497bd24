"""Likes, hides and blocks, over a library and its artists."""

from __future__ import annotations

import pytest

from engine.canonical_keys import artist_key
from engine.errors import UnknownNameError, UsageError
from engine.session.artists import Artists
from engine.session.library import Change, Library
from engine.session.models import Models
from engine.session.verdicts import Verdicts
from tests.support.models import ARTISTS


@pytest.fixture
def verdicts(library: Library) -> Verdicts:
    return Verdicts(library, Artists(library, Models(library)))


def test_a_verdict_returns_what_stood_before_and_is_one_an_artist(verdicts: Verdicts) -> None:
    assert verdicts.judge("like", "lanterns") is None
    assert verdicts.judge("block", "The Lanterns") == "like"
    assert verdicts.of(artist_key("Lanterns")) == "block"
    assert [(mark.artist, mark.verdict) for mark in verdicts.all()] == [("The Lanterns", "block")]
    assert verdicts.judge(None, "LANTERNS") == "block"
    assert verdicts.all() == ()


def test_a_track_is_judged_apart_from_its_artist(verdicts: Verdicts) -> None:
    verdicts.judge("block", "The Lanterns", "Slow Ferry")
    assert verdicts.of(artist_key("The Lanterns")) is None
    assert verdicts.judge("like", "The Lanterns") is None
    assert verdicts.judge(None, "The Lanterns", "Slow Ferry") == "block"


def test_only_verdicts_there_are_are_given_to_artists_there_are(verdicts: Verdicts) -> None:
    with pytest.raises(UsageError):
        verdicts.judge("adore", ARTISTS[0])
    with pytest.raises(UnknownNameError):
        verdicts.judge("like", "Zyx never heard of")
    assert verdicts.all() == ()


def test_an_artist_once_judged_is_known_without_library_or_catalog(
    verdicts: Verdicts, library: Library
) -> None:
    verdicts.judge("block", ARTISTS[40])
    (library.folders.models / "current").unlink()
    library.changed(Change.EVERYTHING)
    assert verdicts.judge("like", ARTISTS[40].upper()) == "block"
    assert [(mark.artist, mark.verdict) for mark in verdicts.all()] == [(ARTISTS[40], "like")]


def test_every_cache_hears_of_a_verdict(verdicts: Verdicts, library: Library) -> None:
    heard: list[Change] = []
    library.subscribe(heard.append)
    verdicts.judge("like", ARTISTS[0])
    assert heard == [Change.TASTE]
