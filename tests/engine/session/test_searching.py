"""Search over own names and the community's: order, each name once, and nothing that is blocked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.canonical_keys import AnySpelling, joined_key, track_name
from engine.privacy import Door
from engine.session.library import Library
from engine.session.models import Models
from engine.session.searching import Found, OwnNames, own_names, search
from engine.store.database import open_library
from tests.support.listens import play
from tests.support.models import write_model

NOBODY = AnySpelling(())
CATALOG = ["The Lanterns", "Lantern Parade", "Lanternfish", "Burel"]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Four artists of the community, of whom one is played in another spelling, and two it does not know."""
    folders = write_model(tmp_path / "data", items=4, called=CATALOG, factors=3)
    with closing(open_library(Door(folders))) as connection:
        play(connection, "Lanterns", "Slow Ferry", 1, 2, 3)
        play(connection, "Lantern", "Tide", 4)
        play(connection, "Ida", "Lantern", *range(5, 15))
    library = Library(folders)
    yield library
    library.close()


@pytest.fixture
def own(library: Library) -> OwnNames:
    return own_names(library.connection)


def named(found: tuple[Found, ...]) -> list[tuple[str, str | None, int, bool]]:
    return [(one.artist, one.track, one.plays, one.listeners > 0) for one in found]


def test_own_names_are_in_order_of_plays_and_each_track_has_its_artist(own: OwnNames) -> None:
    assert [(name, plays) for _, name, plays in own.artists] == [("Ida", 10), ("Lanterns", 3), ("Lantern", 1)]
    assert own.numbers == {"ida": 0, "lanterns": 1, "lantern": 2}
    titles = {
        title: own.artists[number][1] for (_, title, _), number in zip(own.tracks, own.artist_of, strict=True)
    }
    assert titles == {"Lantern": "Ida", "Slow Ferry": "Lanterns", "Tide": "Lantern"}


def test_a_whole_name_goes_before_a_beginning_and_artists_before_tracks(
    library: Library, own: OwnNames
) -> None:
    found = named(search("lantern", 9, own, Models(library).open(), NOBODY))
    assert found[:2] == [("Lantern", None, 1, False), ("Ida", "Lantern", 10, False)]
    assert [artist for artist, track, *_ in found[2:] if track is None] == [
        "Lanterns",
        "Lantern Parade",
        "Lanternfish",
    ]


def test_one_the_community_knows_too_is_listed_once_by_the_persons_name(
    library: Library, own: OwnNames
) -> None:
    found = named(search("lanterns", 9, own, Models(library).open(), NOBODY))
    assert found[0] == ("Lanterns", None, 3, True)
    assert "The Lanterns" not in {artist for artist, *_ in found}
    assert named(search("lanterns", 9, own, None, NOBODY))[0] == ("Lanterns", None, 3, False)
    assert search("lantern", 2, own, None, NOBODY) == search("lantern", 9, own, None, NOBODY)[:2]
    assert search("", 9, own, Models(library).open(), NOBODY) == ()


def test_the_blocked_are_found_in_no_spelling_with_none_of_their_tracks(
    library: Library, own: OwnNames
) -> None:
    model = Models(library).open()
    blocked = AnySpelling(["the lanterns", "lanternfish"])
    assert {one.artist for one in search("lantern", 9, own, model, blocked)} == {
        "Ida",
        "Lantern",
        "Lantern Parade",
    }
    assert search("slow ferry", 9, own, model, blocked) == ()
    # One track of an artist.
    track = AnySpelling([joined_key("ida", "lantern")])
    assert ("Ida", "Lantern") not in {
        (one.artist, one.track) for one in search("lantern", 9, own, model, track)
    }
    assert search("ida", 9, own, model, track)[0].artist == "Ida"


def test_a_track_of_both_is_listed_once(library: Library) -> None:
    called = [track_name("Ida", "Lantern"), track_name("Burel", "Lantern Song")]
    write_model(library.folders.root, level="tracks", items=2, called=called, factors=2)
    play(library.connection, "Ida", "Lantern (Remastered)", 90)
    tracks, own = Models(library).open("tracks"), own_names(library.connection)
    found = named(search("lantern", 9, own, None, NOBODY, tracks=tracks))
    assert ("Burel", "Lantern Song", 0, True) in found
    assert [one for one in found if one[:2] == ("Ida", "Lantern")] == [("Ida", "Lantern", 10, True)]


def test_a_solo_models_sessions_are_not_called_listeners(library: Library, own: OwnNames) -> None:
    write_model(library.folders.root, items=4, called=CATALOG, factors=3, solo=True)
    library.reread()
    found = search("lanterns", 9, own, Models(library).open(), NOBODY)
    assert [one.listeners for one in found] == [0] * len(found)
