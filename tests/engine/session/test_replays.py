"""Mixes of one's own music over a library without a model: what comes back, with which reason, and what never does."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError
from engine.paths import Folders
from engine.playlists.mix import Mix, MixSettings
from engine.session.discover import Discover
from engine.session.library import Library
from engine.session.music import Music
from engine.session.packs import Packs
from engine.session.replays import Replays
from engine.taste.rules import Rule, add_rule
from tests.support.audio import wav
from tests.support.listens import judge, play
from tests.support.services import discover_of

TODAY = datetime.date(2026, 6, 10)


def at(year: int, month: int, day: int, hour: int = 12) -> int:
    return int(datetime.datetime(year, month, day, hour, tzinfo=datetime.UTC).timestamp())


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """One track loved two years ago, one loved now, one played on this day of two years and on it today."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    days = TODAY.toordinal() - datetime.date(1970, 1, 1).toordinal()
    monkeypatch.setattr(Discover, "today", staticmethod(lambda: days))
    library = Library(Folders(tmp_path / "data"))
    connection = library.connection
    play(connection, "Burel", "Harbour", *(at(2024, month, day) for month in (2, 3) for day in range(1, 25)))
    play(connection, "Ida", "Moss", *(at(2026, 5, day) for day in range(1, 25)))
    play(connection, "Café Tundra", "Tin Roof", at(2021, 6, 10), at(2023, 6, 10, 23), at(2026, 6, 10))
    yield library
    library.close()
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def replays(library: Library) -> Replays:
    return Replays(library, Packs(library), discover_of(library))


def listed(mix: Mix) -> list[tuple[str, str, str | None]]:
    return [(track.artist, track.track, track.reason) for track in mix.tracks]


def test_what_was_loved_once_comes_back_with_its_plays_and_month(replays: Replays) -> None:
    made = replays.forgotten()
    assert (made.kind, made.title) == ("forgotten", "Forgotten favourites")
    assert listed(made) == [("Burel", "Harbour", "48 plays, last in March 2024")]


def test_this_day_is_of_past_years_and_not_of_today(replays: Replays) -> None:
    made = replays.on_this_day()
    assert (made.kind, made.title) == ("on-this-day", "10 June in past years")
    assert listed(made) == [("Café Tundra", "Tin Roof", "2 plays on 10 June, last in 2023")]


@pytest.mark.parametrize("verdict", ["block", "exclude"])
def test_neither_the_blocked_nor_the_excluded_comes_back(
    replays: Replays, library: Library, verdict: str
) -> None:
    for artist in ("Burel", "Café Tundra"):
        if verdict == "block":
            judge(library.connection, "block", artist)
        else:
            add_rule(library.connection, Rule(artist=artist, artist_key=artist_key(artist)))
    for make in (replays.forgotten, replays.on_this_day):
        with pytest.raises(NothingYetError, match="Nothing"):
            make()


def test_the_seed_decides_the_order_alone_and_the_minutes_how_many(
    replays: Replays, library: Library
) -> None:
    for name in ("Alder", "Birch", "Cedar", "Dogwood", "Elm"):
        play(
            library.connection,
            name,
            "Leaf",
            *(at(2024, month, day) for month in (2, 3) for day in range(1, 25)),
        )
    orders = {tuple(listed(replays.forgotten(MixSettings(seed=seed)))) for seed in range(6)}
    assert len({frozenset(order) for order in orders}) == 1
    assert len(orders) > 1
    assert replays.forgotten(MixSettings(seed=3)) == replays.forgotten(MixSettings(seed=3))
    short = replays.forgotten(MixSettings(minutes=8))
    assert 0 < len(short.tracks) < 6


def test_of_ones_files_alone_what_has_none_stays_out(
    replays: Replays, library: Library, tmp_path: Path
) -> None:
    mine = MixSettings(from_library=True)
    assert listed(replays.forgotten(mine)) == listed(replays.forgotten())
    long = np.zeros(200 * 100)
    wav(tmp_path / "Music/a.wav", long, 100, tags={"TPE1": "Café Tundra", "TIT2": "Tin Roof"})
    Music(library).add(tmp_path / "Music")
    assert [track.artist for track in replays.on_this_day(mine).tracks] == ["Café Tundra"]
    with pytest.raises(NothingYetError, match=r"You have no music of it\..* 1 track .*Burel - Harbour"):
        replays.forgotten(mine)
    play(library.connection, "Ida", "Shore", at(2020, 6, 10))
    made = replays.on_this_day(mine)
    assert [(track.artist, track.track) for track in made.missing] == [("Ida", "Shore")]
    assert "You do not have 1 track" in made.notes[0]
    assert replays.on_this_day().missing == ()
