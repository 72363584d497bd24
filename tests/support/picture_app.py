"""An app with a picture beside a line that changes, to be run on a terminal of a test's: `python -m ... FILE`.

Keys: r changes the line, o repaints all, d opens a dialog over the picture, escape closes it, n shows a message, q
quits.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Static

from tuiapp.textual_internals.guarded import Guarded
from tuiapp.textual_internals.terminal import hear_answers
from tuiapp.widgets.art import Art


class Over(ModalScreen[None]):
    BINDINGS: ClassVar[list[Any]] = [("escape", "dismiss", "")]
    DEFAULT_CSS = "Over { align: right bottom; } Over Static { width: 30; height: 3; }"

    def compose(self) -> ComposeResult:
        yield Static("dialog over it")


class Pictures(Guarded):
    BINDINGS: ClassVar[list[Any]] = [
        ("r", "row", ""),
        ("o", "anew", ""),
        ("d", "dialog", ""),
        ("n", "say", ""),
        ("q", "quit", ""),
    ]
    CSS = "Horizontal { align: right bottom; height: 1fr; } #row { width: 10; } Art { margin: 0 4 2 0; }"

    def unexpected(self, error: Exception) -> None:
        raise error

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("row 0", id="row")
            yield Art("sixel", named=True)

    def on_resize(self) -> None:
        art = self.query_one(Art)
        art.resized()
        art.show(sys.argv[1], room=True)

    def on_mount(self) -> None:
        self.rows = 0

    def action_row(self) -> None:
        self.rows += 1
        self.query_one("#row", Static).update(f"row {self.rows}")

    def action_anew(self) -> None:
        self.action_row()
        self.refresh(layout=True)

    def action_dialog(self) -> None:
        self.push_screen(Over())

    def action_say(self) -> None:
        self.notify("a message long enough to reach over it", timeout=100)


if __name__ == "__main__":
    hear_answers()
    Pictures().run()
