"""Back from the demo, every view is as if the demo had never been open."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from engine.paths import Folders
from tests.support.driving import screen_lines, settled
from tuiapp.app.app import DiscoverApp
from tuiapp.settings.actions import VIEWS


@pytest.mark.usefixtures("demo_prepared")
async def test_no_view_keeps_what_it_showed_of_the_demo(empty: Folders) -> None:
    async def views(app: DiscoverApp, pilot: Pilot[None]) -> dict[str, list[str]]:
        seen = {}
        for number, (name, _) in enumerate(VIEWS, start=1):
            await pilot.press(str(number))
            await settled(pilot)
            seen[name] = [line.rstrip() for line in screen_lines(app)[:-2]]
        return seen

    app = DiscoverApp(empty)
    async with app.run_test(size=(120, 30), notifications=False) as pilot:
        await settled(pilot)
        fresh = await views(app, pilot)
        await pilot.press("1", "E")
        await settled(pilot)
        assert app.folders == empty.demo
        await views(app, pilot)
        app.jobs.leave_demo()
        await settled(pilot)
        app.clear_notifications()
        after = await views(app, pilot)
    kept = {
        (name, now)
        for name, lines in fresh.items()
        for now, before in zip(after[name], lines, strict=True)
        if now != before
    }
    assert kept == set()
