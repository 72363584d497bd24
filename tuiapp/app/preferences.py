"""The running app's settings: applied at once, saved in the file with its comments, each change undoable."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from engine.errors import DiscoverError, PrivateSessionError, UsageError, sentence
from tuiapp.settings import config
from tuiapp.settings.config import Config
from tuiapp.settings.registry import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from textual.worker import Worker

    from engine.paths import Folders
    from engine.privacy import Door
    from engine.session import Session
    from tuiapp.app.app import DiscoverApp
    from tuiapp.app.undo import Entry


class Preferences:
    """The settings of `config.toml`, and changes since."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        # The file that was read, and its stamp then.
        self._folders, self._file = app.folders, app.folders.config
        self._stamp = _stamp(self._file)
        # Its stamp when it was last copied; null: not in this run.
        self._copied: tuple[int, int] | None = None
        self.config: Config = config.read(self._file)
        # Changes not in the file yet, which is older.
        self._unwritten = 0
        # The keys of those that could not be written, until all were tried.
        self._refused: set[str] = set()
        # Settings changed only for this private session.
        self._passing: set[str] = set()

    @property
    def file(self) -> Path:
        """The file they are in: in the demo the person's, unless the demo was opened by itself."""
        return self._file

    def of(self, folders: Folders) -> None:
        """Switch to those of a library, if they are not in use: a demo that was opened by itself is left."""
        if folders != self._folders:
            self._folders, self._file = folders, folders.config
            self._passing.clear()
            self._stamp = _stamp(self._file)
            self._adopt(config.read(self._file))

    def where(self, key: str) -> str:
        """A value's origin: `default`, `file`, or `session` if it ends with the private session."""
        return "session" if key in self._passing else self.config.where(key)

    def begin(self) -> None:
        """Apply the settings, and show in one notice which entries are ignored."""
        self.show_theme(self.config["theme"])
        self._apply_keys()
        self._say_problems()

    def _say_problems(self) -> None:
        if problems := self.config.problems:
            more = f"\n{len(problems) - 2} more: `discover config` lists all." if len(problems) > 2 else ""
            self._app.notify("\n".join(problems[:2]) + more, title="Settings", severity="warning", timeout=20)

    def reread(self) -> tuple[str, ...]:
        """A private session ended: return to the file's settings; returns sentences on what was discarded."""
        found = config.read(self._file)
        lost = sum(self.config.values.get(key) != found.values.get(key) for key in self._passing)
        self._passing.clear()
        self._stamp = _stamp(self._file)
        self._adopt(found)
        return (f"{lost} {'setting' if lost == 1 else 'settings'} discarded.",) if lost else ()

    def look(self) -> None:
        """Reload the file if another window, a command or an editor wrote it. Called in a thread."""
        stamp = _stamp(self._file)
        self._copy(stamp)
        if stamp != self._stamp:
            self._app.call_from_thread(self._take, stamp, config.read(self._file))

    def _copy(self, stamp: tuple[int, int] | None) -> None:
        """Keep a copy of a readable file, to restore what the person wrote by hand."""
        session = self._app.session_in_use
        if stamp != self._copied and session is not None and not session.private:
            from tuiapp.settings.mending import keep

            self._copied = stamp
            with contextlib.suppress(OSError, DiscoverError):
                keep(self._door(session))

    def _door(self, session: Session) -> Door:
        from engine.privacy import Door

        return Door(self._folders, private=session.private)

    def _take(self, stamp: tuple[int, int] | None, found: Config) -> None:
        if self._unwritten or stamp != _stamp(self._file):
            return  # it is looked at again
        self._stamp = stamp
        # Changes for this private session stay until it ends.
        mine = {key: self.config.values.get(key) for key in self._passing}
        values = {key: value for key, value in (dict(found.values) | mine).items() if value is not None}
        if (values, found.problems) != (self.config.values, self.config.problems):
            self._adopt(Config(values, found.problems))

    def _adopt(self, found: Config) -> None:
        """Switch to other settings."""
        app, before, self.config = self._app, self.config, found
        self.show_theme(self.config["theme"])
        self._apply_keys()
        self._listen()
        for view in app.views.shown():
            view.settings_changed()
        if found.discover != before.discover:
            app.library_changed()
        if found.problems != before.problems:
            self._say_problems()

    def change(self, key: str, value: Any) -> None:
        """Change a setting, or with None put it back to its default; u undoes it.

        Raises ValueError with what is expected.
        """
        if value == SETTINGS[key].default and key not in self.config.values:
            value = None
        self.change_all({key: value}, f"the setting {key}")

    def change_all(
        self, changes: Mapping[str, Any], words: str, *, undoing: bool = False
    ) -> Worker[DiscoverError | None] | None:
        """Change several settings at once, as `change` does one; undo calls them `words`. Returns what writes them."""
        app, before = self._app, self.config
        self.config = before.with_values(changes, again=undoing)
        old = {
            key: before.values.get(key)
            for key in changes
            if before.values.get(key) != self.config.values.get(key)
        }
        if not old:
            return None
        self._apply(*old)
        entry = None if undoing else app.changes.remember(words, lambda: self._undo(old, words))
        if app.private_since is not None:
            self._passing |= old.keys()
            if not undoing:
                app.notify(f"{', '.join(old)} applies until the private session ends; nothing is written.")
            return None
        self._unwritten += 1
        return app.changes.in_turn(lambda: self._keep(tuple(old), entry), "settings")

    def _undo(self, values: Mapping[str, Any], words: str) -> Worker[DiscoverError | None] | None:
        try:
            return self.change_all(values, words, undoing=True)
        except ValueError as error:
            # Its old key was given to another action since.
            raise UsageError(sentence(str(error))) from None

    def _keep(self, keys: tuple[str, ...], entry: Entry | None) -> DiscoverError | None:
        """Write the setting's current value: of several quick changes the last is kept, in whatever order their threads
        run. If it cannot be written, it is as it was, and the error is returned."""
        from tuiapp.settings import config_file

        app = self._app
        try:
            door = self._door(app.engine())
            config_file.write(door, {key: self.config.values.get(key) for key in keys})
            self._refused -= set(keys)
        except PrivateSessionError:
            self._passing |= set(keys)
        except DiscoverError as error:
            self._refused |= set(keys)
            app.call_from_thread(app.notify, str(error), title="Not saved", severity="error", timeout=15)
            if entry is not None:
                app.call_from_thread(app.changes.drop, entry)
            return error
        finally:
            app.call_from_thread(self._tried)
        return None

    def _tried(self) -> None:
        """A change was written, or could not be: what was not is again what the file says, once none is under way."""
        self._unwritten -= 1
        if self._unwritten or not self._refused:
            return
        there = config.read(self._file).values
        values = {key: value for key, value in self.config.values.items() if key not in self._refused}
        values |= {key: there[key] for key in self._refused if key in there}
        self._refused.clear()
        self._adopt(Config(values, self.config.problems))

    def _apply(self, *keys: str) -> None:
        app = self._app
        if "theme" in keys:
            self.show_theme(self.config["theme"])
        if any(key.startswith("keys.") for key in keys):
            self._apply_keys()
        if any(key.startswith("discover.") for key in keys):
            app.library_changed()
        if any(key.startswith("listen.") for key in keys):
            self._listen()
        for view in app.views.shown():
            view.settings_changed()

    def _listen(self) -> None:
        _: Worker[None] = self._app.run_worker(self._app.listening.follow, group="listening")

    def show_theme(self, theme: str) -> None:
        """Preview a theme."""
        if theme in self._app.available_themes:
            self._app.theme = theme

    def _apply_keys(self) -> None:
        app = self._app
        app.keymap = self.config.keymap
        app.set_keymap(app.keymap.changed())


def _stamp(path: Path) -> tuple[int, int] | None:
    """A file's modification time, in nanoseconds, and size; null if it does not exist."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
