"""The tabs on top stay where they are from view to view."""

from __future__ import annotations

import pytest

from engine.paths import Folders
from tests.support.driving import app_in, screen_lines, settled
from tuiapp.settings.actions import VIEWS


@pytest.mark.parametrize(("width", "named"), [(80, False), (120, False), (160, True)])
async def test_no_tab_moves_by_what_a_view_says_beside_them(
    folders: Folders, width: int, named: bool
) -> None:
    app = app_in("discover", folders)
    places = set()
    async with app.run_test(size=(width, 24)) as pilot:
        for view, _ in VIEWS:
            app.action_view(view)
            await settled(pilot)
            line = screen_lines(app)[0]
            places.add(("discover" in line, line.index("Browse")))
    assert len(places) == 1
    assert {of_app for of_app, _ in places} == {named}
