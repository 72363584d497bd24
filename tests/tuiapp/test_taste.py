"""Taste as a person meets it: panels, the map, rules with a look ahead, time travel; and its pictures by themselves."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets import Input

from engine.errors import UsageError
from engine.paths import Folders
from engine.recommend.drift import ArtistPlays, Drift, YearOfTaste
from engine.recommend.taste_map import MapArtist, MapTaste, TasteMap
from engine.session import Session
from engine.session.discover import Discover
from tests.support.driving import app_in, screen_text, settled, the_list, the_view, toasts
from tests.support.models import ARTISTS
from tuiapp.app.app import DiscoverApp
from tuiapp.dates import month_beside, period, written
from tuiapp.screens.as_of import AskDate
from tuiapp.screens.exclude import ExcludeDialog, FieldError, rule_of
from tuiapp.widgets.drift import drawn_drift
from tuiapp.widgets.taste_map import Pointed, drawn_map, grid_of

UTC = datetime.UTC


# -- panels ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "listed"),
    [(80, [False, True, False, True]), (120, [True, False, True])],
)
async def test_a_panel_names_the_key_to_its_list_where_it_has_one(
    folders: Folders, width: int, listed: list[bool]
) -> None:
    app = app_in("taste", folders)
    async with app.run_test(size=(width, 40)) as pilot:
        await settled(pilot)
        for there in listed:
            assert "v next" in screen_text(app)
            assert ("tab to its list" in screen_text(app)) is there
            await pilot.press("tab")
            await settled(pilot)
            assert (the_view(app)._at != "#top") is there
            the_view(app)._top.focus()
            await pilot.press("v")
            await settled(pilot)


async def test_panels_lists_filters_and_orders_come_back_at_the_next_start(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("6")
        await settled(pilot)
        assert "● Artist H33" in screen_text(app), "the artist under the cursor on the map"
        assert "▸1 " in screen_text(app), "and its taste"
        await pilot.press("j", "v")
        await settled(pilot)
        assert "plays, new artists" in screen_text(app)
        await pilot.press("z", "slash", *"artist b")
        await settled(pilot)
        await pilot.press("enter", "end", "v", "tab")
        await settled(pilot)
        assert the_list(app).id == "marks"
        assert not app.screen.query_one(".filter").has_class("-shown"), "a filter is its own list's"
        await pilot.press("Z")
        row = app.screen.query_one("#top").row
        assert row.name == "Artist B27"
        await app.action_quit()
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "excluded:" in screen_text(app) or "no exclusions" in screen_text(app)
        top, marks = (app.screen.query_one(f"#{name}") for name in ("top", "marks"))
        assert (top.sort, top.filter, top.counts, top.has_focus) == (0, "artist b", (2, 13), True)
        assert top.row == row
        assert (marks.sort, marks.reverse, marks.filter) == (None, True, "")
        assert app.screen.query_one(".filter Input", Input).value == "artist b"


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_where_it_is_narrow_the_tastes_are_a_panel_and_d_discovers_for_one(
    folders: Folders, size: tuple[int, int]
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("6")
        await settled(pilot)
        await pilot.press("v", "tab")
        await settled(pilot)
        assert the_list(app).id == "modes"
        name = the_list(app).row[1].name
        await pilot.press("m")
        await settled(pilot)
        assert app.current_mode == "discover"
        assert the_view(app)._filters.taste == (1, name)


async def test_without_a_model_the_rest_of_taste_is_shown(folders: Folders) -> None:
    (folders.models / "current").unlink()
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("6")
        await settled(pilot)
        assert "Press 7 and t to train one" in screen_text(app)
        assert the_list(app).counts == (13, 13)
        await pilot.press("v")
        await settled(pilot)
        assert "No model yet" in screen_text(app)
        await pilot.press("v")
        await settled(pilot)
        assert "No model yet" not in screen_text(app)
        assert "♥ liked" in screen_text(app)


# -- rules -------------------------------------------------------------------------------------------------


async def test_a_rule_is_looked_at_taken_undone_and_taken_back(folders: Folders) -> None:
    before = rules_and_taste(folders)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("6")
        await settled(pilot)
        await pilot.press("j")
        await settled(pilot)
        row = the_list(app).row
        await pilot.press("ctrl+n")
        await settled(pilot)
        dialog = app.screen
        assert isinstance(dialog, ExcludeDialog)
        artist = dialog.query_one("#artist", Input).value
        assert artist == row.name, "that under the cursor"
        await settled(pilot, lambda: f"{row.plays:.0f} plays would be excluded." in screen_text(app))
        assert rules_and_taste(folders) == before, "a look changes nothing"
        dialog.query_one("#artist", Input).value = artist.replace("Artist", "Artst")
        await settled(pilot, lambda: f"Did you mean {artist}" in screen_text(app))
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is dialog, "what is wrong is not taken"
        dialog.query_one("#artist", Input).value = artist
        await pilot.press("enter")
        await settled(pilot, lambda: any(f"plays excluded: {artist}" in toast for toast in toasts(app)))
        after = rules_and_taste(folders)
        assert after[1] == before[1] - {artist}
        await pilot.press("u")
        await settled(pilot)
        assert rules_and_taste(folders) == before
        app.screen._exclude(rule_of({"artist": artist}))
        await settled(pilot)
        kept = rules_and_taste(folders)
        await pilot.press("v", "v", "tab", "D")
        await settled(pilot)
        assert rules_and_taste(folders) == before, "x takes the rule under the cursor back"
        await pilot.press("u")
        await settled(pilot)
        assert rules_and_taste(folders) == kept, "and u puts the very rule in force again"


def rules_and_taste(folders: Folders) -> tuple[object, set[str]]:
    session = Session(folders)
    try:
        return session.taste.rules(), {item.name for item in session.taste.read().items}
    finally:
        session.close()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"hours": "22:00"}, "hours"),
        ({"artist": "x", "hours": "24:00-06:00"}, "hours"),
        ({"since": "2019-13"}, "since"),
        ({"until": "yesterday"}, "until"),
        ({"since": "2020", "until": "2019"}, "until"),
        ({"burst": "two"}, "burst"),
        ({"artist": "x", "burst": "2"}, "burst"),
    ],
)
def test_what_is_wrong_is_said_under_its_field(typed: dict[str, str], field: str) -> None:
    with pytest.raises(FieldError) as found:
        rule_of(typed)
    assert found.value.field == field
    assert str(found.value).endswith(".")


def test_the_fields_name_a_rule_as_the_command_line_does() -> None:
    rule = rule_of(
        {"artist": " Owl ", "track": "", "hours": "6:00-9:30", "since": "2019-06", "until": "2019-06-30"}
    )
    assert rule is not None
    assert (rule.artist, rule.track, rule.hours) == ("Owl", None, ("06:00", "09:30"))
    moments = (datetime.datetime(2019, 6, 1, tzinfo=UTC), datetime.datetime(2019, 7, 1, tzinfo=UTC))
    assert (rule.since, rule.until) == tuple(int(moment.timestamp()) for moment in moments)
    assert rule_of({"artist": "  "}) is None


# -- time travel -------------------------------------------------------------------------------------------


async def test_time_travel_is_said_counted_undone_reset_and_never_noted(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[int] = []
    monkeypatch.setattr(Discover, "note_shown", lambda _self, artists: noted.append(len(artists)))
    monkeypatch.setattr("tuiapp.settings.state.read_file", lambda _path: {"view": "taste"})
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("d")
        await settled(pilot)
        assert isinstance(app.screen, AskDate)
        app.screen.query_one(Input).value = "2024-01-10"
        await pilot.press("enter")
        await settled(pilot)
        assert app.current_mode == "discover"
        assert "as of 2024-01-10" in screen_text(app)
        then = {row.artist: row.later for row in the_list(app)._rows}
        assert then[ARTISTS[12]] == 4, "played on the thirteenth"
        assert ARTISTS[9] not in then, "known by the tenth"
        assert "later" in screen_text(app)
        assert noted == [], "an earlier list is not today's"
        await pilot.press("d", "up", "enter")
        await settled(pilot)
        assert "as of 2024-02" in screen_text(app)
        assert ARTISTS[12] not in {row.artist for row in the_list(app)._rows}
        await pilot.press("u")
        await settled(pilot)
        assert {row.artist: row.later for row in the_list(app)._rows} == then
        await pilot.press("d")
        await settled(pilot)
        app.screen.query_one(Input).value = "1999"
        await pilot.press("enter")
        await settled(pilot)
        assert "as of 1999" in screen_text(app)
        await pilot.press("0")
        await settled(pilot)
        assert "as of" not in "\n".join(screen_text(app).split("\n")[:-1]), "below undo names it"
        assert all(row.later is None for row in the_list(app)._rows)
        assert len(noted) == 1
        assert the_view(app).table.has_focus


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2019", "2019-01-01", "2020-01-01"),
        ("2019-6", "2019-06-01", "2019-07-01"),
        ("2019-12", "2019-12-01", "2020-01-01"),
        (" 2020-02-29 ", "2020-02-29", "2020-03-01"),
    ],
)
def test_a_date_is_its_whole_period(text: str, first: str, after: str) -> None:
    days = (datetime.datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first, after))
    assert period(text) == tuple(int(day.timestamp()) for day in days)
    assert period(written(text)) == period(text)


@pytest.mark.parametrize(
    "text", ["", "19", "2019-00", "2019-02-30", "2019-", "-2019", "0000", "9999", "2019-06-00"]
)
def test_what_is_not_a_date_says_what_is(text: str) -> None:
    with pytest.raises(UsageError, match="Write 2019, 2019-06 or 2019-06-30"):
        period(text)


def test_months_are_stepped_over_the_turn_of_the_year() -> None:
    today = datetime.date(2024, 1, 15)
    assert [month_beside("", by, today) for by in (1, -1)] == ["2024-02", "2023-12"]
    assert month_beside("2019", 1, today) == "2020-01"
    assert month_beside("2019-06-30", -6, today) == "2018-12"


# -- the pictures by themselves ----------------------------------------------------------------------------

WORD = st.text("ab日é ", min_size=1, max_size=30)
PLACE = st.floats(0, 1)


@given(
    st.lists(st.tuples(WORD, PLACE, PLACE), min_size=1, max_size=25),
    st.lists(WORD, min_size=1, max_size=6),
    st.integers(1, 90),
    st.integers(1, 30),
)
@settings(deadline=None, max_examples=40, derandomize=True)
def test_the_map_fills_its_room_and_no_label_covers_another(
    artists: list[tuple[str, float, float]], tastes: list[str], width: int, height: int
) -> None:
    dots = tuple(
        MapArtist(name, str(n), x, y, 1 + n % len(tastes), 1.0 + n) for n, (name, x, y) in enumerate(artists)
    )
    middles = tuple(MapTaste(n, name, 0.5, 0.5, 0.5) for n, name in enumerate(tastes, 1))
    found = Pointed(TasteMap(dots, middles, 0.3), "0", 1)
    rows = height - 2 if height > 2 else height
    lines = drawn_map(found, height, grid_of(found.map, width, rows)).plain.split("\n")
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    if width >= 40 and height >= 14:
        text = "\n".join(lines)
        # Every taste has its place, and the artist is there.
        assert text.count("●") == 1
        for number, name in enumerate(tastes, 1):
            assert f"{number} {name[:8]}".rstrip() in text


def years(count: int, tastes: int) -> Drift:
    shares = tuple(1 / tastes for _ in range(tastes))
    made = [
        YearOfTaste(2000 + n, 10, shares, 0.0, ArtistPlays(f"Top {n}", 5), n, ArtistPlays("N", 1))
        for n in range(count)
    ]
    return Drift(tuple(f"taste {n}" for n in range(tastes)), tuple(made))


@pytest.mark.parametrize(("count", "tastes"), [(1, 1), (6, 5), (40, 6)])
@pytest.mark.parametrize(("width", "height"), [(24, 4), (56, 11), (76, 30), (120, 55)])
def test_the_drift_shows_the_latest_years_that_fit(count: int, tastes: int, width: int, height: int) -> None:
    lines = drawn_drift(years(count, tastes), width, height).plain.split("\n")
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    assert lines[0].endswith(str(1999 + count)[2:])
    for number in range(min(tastes, height - 1)):
        assert any(line.startswith(f"taste {number}") for line in lines)
    if height >= 11:
        assert any(line.startswith(f"{1999 + count}  Top {count - 1}") for line in lines)


def test_the_drift_of_nothing_is_nothing(tmp_path: Path) -> None:
    assert drawn_drift(Drift(("a",), ()), 60, 20).plain == ""


async def test_of_two_lists_of_one_panel_an_empty_one_never_has_the_keys(folders: Folders) -> None:
    app = app_in("taste", folders)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("v", "v", "tab")  # the exclusions: there are none, but a like and a block
        await settled(pilot)
        while the_list(app).id == "marks" and the_list(app).rows:
            await pilot.press("D")
            await settled(pilot)
        assert the_list(app).id == "top"
        await pilot.press("tab", "tab")
        await settled(pilot)
        assert the_list(app).rows
