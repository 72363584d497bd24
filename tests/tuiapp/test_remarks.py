"""Why a key does nothing is said as long as that is in sight: with the dialog or the view the words go, too."""

from __future__ import annotations

from engine.paths import Folders
from tests.support.driving import app_in, settled, toasts


async def test_what_is_said_of_a_dialog_goes_with_it(folders: Folders) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        for keys in (("i", "f3"), ("A", "i"), ("A", "9")):
            view = "7" if keys[0] == "A" else "1"
            await pilot.press(view)
            await settled(pilot)
            await pilot.press(*keys)
            await settled(pilot)
            if keys[1] != "f3":
                assert toasts(app), keys
            await pilot.press("escape")
            await settled(pilot)
            assert not toasts(app), keys


async def test_what_is_said_of_a_view_goes_with_it_and_what_was_done_stays(folders: Folders) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("0")  # the dials are where they begin
        await settled(pilot)
        assert toasts(app)
        await pilot.press("5")
        await settled(pilot)
        assert not toasts(app)
        await pilot.press("1", "l")
        await settled(pilot)
        await pilot.press("5")
        await settled(pilot)
        assert "undoes it" in toasts(app)[0]
