"""Discover of tracks in the app: the key, what is judged and added, what no list holds, what is said without any."""

from __future__ import annotations

import re

import pytest

from engine.paths import Folders
from engine.session import Session
from engine.taste.rules import Rule
from tests.support.driving import lines_of, screen_text, settled, the_list, the_view, toasts
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model
from tests.support.places import MONDAY
from tuiapp.app.app import DiscoverApp


@pytest.fixture
def of_tracks(folders: Folders) -> Folders:
    """A filled folder with a model of tracks, three of which were played."""
    write_model(folders.root, level="tracks", items=90)
    session = Session(folders)
    for number in (0, 3, 6):
        play(session.library.connection, ARTISTS[number], "Song 1", MONDAY)
    session.close()
    return folders


async def test_a_blocked_artist_and_track_and_an_excluded_artist_are_in_no_list_of_tracks(
    folders: Folders,
) -> None:
    blocked, excluded, single = ARTISTS[6], ARTISTS[9], (ARTISTS[1], "Song 2")
    write_model(folders.root, level="tracks", items=90)
    session = Session(folders)
    for number in (0, 1, 2, 6, 9):
        play(session.library.connection, ARTISTS[number], "Song 1", MONDAY)
    session.verdicts.judge("block", blocked)
    session.verdicts.judge("block", *single)
    session.taste.exclude(Rule(artist=excluded))
    session.close()
    app = DiscoverApp(folders)
    async with app.run_test(size=(140, 50)) as pilot:
        await settled(pilot)
        await pilot.press("T")
        for _ in range(3):
            await settled(pilot)
            listed = {(row.artist, row.track) for row in the_list(app)._rows}
            assert len(listed) > 4
            assert all(track for _, track in listed)
            assert not {artist for artist, _ in listed} & {blocked, excluded}
            assert single not in listed
            text = screen_text(app) + "".join(map(the_list(app)._words, the_list(app)._rows))
            assert not re.search(rf"\b({blocked}|{excluded})\b", text)
            the_view(app).action_turn("familiarity", -0.5)


async def test_tracks_are_listed_at_a_key_judged_alone_undone_added_and_remembered(
    of_tracks: Folders,
) -> None:
    app = DiscoverApp(of_tracks)
    async with app.run_test(size=(140, 40)) as pilot:
        await settled(pilot)
        assert [column.title for column in the_list(app).columns][2] == "start with"
        await pilot.press("T")
        await settled(pilot)
        assert [column.title for column in the_list(app).columns][2] == "track"
        row = the_list(app).row
        assert row.track in screen_text(app)
        assert f"{row.track} by {row.artist}" in "\n".join(lines_of(app.screen.query_one("#why")))
        await pilot.press("x")
        await settled(pilot)
        assert (row.artist, row.track) not in {(one.artist, one.track) for one in the_list(app)._rows}
        assert row.artist in {one.artist for one in the_list(app)._rows}, "their other tracks stay"
        assert f"Hidden: {row.artist} - {row.track}. u undoes it." in toasts(app)[-1]
        await pilot.press("u")
        await settled(pilot)
        assert the_list(app)._rows[0].key == row.key
        the_list(app).move_to(0)
        await pilot.press("a")
        await settled(pilot)
        await pilot.press(*"Mine", "enter")
        await settled(pilot)
        added = app.engine().playlists.show("Mine")
        assert [(track.artist, track.track) for track in added] == [(row.artist, row.track)]
        await pilot.press("q")
    again = DiscoverApp(of_tracks)
    async with again.run_test(size=(140, 40)) as pilot:
        await settled(pilot)
        assert the_list(again).row.track
        await pilot.press("T")
        await settled(pilot)
        assert the_list(again).row.track is None


async def test_where_there_are_no_tracks_the_way_to_them_and_back_is_said(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("T")
        await settled(pilot)
        text = screen_text(app)
        assert "No track recommendations yet" in text
        assert "7 a   add community data of tracks: a table of playlists" in text
        await pilot.press("T")
        await settled(pilot)
        assert the_list(app).row is not None
        assert "No tracks" not in screen_text(app)


async def test_the_strongest_reason_taken_away_is_a_track_where_tracks_are_listed(of_tracks: Folders) -> None:
    app = DiscoverApp(of_tracks)
    async with app.run_test(size=(140, 40)) as pilot:
        await settled(pilot)
        await pilot.press("T")
        await settled(pilot)
        reason = the_list(app).row.why[0]
        await pilot.press("w")
        await settled(pilot)
        assert f"without {reason.track}" in screen_text(app)
        whose = {(share.artist, share.track) for row in the_list(app)._rows for share in row.why}
        assert (reason.artist, reason.track) not in whose
        await pilot.press("u")
        await settled(pilot)
        assert "without" not in screen_text(app).split("because of")[0]
        await pilot.press("w", "0")
        await settled(pilot)
        assert "without" not in screen_text(app).split("because of")[0]
        assert the_list(app).row.track, "back to where the dials start, and still of tracks"
