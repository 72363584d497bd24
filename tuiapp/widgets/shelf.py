"""A shelf under a list: the first names of another list, and the key that shows it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tuiapp.cells import fitted
from tuiapp.safe import shown


class Shelf(Static):
    """One line of names, as many as fit; hidden without any."""

    DEFAULT_CSS = """
    Shelf { height: 1; padding: 0 1; color: $foreground-muted; display: none; }
    Shelf.-shown { display: block; }
    """

    class Clicked(Message):
        """The shelf was clicked."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._title, self._key = "", ""
        self._names: Sequence[str] = ()

    def show(self, title: str, key: str, names: Sequence[str]) -> None:
        """Show names under a title, with the key for the whole list; without names hide the shelf."""
        self._title, self._key, self._names = title, key, names
        self.set_class(bool(names), "-shown")
        self._draw()

    def _draw(self) -> None:
        if not self._names:
            return
        key, title = f"{self._key} ", f"{self._title}  "
        room = self.content_size.width - len(key) - len(title)
        names = fitted(shown(self._names[0]), max(1, room)).rstrip()
        for name in map(shown, self._names[1:]):
            if cell_len(names) + cell_len(name) + 2 > room:
                break
            names += f", {name}"
        self.update(Content.assemble(Content.styled(key, "bold $text-accent"), title, (names, "$foreground")))

    def on_resize(self) -> None:
        self._draw()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Clicked())
