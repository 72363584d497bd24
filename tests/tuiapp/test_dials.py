"""The dials: where they stop, what they ask, what they take up again, and what is in sight while one turns."""

from __future__ import annotations

import dataclasses

import pytest

from engine.defaults import LESS_KNOWN
from engine.paths import Folders
from engine.recommend.lists import DiscoverList, Recommendation
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from tests.support.driving import settled, the_list
from tuiapp.app.app import DiscoverApp
from tuiapp.cli.recommend import recommend
from tuiapp.screens.dials import DIALS, FADING, ONE_LINE, Dials
from tuiapp.screens.discover import DiscoverView
from tuiapp.settings.config import Config


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_a_dial_stops_at_both_ends_and_always_asks_for_what_can_be(dial) -> None:
    dials = Dials()
    for by, end in ((0.3, dial.high), (-0.3, dial.low)):
        for _ in range(40):
            dials.turn(
                dial.name, 1 if dial.name == "recency" and by > 0 else -1 if dial.name == "recency" else by
            )
            assert isinstance(dials.settings(10), DiscoverSettings)
        assert dials.places[dial.name] == end


def test_until_it_is_turned_the_half_life_is_the_measured_one_and_the_first_turn_starts_there() -> None:
    dials = Dials()
    dials.measured = 100.0
    assert dials.settings(10).half_life is None
    dials.turn("recency", 1)
    assert dials.settings(10).half_life == 180.0
    dials.measured = None
    dials.places["recency"] = -1
    dials.turn("recency", -1)
    assert dials.settings(10).half_life == FADING[-2]


def test_all_time_lets_nothing_fade_whatever_was_measured() -> None:
    dials = Dials()
    dials.measured = 90.0
    for _ in FADING:
        dials.turn("recency", 1)
    assert dials.settings(10).half_life == 0


@pytest.mark.parametrize(
    "remembered",
    [None, 7, [], {"recency": 99}, {"recency": True}, {"variety": "x"}, {"popularity": -3}, {"gone": 1}],
)
def test_what_makes_no_sense_is_not_taken_up(remembered) -> None:
    dials = Dials()
    dials.recall(remembered)
    assert dials.places == Dials().places


def test_where_they_stood_comes_back() -> None:
    dials, later = Dials(), Dials()
    dials.turn("recency", -1)
    dials.turn("variety", 0.4)
    later.recall(dials.places)
    assert later.settings(10) == dials.settings(10)


def test_they_are_in_one_line_where_there_is_room_and_in_two_elsewhere() -> None:
    assert "\n" not in Dials().drawn(ONE_LINE, "", "end").plain
    lines = Dials().drawn(78, "", "end").plain.split("\n")
    assert len(lines) == 2
    assert lines[1].endswith("end")


@pytest.mark.parametrize("width", [30, 58, 78, 98, 118, 122, 146, 198])
def test_no_line_of_them_is_wider_than_there_is_room_and_what_is_left_out_is_said(width: int) -> None:
    leaning = Dials()
    leaning.toggle_less_known()
    for words in ("", "as of 2024-03  taste warm and slow  without Somebody"):
        for dials, cost in ((Dials(), None), (leaning, 0.13)):
            lines = dials.drawn(width, words, "200 of 1,500", cost).plain.split("\n")
            assert all(len(line) <= width for line in lines), lines
            assert any(line.endswith(words) or "…" in line or words in line for line in lines)
            answer = "less known: about 13 % fewer hidden favourites"
            assert any(answer in line or "less known: about 13 % fe" in line for line in lines) == bool(cost)


def test_the_less_known_are_a_place_of_the_dial_and_the_same_key_leads_back() -> None:
    dials = Dials()
    dials.turn("popularity", 0.2)
    for place, title in ((LESS_KNOWN, "Less known"), (0.2, "Discover"), (LESS_KNOWN, "Less known")):
        dials.toggle_less_known()
        assert (dials.settings(10).popularity, dials.title) == (place, title)
    dials.turn("popularity", -0.2)
    assert not dials.at_less_known


def test_the_faces_ask_for_what_the_engine_does_by_itself() -> None:
    """Dials where they start, a settings file that says nothing and a bare command are all `DiscoverSettings()`."""
    n = DEFAULTS.n
    assert Config().for_discover(Dials().settings(n)) == DEFAULTS
    asked = recommend.make_context("recommend", []).params
    fields = {field.name for field in dataclasses.fields(DEFAULTS)}
    given = {name: value for name, value in asked.items() if name in fields and value is not None}
    assert given.keys() >= {"familiarity", "popularity", "variety", "per_artist", "level"}
    assert DiscoverSettings(**given) == DEFAULTS


async def test_while_a_dial_turns_what_is_in_sight_has_its_reasons_and_then_all_have(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    turning: list[tuple[Recommendation, ...]] = []
    show = DiscoverView._show_turning

    def shown(view: DiscoverView, found: DiscoverList) -> None:
        turning.append(found.items)
        show(view, found)

    monkeypatch.setattr(DiscoverView, "_show_turning", shown)
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        in_sight = len(the_list(app).rows_in_sight)
        assert 0 < in_sight < the_list(app).counts[1]
        await pilot.press("f")
        await settled(pilot)
        (rows,) = turning
        assert all(row.why for row in rows[:in_sight])
        assert not any(row.why for row in rows[in_sight:])
        assert all(row.why for row in the_list(app)._rows)
