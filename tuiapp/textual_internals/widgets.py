"""Screens and widgets: what is known of them, and what of theirs is mended."""

from __future__ import annotations

import contextlib
import inspect
from collections import deque
from collections.abc import Iterator
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import Any, Literal, cast

from textual._context import active_app
from textual._styles_cache import StylesCache
from textual.app import App
from textual.color import Color
from textual.events import InputEvent, Paste
from textual.message import Message
from textual.messages import Prompt
from textual.screen import Screen
from textual.style import Style

from tuiapp.textual_internals.guarded import Guarded


def all_screens(app: App[Any]) -> Iterator[Screen[Any]]:
    """The screens of all modes, visible or not: the public API has only those of the current mode."""
    for stack in app._screen_stacks.values():
        yield from stack


def toasts_in_sight(app: App[Any]) -> int:
    """How many notifications are shown: the public API can only clear them."""
    return len(app._notifications)


def begin_styled(screen: Screen[Any], sheet: Path) -> None:
    """Apply only the stylesheet of a new screen, without invalidating others. Textual would parse all stylesheets
    again, twice, and once more for a screen's own."""
    # The running app: a screen's `app` is available only in the app it was created for.
    app = active_app.get()
    app.stylesheet.read(sheet)
    screen._css_update_count = app._css_update_count
    # Set the size classes of its first resize, which would style everything a second time.
    for cells, breakpoints in zip(
        app.size, (screen.HORIZONTAL_BREAKPOINTS, screen.VERTICAL_BREAKPOINTS), strict=True
    ):
        screen.add_class(*screen._get_breakpoint_classes(cells, breakpoints or []), update=False)


def forget_input(app: Guarded) -> None:
    """Drop keys and pastes that were not acted on yet: thousands of them may wait before what is posted now."""
    app.keys_ahead.clear()
    for pump in (app, *all_screens(app), app.focused):
        if pump is not None:
            waiting: deque[Message] = pump._message_queue.values
            others = [one for one in waiting if not isinstance(one, InputEvent | Paste)]
            if len(others) < len(waiting):
                waiting.clear()
                # Whoever was woken to take one finds one.
                waiting.extend(others or [Prompt()])


def forget_watchers(app: App[Any]) -> None:
    """Remove closed watchers of the app's attributes: Textual does that only when the attribute changes, and until then
    keeps the whole screen alive."""
    for watchers in getattr(app, "__watchers", {}).values():
        watchers[:] = [one for one in watchers if one[0].is_attached]


def let_no_page_be_turned_without_room() -> None:
    """Ignore page keys in a list of options (the palette's, a file dialog's) without visible lines in a small terminal,
    where Textual raises KeyError."""
    from textual.widgets import OptionList

    move = OptionList._move_page

    def moved(options: OptionList, direction: Literal[-1, 1]) -> None:
        with contextlib.suppress(KeyError):
            move(options, direction)

    # Set on the class, whose method is public under no other name.
    OptionList._move_page = moved  # type: ignore[method-assign,assignment]


def let_painted_lines_go() -> None:
    """Free what was painted with its widget: Textual remembers the two colours of up to 1,024 widgets by the whole of
    what it painted of each, 20 MB, beyond their ends."""
    of_colours = inspect.unwrap(StylesCache.get_inner_outer)
    # Its first argument is called a class, is an instance, and used for nothing.
    colours = lru_cache(1024)(partial(of_colours, None))

    @wraps(of_colours)
    def inner_outer(_self: StylesCache, base: Color, background: Color) -> tuple[Style, Style]:
        return cast(tuple[Style, Style], colours(base, background))

    # Its own, remembered by other arguments.
    StylesCache.get_inner_outer = inner_outer  # type: ignore[method-assign,assignment]
