"""The one place for unexpected errors: they are logged, and the app says what failed and where the log is."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text
from textual.content import Content
from textual.worker import WorkerFailed

from engine.errors import system_trouble
from tuiapp.app import quit as leaving
from tuiapp.safe import shown
from tuiapp.textual_internals.guarded import end_with_failure, report_to_test

if TYPE_CHECKING:
    from engine.privacy import Door
    from tuiapp.app.app import DiscoverApp
    from tuiapp.screens.dialogs import Failure


class Failures:
    """Unexpected errors of one run of the app."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        # The last message.
        self.report = ""
        # Whether one ended the app.
        self.over = False

    @contextlib.contextmanager
    def warnings_noted(self) -> Iterator[None]:
        """While the block runs, Python's warnings are logged, each place once, instead of printed over the screen."""
        seen: set[tuple[str, int]] = set()

        def note(_message: object, category: type[Warning], filename: str, line: int, *_: object) -> None:
            # Late: the first paint waits for no log.
            from engine.privacy.log import note_warning

            if (filename, line) not in seen:
                seen.add((filename, line))
                note_warning(self._door(), category, filename, line)

        with warnings.catch_warnings():
            # Called by position alone, so the names of what it takes are free.
            warnings.showwarning = note  # type: ignore[assignment]
            yield

    def take(self, error: Exception) -> None:
        """Handle an error: failed background work is shown and the app continues; anything else ends it with a
        message."""
        app = self._app
        report_to_test(app, error)
        if self.over:
            # Another, as it ends.
            self._note("the app", error)
            return
        if isinstance(error, WorkerFailed) and app.is_running:
            self.report = self._note("background work", error.error)
            if not isinstance(app.screen, _failure()):
                app.push_screen(_failure()(_in_words(self.report)))
            return
        self.over = True
        end_with_failure(app)
        report = " ".join(self._note("the app", error).split("\n"))
        self.report = f"error: discover had to stop: {shown(report)} Nothing was lost."
        app.panic(Text(self.report))
        if not app.is_headless:
            leaving.end_in_time(app, leaving.GRACE)

    def _note(self, where: str, error: BaseException) -> str:
        """Log an error; returns the message: what it was, and in the next line where the log is."""
        from engine.privacy.log import note_error, where_it_happened

        written = note_error(self._door(), where, error)
        log = (
            f"The log is {self._app.folders.log}." if written else "Not logged: this session writes nothing."
        )
        return f"{system_trouble(error) or f'{where_it_happened(error)}.'}\n{log}"

    def _door(self) -> Door:
        """The way to the log, whether the library could be opened or not."""
        from engine.privacy import Door

        app = self._app
        session = app.session_in_use
        return (
            session.door if session is not None else Door(app.folders, private=app.private_since is not None)
        )


def _failure() -> type[Failure]:
    from tuiapp.screens.dialogs import Failure

    return Failure


def _in_words(report: str) -> Content:
    what, log = report.split("\n", 1)
    return Content.assemble(
        "This failed:\n",
        Content.styled(shown(what), "bold"),
        "\n\n",
        shown(log),
        "\nNothing was lost, and the app continues. If it happens again, report it with the log: it names no music.",
    )
