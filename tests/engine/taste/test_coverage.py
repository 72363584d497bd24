"""Coverage of a taste: what is counted, when it is low, and how it is said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.canonical_keys import joined_key
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.taste.coverage import Coverage
from engine.taste.gate import read_taste
from engine.taste.rules import Rule, add_rule
from tests.support.listens import play


@pytest.fixture
def library(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_library(Door(Folders(tmp_path / "data")))
    play(connection, "Moss Parade", "Tin Roof", *range(0, 3000, 1000))
    play(connection, "Harbour Nine", "Slow Ferry", 10_000)
    yield connection
    connection.close()


def covered(library: sqlite3.Connection, *known: str, collected: str = "2011") -> Coverage | None:
    taste = read_taste(library)
    return Coverage.of_taste(
        taste, known, level="artists", packs=("crowd", "few"), source="crowd.zip", collected=collected
    )


def test_artists_and_plays_are_counted_and_the_unknown_named(library: sqlite3.Connection) -> None:
    found = covered(library, "moss parade", "never played")
    assert found is not None
    assert (found.known, found.of, found.known_plays, found.plays) == (1, 2, 3.0, 4.0)
    assert found.unknown == {"harbour nine"}
    assert found.in_words() == (
        "The community data (crowd and few, 2011) knows 1 of your 2 artists, 75 % of your plays."
    )
    assert found.as_dict() == {
        "level": "artists",
        "packs": ["crowd", "few"],
        "artists": 1,
        "of": 2,
        "plays_share": 0.75,
        "source": "crowd.zip",
        "collected": "2011",
    }
    assert (found.low, found.advice) == (False, "")


def test_data_is_called_after_who_made_it_and_the_month_it_was_collected_in(
    library: sqlite3.Connection,
) -> None:
    def said(packs: tuple[str, ...], source: str, collected: str) -> str:
        found = Coverage.of_taste(
            read_taste(library),
            ["moss parade"],
            level="artists",
            packs=packs,
            source=source,
            collected=collected,
        )
        assert found is not None
        return found.data

    assert said(("lb",), "ListenBrainz", "2026-10-01") == "ListenBrainz, October 2026"
    assert (
        said(("lb", "mine"), "ListenBrainz, plays.csv", "2026-10-01") == "ListenBrainz and mine, October 2026"
    )
    assert said(("lb", "older"), "ListenBrainz", "2026-10-15, 2026-10-01") == "ListenBrainz, October 2026"
    assert said(("mine",), "plays, of all.csv", "") == "mine"


def test_under_thirty_per_cent_of_the_plays_is_low_and_says_what_to_do(library: sqlite3.Connection) -> None:
    play(library, "Harbour Nine", "Slow Ferry", *range(20_000, 26_000, 1000))  # 7 of now 10 plays
    at, below = covered(library, "moss parade"), None
    play(library, "Harbour Nine", "Slow Ferry", 40_000)
    below = covered(library, "moss parade", collected="")
    assert at is not None
    assert below is not None
    assert (at.percent, at.low, at.advice) == ("30 %", False, "")
    assert (below.percent, below.low) == ("27 %", True)
    assert "discover community add PATH" in below.advice
    assert below.in_words().startswith("The community data (crowd and few) knows 1 of")


def test_nothing_known_is_said_as_that_and_a_trace_is_not_nothing(library: sqlite3.Connection) -> None:
    nothing = covered(library)
    assert nothing is not None
    assert nothing.in_words() == "The community data (crowd and few, 2011) knows none of your 2 artists."
    play(library, "Moss Parade", "Tin Roof", *range(100_000, 600_000, 1000))
    trace = covered(library, "harbour nine")
    assert trace is not None
    assert trace.percent == "<1 %"
    most = covered(library, "moss parade")
    assert most is not None
    assert most.percent == "99 %", "not all"


def test_what_is_blocked_excluded_or_liked_unplayed_is_not_asked_about(library: sqlite3.Connection) -> None:
    set_verdict(library, "like", artist="Quiet Gardens", artist_key="quiet gardens")
    found = covered(library)
    assert found is not None
    assert found.of == 2
    set_verdict(library, "block", artist="Harbour Nine", artist_key="harbour nine")
    found = covered(library, "moss parade")
    assert found is not None
    assert found.plays_share == 1.0
    add_rule(library, Rule(artist="Moss Parade", artist_key="moss parade"))
    assert covered(library, "moss parade") is None, "nothing is played but what is left out"


def test_of_tracks_their_artists_are_counted_as_artists(library: sqlite3.Connection) -> None:
    play(library, "Moss Parade", "Second Song", 50_000)
    known = {joined_key("moss parade", "Tin Roof"), joined_key("harbour nine", "Slow Ferry")}
    found = Coverage.of_taste(
        read_taste(library, level="tracks"), known, level="tracks", packs=("few",), source="f", collected=""
    )
    assert found is not None
    said = found.as_dict()
    assert [said[key] for key in ("artists", "of", "tracks", "of_tracks")] == [2, 2, 2, 3]
