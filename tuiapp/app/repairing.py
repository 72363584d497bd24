"""Offers to repair damage: library, models, settings; then the trainings that would repair the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.errors import CancelledError, DiscoverError, NothingYetError
from tuiapp.job import STOPPING, Job
from tuiapp.settings.in_keys import in_keys
from tuiapp.settings.mending import is_damaged

if TYPE_CHECKING:
    from engine.session.repair import Retraining
    from tuiapp.app.app import DiscoverApp

_LEAVE = "Leave it as it is"


class Repairing:
    """Asks once per run, whichever view finds it first. Not in a private session, which changes nothing.

    The question on the settings comes first, however soon a view finds what it is about.
    """

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._asked = False

    def offer(self, *, library: bool) -> None:
        """Ask whether to repair the library, or else models and packs; returns at once."""
        if not self._asked and self._app.private_since is None:
            self._asked = True
            look = self._look if library else self._look_at_data
            self._app.run_worker(look, thread=True, group="repairing")

    def offer_settings(self) -> None:
        """Ask whether to restore the settings, if their file cannot be read at all."""
        app = self._app
        if app.preferences.config.problems and app.private_since is None and is_damaged(app.folders.config):
            more = (
                "Each group that can be read is kept, the others are restored from the last valid copy. The damaged "
                "file is kept beside it."
            )
            self._ask("The settings file is damaged", more, self._restore_settings, first=True)
        app.dialog_queue.begin()

    def _look(self) -> None:
        from engine.store.backups import chosen, listens_in

        try:
            backup = chosen(self._app.folders)
        except NothingYetError:
            last = "There is no backup."
        else:
            day = time.strftime("%Y-%m-%d %H:%M", time.gmtime(backup.made))
            last = (
                f"If the backup of {day} UTC, with {listens_in(backup):,} listens, has more, it is restored instead: "
                "import again what came later."
            )
        more = f"What can be read of it is kept. {last} The damaged file is kept with the backups."
        self._app.call_from_thread(self._ask, "The library is damaged", more, self._answered)

    def _look_at_data(self) -> None:
        from engine.session.damage import damage
        from engine.session.repair import is_mended, retrainings

        folders = self._app.folders
        try:
            found = damage(folders)
            train = retrainings(folders, found)
            repairable = any(is_mended(folders, one) for one in found)
        except (DiscoverError, OSError):
            return  # the view shows the error
        if repairable:
            more = " ".join(one.said for one in found)
            self._app.call_from_thread(self._ask, "Some data is damaged", more, self._answered)
        elif train:
            self._app.call_from_thread(self._ask_to_train, train)

    def _ask(
        self,
        title: str,
        more: str,
        answered: Callable[[str | None], None],
        yes: str = "Repair it",
        *,
        first: bool = False,
    ) -> None:
        """Ask once no other dialog is open; `answered` is called with something for `yes`, else with nothing."""
        from tuiapp.screens.pick import Choice, Pick

        choices = [Choice("yes", yes), Choice("", _LEAVE)]
        question = Pick(title, choices, more=in_keys(more, self._app.keymap))
        self._app.dialog_queue.show(question, answered, before_others=first)

    def _ask_to_train(self, what: list[Retraining]) -> None:
        def answered(choice: str | None) -> None:
            if choice:
                self._app.jobs.start("Training", "train")

        self._ask("Train again?", " ".join(one.in_words() for one in what), answered, "Train again")

    def _restore_settings(self, choice: str | None) -> None:
        if choice:
            self._app.changes.in_turn(self._mend_settings, "repairing")

    def _mend_settings(self) -> None:
        from engine.privacy import Door
        from tuiapp.settings.mending import mend

        app = self._app
        try:
            said = " ".join(mend(Door(app.folders, private=app.private_since is not None)))
        except (DiscoverError, OSError) as error:
            app.call_from_thread(app.notify, str(error), title="Settings", severity="error")
            return
        app.preferences.look()
        app.call_from_thread(app.notify, said, title="Settings", timeout=15)

    def _answered(self, choice: str | None) -> None:
        app = self._app
        if not choice:
            return
        if app.private_since is not None:
            end = app.keymap.label("private")
            text = f"A private session changes nothing. Press {end} to end it, then start discover again."
            app.notify(text, severity="warning")
        elif obstacle := app.jobs.obstacle("Repair"):
            app.notify(obstacle, severity="warning")
        else:
            # Set now, so that no job starts, nor a private session, while it waits for its turn.
            app.job = job = Job("Repair", ["repair"])
            app.changes.in_turn(lambda: self._repair(job), "repairing")

    def _repair(self, job: Job) -> None:
        """Repair in this process, with the library closed; shown and cancellable like a job."""
        from engine.privacy import Door
        from engine.progress import Whole
        from engine.session.repair import REPAIRING, repair, retrainings

        app, whole = self._app, Whole(REPAIRING)

        def report(stage: str, done: int, total: int) -> None:
            job.take(asdict(whole.at(stage, done, total)))
            app.call_from_thread(setattr, app, "job", job)

        train: list[Retraining] = []
        try:
            if app.session_in_use is not None:
                # Closed later, its connection would use the next file's log.
                app.session_in_use.close()
            done = repair(Door(app.folders), report, lambda: job.stage == STOPPING)
            train = retrainings(app.folders)
        except CancelledError as error:
            app.call_from_thread(app.notify, str(error), title="Repair stopped")
        except DiscoverError as error:
            app.call_from_thread(app.notify, str(error), severity="error")
        else:
            said = " ".join(done) or "Nothing could be repaired."
            app.call_from_thread(app.notify, said, title="Repair", timeout=15)
        finally:
            app.call_from_thread(setattr, app, "job", None)
        app.call_from_thread(app.open_folders, app.folders)
        app.call_from_thread(app.library_changed)
        if train:
            app.call_from_thread(self._ask_to_train, train)
