"""The screen below a dialog: drawn as Textual draws it, and laid out only when it changes."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

from tests.support.driving import settled
from tuiapp.widgets.dimmed import Dimming

CSS = "%s { align: center middle; background: $primary 40%%; } #panel { width: 20; height: 3; background: $panel; }"


class Below(App[None]):
    """Words of many styles, for a dialog to be opened over."""

    def compose(self) -> ComposeResult:
        yield Static("plain words", markup=False)
        yield Static(Content.from_markup("[bold red]warm[/] [reverse]turned[/] [on blue]日本[/]"))


class Dimmed(Dimming[None]):
    DEFAULT_CSS = CSS % "Dimmed"

    def compose(self) -> ComposeResult:
        yield Static("a panel", id="panel")


class Textuals(ModalScreen[None]):
    DEFAULT_CSS = CSS % "Textuals"

    def compose(self) -> ComposeResult:
        yield Static("a panel", id="panel")


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord"])
async def test_it_is_drawn_as_textual_draws_it(theme: str) -> None:
    drawn = []
    for dialog in (Dimmed, Textuals):
        app = Below()
        app.theme = theme
        async with app.run_test(size=(60, 12)) as pilot:
            below = app.screen._compositor.render_strips()
            app.push_screen(dialog())
            await pilot.pause()
            drawn.append([list(strip) for strip in app.screen._compositor.render_strips()])
            assert drawn[-1] != [list(strip) for strip in below]
    assert drawn[0] == drawn[1]


async def test_what_is_below_a_dialog_is_laid_out_again_only_for_another_size() -> None:
    app = Below()
    laid_out = []
    async with app.run_test(size=(60, 12)) as pilot:
        view, dialog = app.screen, Dimmed()
        await settled(pilot, lambda: not view._layout_required)
        for screen in (view, dialog):
            screen.screen_layout_refresh_signal.subscribe(app, laid_out.append, immediate=True)
        app.push_screen(dialog)
        await pilot.pause()
        dialog.post_message(Resize(dialog.outer_size, dialog.outer_size))
        await pilot.pause()
        assert set(laid_out) == {dialog}
        await pilot.resize_terminal(50, 20)
        await settled(pilot, lambda: dialog.outer_size == (50, 20))
        assert set(laid_out) == {view, dialog}
        assert view.outer_size == (50, 20)
