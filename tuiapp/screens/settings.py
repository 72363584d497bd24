"""Settings: all of them in one list, changed at once, kept in the settings file with its comments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from engine.errors import sentence
from tuiapp.safe import shown
from tuiapp.screens.acting import NOTHING_LISTED
from tuiapp.screens.dialogs import AskText, Dialog
from tuiapp.screens.pick import Choice, Pick
from tuiapp.screens.view import View
from tuiapp.settings.actions import EVERYWHERE, LISTS, SCREENS, written
from tuiapp.settings.keys import BY_NAME, key_named
from tuiapp.settings.registry import SETTINGS, Setting
from tuiapp.widgets.columns import Column
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from tuiapp.shell import Shell

_FROM = {"default": "", "file": "file", "session": "this session"}


class SettingsView(View):
    """What can be set."""

    NAME: ClassVar[str] = "settings"
    MARKS: ClassVar[bool] = False
    MUSIC: ClassVar[bool] = False
    _list: getters.query_one[Table[Setting]] = getters.query_one("#settings", Table)
    _help = getters.query_one("#help", Static)

    def compose_body(self) -> ComposeResult:
        yield Table[Setting](
            (
                Column("setting", lambda row: row.title, 24, share=2, order=lambda row: row.title.casefold()),
                Column("value", self._value, 16, share=3, accent=True, order=self._value),
                Column(
                    "from",
                    lambda row: _FROM[self.shell.preferences.where(row.key)],
                    12,
                    order=lambda row: self.shell.preferences.where(row.key),
                    least=64,
                ),
                Column("in the file", lambda row: row.key, 30, order=lambda row: row.key, least=100),
            ),
            key=lambda row: row.key,
            words=lambda row: f"{row.title} {row.key} {self._value(row)} {row.help}",
            id="settings",
            markable=False,
        ).add_class("body")
        yield Static(id="help", classes="body")
        yield Notice()

    def _value(self, row: Setting) -> str:
        return in_words(row, self.shell.preferences.config[row.key])

    # The row that had the cursor when the app was left.
    _recalled: str | None = None

    def load(self) -> None:
        """All of it is at hand; nothing is asked of the engine."""
        table = self._list
        first_time = not table.counts[1]
        table.show(tuple(SETTINGS.values()), cursor_key=self._recalled if first_time else None)
        if first_time:
            table.focus()
        self.set_status(str(self.shell.preferences.file))
        self.set_state("")
        self.listed()

    def settings_changed(self) -> None:
        super().settings_changed()
        if self._list.filter:
            self._list.set_filter(self._list.filter)
        self._list.refresh()
        self._explain(self._list.row)

    @on(Table.Highlighted)
    def _highlighted(self) -> None:
        self._explain(self._list.row)

    def _explain(self, row: Setting | None) -> None:
        if row is None:
            self._help.update("")
            return
        default = in_words(row, row.default)
        parts: list[Content | str] = [
            shown(row.help),
            "\n",
            Content.styled(f"{row.key}   default: {default}", "$foreground-muted"),
        ]
        if watched := self.shell.listening.watched(row.key):
            parts += ["\n", shown(watched)]
        if self.shell.private_since is not None:
            parts.append(Content.styled("   PRIVATE: changes last until the session ends", "$warning"))
        elif self.shell.preferences.config.problems:
            parts.append(Content.styled("   the file has errors: `discover config` lists them", "$warning"))
        self._help.update(Content.assemble(*parts))

    @on(Table.Clicked)
    def action_change(self) -> None:
        """Choose, type or press another value."""
        row = self._list.row
        if row is not None:
            choose(self.shell, row.key)

    def action_reset(self) -> None:
        row = self._list.row
        if row is None:
            self.remark(NOTHING_LISTED)
        elif self.shell.preferences.where(row.key) == "default":
            self.remark("This is the default already.")
        else:
            change(self.shell, row, None)

    def remembered(self) -> dict[str, Any]:
        row = self._list.row
        return super().remembered() | {"cursor": row.key if row is not None else None}

    def recall(self, state: dict[str, Any]) -> None:
        super().recall(state)
        self._recalled = self.shell.remembering.cursor(self.NAME)


def in_words(setting: Setting, value: Any) -> str:
    """A setting's value as the app shows it: keys as people write them."""
    if value and setting.key.startswith("keys."):
        return " ".join(written(key) for key in str(value).split(","))
    return setting.shown(value)


def change(shell: Shell, setting: Setting, value: Any) -> bool:
    """Change a setting, or say why not."""
    try:
        shell.preferences.change(setting.key, value)
    except ValueError as error:
        shell.notify(sentence(str(error)), severity="warning", timeout=8)
        return False
    return True


def choose(shell: Shell, key: str) -> None:
    """Ask for a setting's new value in the way that fits it."""
    setting, now = SETTINGS[key], shell.preferences.config[key]
    if key.startswith("keys."):

        def pressed(named: str | None) -> None:
            if named:
                change(shell, setting, named)

        shell.push_screen(AskKey(setting, in_words(setting, now)), pressed)
    elif setting.choices:
        _pick(shell, setting, now)
    else:
        _ask(shell, setting, now)


def _ask(shell: Shell, setting: Setting, now: Any) -> None:
    def typed(text: str, dialog: AskText) -> None:
        try:
            value = setting.typed(text) if text else None
        except ValueError as error:
            dialog.refuse(sentence(f"“{text}” is not valid: enter {error}"))
            return
        try:
            shell.preferences.change(setting.key, value)
        except ValueError as error:
            dialog.refuse(sentence(str(error)))
        else:
            dialog.accept()

    shell.push_screen(AskValue(setting, typed, "" if now is None else str(now)))


def _pick(shell: Shell, setting: Setting, now: Any) -> None:
    own = setting.key == "open.service"

    def picked(choice: str | None) -> None:
        if setting.key == "theme" and choice is None:
            shell.preferences.show_theme(now)
        if choice == OWN:
            _ask(shell, setting, now if "://" in now else "https://…?q={query}")
        elif choice is not None and not change(shell, setting, choice) and setting.key == "theme":
            shell.preferences.show_theme(now)

    def preview(choice: str) -> None:
        if setting.key == "theme":
            shell.preferences.show_theme(choice)

    choices = [
        Choice(value, note="default" if value == setting.default else "")
        for value in (*setting.choices, *([OWN] if own else []))
    ]
    at = OWN if own and "://" in now else now
    shell.push_screen(Pick(setting.title, choices, now=at, preview=preview), picked)


OWN = "another address …"


class AskValue(AskText):
    """A value to type. Left empty it is the default; escape leaves things as they are."""

    EMPTY: ClassVar[bool] = True

    def __init__(self, setting: Setting, submit: Callable[[str, AskText], None], value: str) -> None:
        hint = f"{setting.help}\n\nenter accept, leave empty for the default, esc cancel"
        super().__init__(setting.title, submit, value, hint)


class _Pressed(Static, can_focus=True):
    """Takes every key but escape before any binding does."""

    DEFAULT_CSS = "_Pressed { height: 0; }"

    async def on_key(self, event: events.Key) -> None:
        if event.key != "escape":
            event.stop()
            event.prevent_default()
            assert isinstance(self.screen, AskKey)  # noqa: S101 - made nowhere else
            self.screen.take(event.key)


class AskKey(Dialog):
    """The new key, pressed. Dismissed with its name, or None where escape keeps the old one."""

    _pressed = getters.query_one(_Pressed)
    _asked = getters.query_one("#asked", Static)

    def __init__(self, setting: Setting, now: str) -> None:
        super().__init__()
        self._setting, self._now = setting, now
        self._taken = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(shown(self._setting.title), classes="title", markup=False)
            yield _Pressed()
            yield Static(f"Press the new key (now {self._now}); esc cancels.", id="asked", markup=False)
            action = BY_NAME[self._setting.key.removeprefix("keys.")]
            where = {EVERYWHERE: "Works everywhere.", LISTS: "Works in lists."}
            place = where.get(action.scope, f"Works in {dict(SCREENS).get(action.scope)}.")
            yield Static(f"{shown(self._setting.help)}\n{place}", classes="hint", markup=False)

    def on_mount(self) -> None:
        self._pressed.focus()

    def take(self, key: str) -> None:
        """A key was pressed: take it, or say why it will not do. One pressed as the dialog goes away is ignored."""
        if not self.is_current or self._taken:
            return
        try:
            named = key_named(key)
        except ValueError as error:
            self._refuse(f"{written(key)}: {error}")
            return
        try:
            self.shell.preferences.config.with_values({self._setting.key: named})
        except ValueError as error:
            self._refuse(str(error))
        else:
            self._taken = True
            self.dismiss(named)

    def _refuse(self, why: str) -> None:
        text = Content.styled(shown(f"{sentence(why)} Press another, or esc to cancel."), "$warning")
        self._asked.update(text)
