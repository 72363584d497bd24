"""Artists by name, over a library and its models."""

from __future__ import annotations

import pytest

from engine.errors import UnknownNameError
from engine.session import searching
from engine.session.artists import Artists
from engine.session.library import Change, Library
from engine.session.models import Models
from tests.support.models import ARTISTS


@pytest.fixture
def artists(library: Library) -> Artists:
    return Artists(library, Models(library))


def test_a_name_is_found_by_exact_then_relaxed_key_then_in_the_catalog(artists: Artists) -> None:
    assert artists.resolve(ARTISTS[0].upper()) == (ARTISTS[0], ARTISTS[0].lower())
    assert artists.resolve("lanterns")[0] == "The Lanterns"
    assert artists.resolve(ARTISTS[40])[0] == ARTISTS[40]
    with pytest.raises(UnknownNameError, match="The Lanterns"):
        artists.resolve("The Lantrens")


def test_of_an_unknown_name_it_is_said_whom_search_finds_though_ones_own_look_like_it_too(
    artists: Artists,
) -> None:
    slip = ARTISTS[40].replace("Artist", "Artsit")
    assert artists.search(slip)[0].artist == ARTISTS[40]
    with pytest.raises(UnknownNameError, match=f"Did you mean {ARTISTS[40]}"):
        artists.resolve(slip)


def test_search_puts_ones_own_first_and_forgives_typos(artists: Artists) -> None:
    found = artists.search("artist", 60)
    assert [hit.plays > 0 for hit in found[:5]] == [True] * 5
    assert artists.search("lantern")[0].artist == "The Lanterns"
    assert any(hit.kind == "track" and hit.track == "Slow Ferry" for hit in artists.search("slow fer"))
    assert artists.search("") == ()


def test_ones_own_names_are_read_again_when_plays_changed_and_not_for_a_verdict(
    artists: Artists, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    really = searching.own_names
    monkeypatch.setattr(searching, "own_names", lambda connection: (reads.append(1), really(connection))[1])
    artists.search("lantern")
    library.changed(Change.TASTE)
    artists.search("lantern")
    assert len(reads) == 1
    library.changed(Change.PLAYS)
    artists.search("lantern")
    assert len(reads) == 2


def test_near_an_artist_are_others_of_the_catalog_and_who_is_in_none_has_nobody_near(
    artists: Artists,
) -> None:
    near = [item.artist for item in artists.related(ARTISTS[0], 5).items]
    assert len(near) == 5
    assert ARTISTS[0] not in near
    with pytest.raises(UnknownNameError, match="The Lanterns"):
        artists.related("the lanterns")
