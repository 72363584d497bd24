"""Dialogs over a view: a line to type, a text to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.widgets import Input, Static

from engine.errors import DiscoverError
from tuiapp.safe import shown
from tuiapp.screens.asking import Asking
from tuiapp.settings.actions import IN_DIALOGS, bindings_too
from tuiapp.settings.in_keys import in_keys
from tuiapp.widgets.dimmed import Dimming
from tuiapp.widgets.line import Line
from tuiapp.widgets.path_line import PathLine


def room_for_text(width: int) -> int:
    """The width of a dialog's text in a terminal of this width, without padding and scrollbar."""
    return min(84, width * 94 // 100) - 5


class Text(Static):
    """A text; one made for a width is made again when the terminal's changes."""

    def __init__(self, text: Content | str | Callable[[int], Content | str]) -> None:
        super().__init__("" if callable(text) else text, markup=False)
        self._made = text if callable(text) else None
        self._width = 0

    def on_mount(self) -> None:
        self.on_resize()

    def on_resize(self) -> None:
        if self._made is not None and self._width != (width := room_for_text(self.app.size.width)):
            self._width = width
            self.update(self._made(width))


class Dialog(Dimming[Any], Asking[Any]):
    """A panel in the middle; escape closes it. Help names its keys by their tooltips, or as the registry does."""

    BINDINGS: ClassVar[list[Any]] = [
        Binding("escape", "dismiss(None)", show=False, tooltip="Close."),
        *bindings_too(*IN_DIALOGS),
    ]
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > .panel {
        width: 84; max-width: 94%; height: auto; max-height: 90%; background: $panel; padding: 1 2;
    }
    /* Themes of the terminal's own colours have no second background to tell a panel by. */
    Dialog > .panel:ansi { background: ansi_default; border: round ansi_bright_black; padding: 0 1; }
    Dialog .title { text-style: bold; color: $text-accent; height: auto; margin: 0 0 1 0; }
    Dialog .hint { color: $foreground-muted; height: auto; margin: 1 0 0 0; }
    Dialog Input, Dialog Input:focus { border: none; height: 1; padding: 0 1; background: $foreground 10%; }
    """

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disables what has no effect now."""
        if action == "everywhere":
            return self.app.check_action(str(parameters[0]).partition("(")[0], ())
        return super().check_action(action, parameters)

    async def action_everywhere(self, action: str) -> None:
        """What a key does everywhere."""
        await self.app.run_action(action, self.app)

    def show_error(self, error: DiscoverError) -> None:
        """Show an error as a notification; the dialog stays."""
        self.app.notify(in_keys(str(error), self.shell.keymap), severity="error")


class AskText(Dialog):
    """Asks for one line of text, passed to `submit`. It stays open until that accepts the text, or shows the reason for
    refusing it; escape and an empty line close it."""

    AUTO_FOCUS = "Input"
    EMPTY: ClassVar[bool] = False  # whether an empty line is a valid answer
    NAME: ClassVar[str] = "text"
    _line = getters.query_one(Input)
    _wrong = getters.query_one(".wrong", Static)
    DEFAULT_CSS = """
    AskText .wrong { height: auto; padding: 0 1; color: $text-error; }
    AskText .wrong.-waits { color: $foreground-muted; }
    """

    def __init__(
        self,
        title: str,
        submit: Callable[[str, AskText], None],
        value: str = "",
        hint: str = "enter accept, esc cancel",
        *,
        secret: bool = False,
    ) -> None:
        """`secret` hides the typed text."""
        super().__init__()
        self._title, self._submit, self._value, self._hint = title, submit, value, hint
        self._secret = secret
        # Whether the text is being checked: a second enter is ignored.
        self._waits = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(shown(self._title), classes="title", markup=False)
            yield Line(self._value, select_on_focus=True, password=self._secret)
            yield self._below("")
            yield Static(self._hint, classes="hint", markup=False)

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if not (text or self.EMPTY):
            self.dismiss(None)
        elif not self._waits:
            self._waits, self._value = True, event.value
            self._say("One moment …")
            self._submit(text, self)

    @on(Input.Changed)
    def _edited(self, event: Input.Changed) -> None:
        """What was wrong was wrong with another text."""
        if self._wrong.display and not self._waits and event.value != self._value:
            self._say("")

    @staticmethod
    def _below(wrong: str) -> Static:
        line = Static(shown(wrong), classes="wrong", markup=False)
        line.display = bool(wrong)
        return line

    def accept(self) -> None:
        """The text is accepted."""
        if self.is_current:
            self.dismiss(None)

    def refuse(self, why: DiscoverError | str = "") -> None:
        """Stay, and show what is wrong with the text; if closed meanwhile, in a notification."""
        if not self.is_attached:
            if why:
                self.app.notify(in_keys(str(why), self.shell.keymap), severity="error")
            return
        self._waits = False
        self._say("\n".join(shown(line) for line in in_keys(str(why), self.shell.keymap).split("\n")))

    def _say(self, text: str) -> None:
        self._wrong.set_class(self._waits, "-waits")
        self._wrong.display = bool(text)
        self._wrong.update(text)

    def show_error(self, error: DiscoverError) -> None:
        """Show the error below the line."""
        self.refuse(error)


class AskPath(AskText):
    """A path to type, or to pick: ctrl+o browses files."""

    BINDINGS: ClassVar[list[Any]] = [
        Binding("ctrl+o", "browse", show=False, tooltip="Browse files."),
        Binding("down", "scroll(1)", show=False, tooltip="Scroll down."),
        Binding("up", "scroll(-1)", show=False, tooltip="Scroll up."),
        Binding("pagedown", "scroll(8)", show=False, tooltip="Scroll down."),
        Binding("pageup", "scroll(-8)", show=False, tooltip="Scroll up."),
    ]
    DEFAULT_CSS = """
    AskPath .above { height: auto; max-height: 60vh; margin: 1 0 0 0; color: $foreground-muted; }
    """

    def __init__(
        self,
        title: str,
        submit: Callable[[str, AskText], None],
        above: str | Callable[[int], str] = "",
        value: str = "",
        wrong: str = "",
        *,
        proposed: bool = False,
    ) -> None:
        """`above` is shown above the line, perhaps made for a width; `wrong` is what is wrong with the initial `value`.
        A `proposed` value is replaced by typing, any other is continued."""
        scrolls = ", ↑ ↓ scroll" if above else ""
        hint = f"enter accept, tab complete, ctrl+o browse{scrolls}, esc cancel"
        super().__init__(title, submit, value, hint)
        self._above, self._first_wrong, self._proposed = above, wrong, proposed

    def compose(self) -> ComposeResult:
        # The line is on top: in a low terminal the text below it scrolls, and the line stays visible.
        with Vertical(classes="panel"):
            yield Static(shown(self._title), classes="title", markup=False)
            yield PathLine(
                self._value,
                placeholder="path to a file, folder or archive; or drop files here",
                select_on_focus=self._proposed,
            )
            yield self._below(self._first_wrong)
            yield Static(self._hint, classes="hint", markup=False)
            if self._above:
                with VerticalScroll(classes="above", can_focus=False):
                    yield Text(self._above)

    def action_scroll(self, by: int) -> None:
        for above in self.query(".above"):
            above.scroll_relative(y=by, animate=False)

    def action_browse(self) -> None:
        from textual_fspicker import FileOpen

        def picked(path: Path | None) -> None:
            if path is not None:
                self._line.value = str(path)
                self._line.focus()

        self.app.push_screen(FileOpen(Path.home()), picked)


class ShowText(Dialog):
    """A text to read, scrollable."""

    DEFAULT_CSS = """
    ShowText .hint { margin: 0 0 1 0; }
    """

    BINDINGS: ClassVar[list[Any]] = [
        Binding("enter,q,question_mark,f1", "dismiss(None)", show=False, tooltip="Close."),
        Binding("j,down", "scroll(1)", show=False, tooltip="Scroll down."),
        Binding("k,up", "scroll(-1)", show=False, tooltip="Scroll up."),
    ]
    _panel = getters.query_one(VerticalScroll)

    def __init__(
        self, title: str, body: Content | Callable[[int], Content], *, also: tuple[str, ...] = ()
    ) -> None:
        """`body` may be made for a width; `also` are further keys that close it, and that it is then dismissed with."""
        super().__init__()
        self._title, self._body, self._also = title, body, also

    def on_key(self, event: Key) -> None:
        if event.key in self._also:
            event.stop()
            self.dismiss(event.key)

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="panel"):
            yield Static(shown(self._title), classes="title", markup=False)
            # Above the text: a low terminal shows only its beginning.
            yield Static("↑ ↓ scroll, esc close", classes="hint", markup=False)
            yield Text(self._body)

    def action_scroll(self, by: int) -> None:
        self._panel.scroll_relative(y=by, animate=False)


class Failure(ShowText):
    """What failed, and where the log is."""

    DEFAULT_CSS = """
    Failure .title { color: $error; }
    """

    def __init__(self, body: Content) -> None:
        super().__init__("✗ Unexpected error", body)
