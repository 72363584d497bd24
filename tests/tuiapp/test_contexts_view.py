"""Contexts: any of them is chosen, drawn, set by its own dials, and kept as one's own."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from engine.paths import Folders
from tests.support.driving import lines_of, screen_text, settled, the_view, toasts
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.pick import Choice
from tuiapp.screens.typed_list import choose
from tuiapp.settings.config import read
from tuiapp.text import duration


async def test_the_tempo_is_drawn_between_its_labels_and_over_its_time(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("3")
        await settled(pilot, lambda: "0:00" in "".join(lines_of(app.screen.query_one("#profile"))))
        made = the_view(app)._made
        lines = [line.rstrip() for line in lines_of(app.screen.query_one("#profile")) if line.strip()]
        tempos = [(track.bpm or 0) * (track.factor or 1) for track in made.tracks]
        high, low = (float(line.split()[0]) for line in (lines[0], lines[3]))
        assert low < min(tempos) <= max(tempos) < high
        assert lines[4].split() == ["0:00", "tempo", duration(made.seconds)]
        # The last cell drawn is above the end of the time axis.
        assert max(map(len, lines[:4])) == len(lines[4])


def made(app: Any) -> Any:
    return the_view(app)._made


def drawn(app: Any) -> str:
    return "\n".join(lines_of(app.screen.query_one("#profile")))


async def pick(pilot: Pilot[Any], name: str) -> None:
    """Choose a context by typing."""
    await pilot.press("c")
    await settled(pilot)
    await pilot.press(*name, "enter")


async def test_a_context_is_chosen_drawn_by_what_it_asks_and_remembered(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("3")
        await settled(pilot, lambda: made(app) is not None)
        assert "Running   170 spm" in screen_text(app)
        await pick(pilot, "sleep")
        await settled(pilot, lambda: made(app) is not None and made(app).context == "sleep")
        await settled(pilot, lambda: "tempo" in drawn(app))
        assert "Sleep   75 bpm   45 min   0 % new" in screen_text(app)
        for measure in ("energy", "calm", "tempo"):
            await pilot.press("v")
            await settled(pilot, lambda measure=measure: measure in drawn(app))
        await pick(pilot, "focus")
        await settled(pilot, lambda: made(app) is not None and made(app).context == "focus")
        assert "Focus   60 min   10 % new" in screen_text(app)
        assert "energy" in drawn(app)
        # It has no tempo to set, and no warm-up.
        for key, what in (("right", "tempo"), ("greater_than_sign", "warm-up or cool-down")):
            await pilot.press(key)
            await settled(pilot)
            assert f"Focus has no {what} to set." in toasts(app)
        await pilot.press("minus")
        await settled(pilot, lambda: made(app).settings.minutes == 55)
        view = the_view(app)
        state = view.remembered()
        view._doing, view._wishes = "running", {}
        view.recall(state)
        assert (view._doing, view._asked().minutes) == ("focus", 55)
        # What was set of a context that is no more, or is set otherwise now, is forgotten.
        view._wishes = {}
        view.recall(
            {"context": "gone", "wishes": {"gone": {"bpm": 1}, "focus": {"bpm": 150}, "walk": {"new": 0.5}}}
        )
        assert (view._doing, view._wishes) == ("focus", {"walk": {"new": 0.5}})
        # The whole name of the chosen one is shown: two that are cut may look alike.
        named = [Choice("a", "Weekday mornings 05-06", "drum and bass " * 4)]
        choose(app, "Context", lambda _session: named, "", str)
        await settled(pilot)
        assert "Weekday mornings 05-06" in screen_text(app)


async def test_a_context_of_ones_own_is_kept_changed_removed_and_brought_back(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("3")
        await settled(pilot, lambda: made(app) is not None)
        await pilot.press("D")
        await settled(pilot)
        assert "Running is not yours to remove: ^n makes one." in toasts(app)
        await pilot.press("right", "minus", "ctrl+n")
        await settled(pilot)
        app.screen.query_one(Input).value = "focus"
        await pilot.press("enter")
        await settled(pilot)
        assert "There is a context focus already" in screen_text(app)
        app.screen.query_one(Input).value = "Hill run"
        await pilot.press("enter")
        await settled(pilot, lambda: the_view(app)._doing == "hill run" and made(app) is not None)
        assert "Hill run   171 spm   40 min" in screen_text(app)
        await settled(pilot, lambda: "hill run" in read(folders.config).contexts)
        kept = read(folders.config).contexts["hill run"]
        assert (kept.title, kept.defaults.bpm, kept.defaults.minutes, kept.needs_tempo) == (
            "Hill run",
            171,
            40,
            True,
        )
        # Kept again under its own name it is changed.
        await pilot.press("right", "ctrl+n", "enter")
        await settled(pilot, lambda: read(folders.config).contexts["hill run"].defaults.bpm == 172)
        await pilot.press("D")
        await settled(pilot, lambda: "hill run" not in read(folders.config).contexts)
        await settled(pilot, lambda: made(app) is not None and made(app).context == "running")
        await pilot.press("u")
        await settled(pilot, lambda: "hill run" in read(folders.config).contexts)
        assert read(folders.config).contexts["hill run"].defaults.bpm == 172
