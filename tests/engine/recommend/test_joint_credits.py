"""Joint credits: their parts are known, real names are not taken apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical_keys import artist_key, track_name
from engine.privacy import Door
from engine.recommend.discover import Recommender
from engine.recommend.joint_credits import parts_of
from engine.recommend.related import related_artists
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.taste.gate import read_dated_taste
from engine.training.artifact import open_model
from tests.support.listens import play
from tests.support.models import names, write_model

DAY = 86_400
CALLED = ["David Guetta", "Sia", "Garfunkel", "Simon", "Simon & Garfunkel", "AC/DC", "DC", "Ida", "Earth", "Fire",
          "The Oaks", "Tyler", "Nils Frahm", *names(60)[13:]]  # fmt: skip


def known(tmp_path: Path, *plays: tuple[str, int], called: list[str] = CALLED) -> set[str]:
    """What counts as known of those a person has not played by name: these plays are of a track each."""
    folders = write_model(tmp_path, called=called)
    connection = open_library(Door(folders))
    play(connection, called[30], "Lark", 100 * DAY)
    for number, (artist, times) in enumerate(plays):
        play(connection, artist, f"Song {number}", *(DAY + 300 * at for at in range(times)))
    found = known_of(Recommender.of(open_model(folders), read_dated_taste(connection)))
    connection.close()
    return found - {called[30]} - {artist for artist, _ in plays}


def known_of(recommender: Recommender, settings: DiscoverSettings = DEFAULTS) -> set[str]:
    """The names of the artists that count as known."""
    ids = recommender.sides(settings)[0].tolist()
    offered = {item.item for item in recommender.discover(replace(settings, n=60, familiarity=1.0)).items}
    assert not offered & set(ids)
    return {item.artist for item in recommender.model.catalog.items(ids).values()}


@pytest.mark.parametrize(
    "credit",
    [
        "David Guetta & Sia",
        "Sia, David Guetta",
        "David Guetta,Sia",
        "David Guetta/Sia",
        "David Guetta / Sia",
        "David Guetta feat. Sia",
        "Nobody Known ft. David Guetta (feat. Sia)",
        "David Guetta x Sia",
        "Sia vs. David Guetta",
        "David Guetta;Sia",
        "Nobody Known, David Guetta & Sia",
        "David Guetta and Sia",
        "SIA + DAVID GUETTA",
        "David Guetta with Sia",
        "David Guetta · Sia",
        "Nobody Known • Sia • David Guetta",
        "Simon & Garfunkel, David Guetta & Sia",
        "David Gu\u00adetta\u200b & Sia",
        "David Guetta feat.Sia",
        "David Guetta (ft.Sia)",
        "David Guetta (with Sia)",
        "David Guetta w/ Sia",
        "David Guetta&Sia",
        "David Guetta ＆ Sia",
        "David Guetta // Nobody Known, and Sia",
        "Nobody Known, David Guetta und Sia",
        "David Guetta y Sia",
        "David Guetta pres. Sia",
        "David Guetta и Sia",
        "Nobody Known, David Guetta ve Sia",
        "David Guetta 和 Sia",
        "David Guetta (& Sia)",
        "David Guetta (duet with Sia)",
        "David Guetta feat . Sia",
    ],
)
def test_the_parts_of_a_joint_credit_are_known(tmp_path: Path, credit: str) -> None:
    found = known(tmp_path, (credit, 32))
    assert found - {"Simon & Garfunkel"} == {"David Guetta", "Sia"}
    assert ("Simon & Garfunkel" in found) == ("Simon & Garfunkel" in credit)


@pytest.mark.parametrize(
    "name", ["Simon & Garfunkel", "SIMON AND GARFUNKEL", "AC/DC", "Simon & Garfunkel feat. Nobody Known"]
)
def test_a_name_the_community_has_as_one_artist_is_not_taken_apart(tmp_path: Path, name: str) -> None:
    assert known(tmp_path, (name, 32)) <= {"Simon & Garfunkel"}


@pytest.mark.parametrize(
    "name",
    [
        "Ida & the Elms",
        "Ida and The Elms",
        "Ida & Her Elms",
        "Ida y Los Elms",
        "Ida und die Elms",
        "Tyler, The Creator",
        "10,000 Fire",
    ],
)
def test_a_band_behind_a_name_is_part_of_it(tmp_path: Path, name: str) -> None:
    assert known(tmp_path, (name, 32)) == set()


def test_a_band_that_is_an_artist_is_known(tmp_path: Path) -> None:
    assert known(tmp_path, ("Sia & the Oaks", 3)) == {"Sia", "The Oaks"}


def test_a_name_of_many_tracks_is_an_artists_own_unless_a_part_is_elsewhere(tmp_path: Path) -> None:
    own = [("Earth, Wind & Fire", 2)] * 6
    assert known(tmp_path / "alone", *own) == set()
    assert known(tmp_path / "elsewhere", *own, ("Earth feat. Nobody", 1)) == {"Earth", "Fire"}


def test_a_run_that_is_an_artist_of_the_history_stays_whole(tmp_path: Path) -> None:
    called = [name for name in CALLED if name != "Simon & Garfunkel"] + ["Someone"]
    plays = [*[("Simon & Garfunkel", 2)] * 5, ("Simon & Garfunkel, Sia", 1)]
    assert known(tmp_path, *plays, called=called) == {"Sia"}


def test_plays_of_several_credits_add_up_to_what_counts_as_known(tmp_path: Path) -> None:
    folders = write_model(tmp_path, called=CALLED)
    connection = open_library(Door(folders))
    play(connection, CALLED[30], "Lark", *(100 * DAY + at for at in range(9)))
    for number, guest in enumerate(("Nobody", "Noone", "Somebody")):
        play(connection, f"David Guetta & {guest}", "Song", *(DAY + number * 300 + at for at in range(2)))
    play(connection, "David Guetta", "Alone", 98 * DAY)
    found = Recommender.of(open_model(folders), read_dated_taste(connection))
    for wanted, is_known in (
        ({"known_plays": 7}, True),
        ({"known_plays": 8}, False),
        ({"known_days": 5.0}, True),
        ({"known_plays": 2, "known_days": 5.0}, False),
    ):
        assert ("David Guetta" in known_of(found, DiscoverSettings(**wanted))) == is_known, wanted
    near = related_artists(open_model(folders), read_dated_taste(connection).taste, 1, 59)
    assert {item.artist: (item.plays, item.known) for item in near.items}["David Guetta"] == (7, True)
    connection.close()


def test_a_blocked_part_stays_blocked(tmp_path: Path) -> None:
    folders = write_model(tmp_path, called=CALLED)
    connection = open_library(Door(folders))
    play(connection, CALLED[30], "Lark", DAY)
    play(connection, "David Guetta & Sia", "Song", DAY)
    set_verdict(connection, "block", artist="Sia", artist_key="sia")
    found = Recommender.of(open_model(folders), read_dated_taste(connection))
    assert known_of(found) == {CALLED[30], "David Guetta"}
    assert "Sia" not in {item.artist for item in found.discover(DiscoverSettings(n=60)).items}
    connection.close()


def test_a_track_of_a_joint_credit_is_known_and_the_artists_others_are_new(tmp_path: Path) -> None:
    called = [
        track_name("David Guetta", "Titanium"),
        track_name("David Guetta", "Other"),
        track_name("Sia", "Titanium"),
        *(track_name(f"Artist {number}", f"Song {number}") for number in range(57)),
    ]
    folders = write_model(tmp_path, level="tracks", called=called)
    connection = open_library(Door(folders))
    play(connection, "Artist 9", "Song 9", DAY)
    play(connection, "David Guetta feat. Sia", "Titanium (Radio Edit)", 2 * DAY)
    taste = read_dated_taste(connection, level="tracks")
    recommender = Recommender.of(open_model(folders, "tracks"), taste)
    ids = recommender.sides(DiscoverSettings())[0].tolist()
    assert {(item.artist, item.track) for item in recommender.model.catalog.items(ids).values()} == {
        ("Artist 9", "Song 9"),
        ("David Guetta", "Titanium"),
        ("Sia", "Titanium"),
    }
    connection.close()


@given(
    st.text(alphabet="AB &,/+x().;-", max_size=60) | st.text(max_size=60),
    st.sets(st.sampled_from(["A", "B", "A & B"])),
)
@settings(deadline=None, max_examples=300, derandomize=True)
def test_any_name_is_taken_apart_into_parts_of_it(name: str, artists: set[str]) -> None:
    parts = parts_of(name, artists.__contains__)
    assert all(part in name for part in parts)
    assert len(parts) != 1 or artist_key(parts[0]) != artist_key(name) or parts[0] != name
