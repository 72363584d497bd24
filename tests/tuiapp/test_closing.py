"""Dialogs that are closed in any order, and clicks on what has just been taken away, end nothing."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.events import Key, MouseDown
from textual.geometry import Offset
from textual.screen import Screen
from textual.widgets import Static

from tuiapp.textual_internals.guarded import Guarded
from tuiapp.widgets.closing import ClosedOnce


class _Dialog(ClosedOnce[int]):
    def compose(self) -> ComposeResult:
        yield Static("a dialog")


async def test_a_dialog_below_another_closes_after_it_and_once() -> None:
    answers: list[int | None] = []
    app: App[None] = App()
    async with app.run_test() as pilot:
        lower, upper = _Dialog(), _Dialog()
        app.push_screen(lower, answers.append)
        app.push_screen(upper, answers.append)
        await pilot.pause()
        lower.dismiss(1)
        lower.dismiss(2)
        await pilot.pause()
        assert (app.screen, answers) == (upper, [])
        upper.dismiss(3)
        await pilot.pause()
        await pilot.pause()
        assert answers == [3, 1]
        assert len(app.screen_stack) == 1


class _Looking(ClosedOnce[None]):
    """A dialog that looks for what it is made of as soon as it is there."""

    mounted = 0

    def compose(self) -> ComposeResult:
        yield Static("a dialog")

    def on_mount(self) -> None:
        self.query_one(Static).update("made")
        self.mounted += 1


@pytest.mark.parametrize("closed", ["it", "the app"])
async def test_a_dialog_that_is_closed_while_it_is_made_looks_for_nothing(closed: str) -> None:
    class Closed(_Looking):
        def compose(self) -> ComposeResult:
            if closed == "it":
                self.remove()
            else:
                self.app.exit()
            yield from super().compose()

    app = _App()
    async with app.run_test() as pilot:
        whole, dialog = _Looking(), Closed()
        app.push_screen(whole)
        await pilot.pause()
        app.push_screen(dialog)
        await pilot.pause()
    assert (whole.mounted, dialog.mounted) == (1, 0)
    assert not app.failed


@pytest.mark.parametrize("goes", [False, True])
async def test_a_key_of_an_app_that_goes_does_nothing(goes: bool) -> None:
    class Scrolled(_Dialog):
        BINDINGS: ClassVar[list[Any]] = [Binding("j", "scroll", priority=True)]
        scrolled = 0

        def action_scroll(self) -> None:
            self.query_one(Static).scroll_relative(y=1)
            self.scrolled += 1

    app = _App()
    async with app.run_test() as pilot:
        dialog = Scrolled()
        app.push_screen(dialog)
        await pilot.pause()
        if goes:
            app.exit()
            await dialog.query(Static).remove()
        await app.on_event(Key("j", "j"))
        assert dialog.scrolled == (not goes)
    assert not app.failed


class _App(Guarded):
    def __init__(self) -> None:
        super().__init__()
        self.failed: list[Exception] = []

    def compose(self) -> ComposeResult:
        yield Static("text")

    def unexpected(self, error: Exception) -> None:
        self.failed.append(error)


def _click() -> MouseDown:
    return MouseDown(None, 1, 1, 0, 0, 1, shift=False, meta=False, ctrl=False, screen_x=1, screen_y=1)


async def test_a_click_on_what_was_just_taken_away_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = _App()
    async with app.run_test() as pilot:
        gone = Static("gone")
        monkeypatch.setattr(Screen, "get_widget_and_offset_at", lambda *_: (gone, Offset()))
        monkeypatch.setattr(Screen, "get_widget_at", lambda *_: (gone, gone.region))
        await app.on_event(_click())
        await pilot.pause()
    assert not app.failed


async def test_other_faults_as_a_click_is_handled_are_not_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> tuple[Static, Offset]:
        nothing = None
        return nothing.region  # type: ignore[attr-defined]  # the fault

    app = _App()
    async with app.run_test():
        monkeypatch.setattr(Screen, "get_widget_and_offset_at", fails)
        with pytest.raises(AttributeError):
            await app.on_event(_click())
