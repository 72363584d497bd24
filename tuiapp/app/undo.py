"""Changes to the library: made off the event loop in the order requested, each undoable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from textual.worker import WorkerError

from engine.errors import (
    DiscoverError,
    ForgottenError,
    NothingYetError,
    PrivateSessionError,
    UnknownNameError,
    UsageError,
)
from engine.wording import quantity
from tuiapp.app.undo_each import undo_each
from tuiapp.music import Music
from tuiapp.safe import shown
from tuiapp.settings.in_keys import in_keys

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.worker import Worker

    from engine.paths import Folders
    from engine.session import Session
    from engine.store.feedback import Feedback
    from tuiapp.app.app import DiscoverApp

UNDO_DEPTH = 50
# The only view that shows playlists.
PLAYLISTS = "playlists"

_JUDGED = {"like": "Liked", "hide": "Hidden", "block": "Blocked", None: "Cleared"}

T = TypeVar("T")
S = TypeVar("S")


class Entry(NamedTuple):
    """One change in words, and its undo function; changes are numbered.

    Undoing what is written takes a while and may fail: the function returns its worker, which returns the error then.
    """

    number: int
    what: str
    undo: Callable[[], Worker[DiscoverError | None] | None]


class Changes:
    """Changes since the app was opened, a stack for undo.

    Changes from before a private session are set aside while it lasts: in it only its own can be undone, which are
    dropped with it; earlier ones can be undone after it.
    """

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        # Held for one change at a time, in the order requested: asyncio's locks are fair, and tasks begin in order.
        self.turn = asyncio.Lock()
        # Of the changes asked for and not made yet, which view each is for; null for all.
        self._unmade: list[str | None] = []
        self._undo: list[Entry] = []
        self._before_private: list[Entry] = []
        # Plays that could not be logged so far, and in which library they were heard.
        self._late: list[tuple[Folders, Callable[[Session], Any]]] = []
        self._logging_late: Worker[None] | None = None
        # Of each library the mark of the last forgetting, as seen last.
        self._marks: dict[Folders, str] = {}
        # Number of changes so far: a dialog undoes only those with a higher number.
        self.made = 0

    def remember(self, what: str, undo: Callable[[], Worker[DiscoverError | None] | None]) -> Entry:
        """Add a change that was made, or is being made, to the undo stack; returns the entry."""
        self.made += 1
        entry = Entry(self.made, what, undo)
        self._now([*self._undo, entry][-UNDO_DEPTH:])
        return entry

    def _now(self, entries: list[Entry]) -> None:
        self._undo = entries
        self._app.undoable = entries[-1].what if entries else ""

    def drop(self, entry: Entry) -> None:
        """It was not made: there is nothing to undo."""
        self._before_private = [one for one in self._before_private if one is not entry]
        self._now([one for one in self._undo if one is not entry])

    def _put_back(self, entry: Entry) -> None:
        """Its undo failed: it can be tried again, before those of earlier changes."""
        later = [one for one in self._undo if one.number > entry.number]
        self._now([*self._undo[: len(self._undo) - len(later)], entry, *later])

    def forget(self) -> None:
        """Clear the undo stack."""
        self._before_private = []
        self._now([])

    def private_began(self, made: int) -> None:
        """Set the first `made` changes aside until the private session is over: those asked for before it."""
        self._before_private = [entry for entry in self._undo if entry.number <= made]
        self._now([entry for entry in self._undo if entry.number > made])

    def private_ended(self, made: int) -> None:
        """Drop the private session's changes, which are of the first `made`, and restore the stack."""
        entries, self._before_private = self._before_private, []
        self._now([*entries, *(entry for entry in self._undo if entry.number > made)][-UNDO_DEPTH:])

    def is_to_reload(self, view: str) -> bool:
        """Whether changes are under way, after which the view reloads: an answer by then may be of before them."""
        return any(only in (None, view) for only in self._unmade)

    def in_turn(
        self,
        work: Callable[[], T],
        group: str,
        asks: DOMNode | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> Worker[T]:
        """Run a change in a thread once those asked for earlier are made; later ones wait for it.

        They wait without a thread: there are few, and a change may need another one for what it waits for. The screen
        that `asks`, by default the app, hears how it ended; `ended` is called whatever became of it.
        """

        async def run() -> T:
            try:
                async with self.turn:
                    return await asyncio.to_thread(work)
            finally:
                ended()

        return (asks or self._app).run_worker(run, group=group)

    def since(self, made: int) -> str:
        """The last change in words, if it was made after the first `made`; else empty."""
        return self._undo[-1].what if self._undo and self._undo[-1].number > made else ""

    def undo(self, since: int = 0) -> None:
        """Undo the last change after the first `since`, and say which."""
        if not self.since(since):
            self._app.notify("Nothing to undo here." if self._undo else "Nothing to undo.")
            return
        entry = self._undo[-1]
        self._now(self._undo[:-1])
        try:
            work = entry.undo()
        except DiscoverError as error:
            self._say(error)
            return
        if work is None:
            self._say_undone(entry)
        else:
            _: Worker[None] = self._app.run_worker(
                partial(self._undone, entry, work, self._app.folders), group="change"
            )

    async def _undone(self, entry: Entry, work: Worker[DiscoverError | None], asked_in: Folders) -> None:
        """Say that it is undone once it is. What could not be undone now (a full disk, a lock) can be tried again."""
        try:
            error = await work.wait()
        except WorkerError:
            return  # the app ends
        if error is None:
            self._say_undone(entry)
        # Else there is nothing left to undo, it was changed elsewhere since, or it is of another library.
        elif (
            not isinstance(error, UnknownNameError | NothingYetError | UsageError)
            and self._app.folders == asked_in
        ):
            self._put_back(entry)

    def _say_undone(self, entry: Entry) -> None:
        self._app.notify(f"Undone: {shown(entry.what)}.")

    def make(
        self,
        change: Callable[[Session], Any],
        view: str | None = None,
        failed: Callable[[DiscoverError], None] | None = None,
        what: str = "saving",
    ) -> Worker[DiscoverError | None]:
        """Change the library in a thread, then reload every view, or the only one that shows the change.

        It is the library in which the change was asked for: the demo may be opened or left before it is made. `what` is
        shown if it takes longer than a moment. Errors are shown, or passed to `failed`. The worker returns the error.
        """
        from engine.session import Session

        app, asked_in = self._app, self._app.folders

        def run() -> DiscoverError | None:
            try:
                session = app.engine()
                with nullcontext(session) if session.folders == asked_in else Session(asked_in) as asked:
                    change(asked)
            except DiscoverError as error:
                app.call_from_thread(failed or self._say, error)
                return error
            return None

        def ended() -> None:
            self._unmade.remove(view)
            app.library_changed(view)

        self._unmade.append(view)
        work = self.in_turn(run, "change", ended=ended)
        app.under_way.follow(work, what)
        return work

    def log(self, play: Callable[[Session, str | None], Any], heard_in: Folders) -> None:
        """Log a play in the library it was heard in: nobody reports it again, so that where it cannot be (a full disk,
        a lock, the demo is open) it waits, in memory, unless something is forgotten meanwhile. `play` also gets the
        mark of the last forgetting before it."""
        from engine.privacy import private_session_on

        self._see_mark()
        since = self._marks.get(heard_in)

        def logged(session: Session) -> None:
            play(session, since)

        def log(session: Session) -> None:
            if session.folders == heard_in == self._app.folders:
                logged(session)
            elif not private_session_on(heard_in):
                self._late.append((heard_in, logged))

        def failed(error: DiscoverError) -> None:
            self._say(error)
            if not isinstance(error, PrivateSessionError | ForgottenError):
                self._late.append((heard_in, logged))

        self.make(log, failed=failed)

    def _see_mark(self) -> None:
        session = self._app.session_in_use
        if session is not None:
            self._marks[session.folders] = session.library.seen_mark

    def log_late(self, *, ends: bool = False) -> None:
        """Try again to log the plays that wait; called about once a second, and as the app `ends`: then those of other
        libraries too."""
        self._see_mark()
        # As it ends a play may have been heard to its end just now, and comes to wait in its turn.
        if ends or (self._late and (self._logging_late is None or self._logging_late.is_finished)):
            self._logging_late = self.in_turn(lambda: self._log_late(ends), "change")

    def _log_late(self, ends: bool) -> None:
        from engine.session import Session

        for folders in dict.fromkeys(heard_in for heard_in, _ in self._late):
            with suppress(DiscoverError):  # else the next time
                session = self._app.engine()
                if session.private:
                    return
                if session.folders == folders:
                    self._log_those_of(session, waiting=ends)
                elif ends:
                    with Session(folders) as other:
                        self._log_those_of(other, waiting=True)

    def _log_those_of(self, session: Session, *, waiting: bool) -> None:
        for late in [one for one in self._late if one[0] == session.folders]:
            try:
                # Views wait for the library meanwhile; as the app ends nobody does, and there is no next time.
                with nullcontext() if waiting else session.library.not_waiting():
                    late[1](session)
            except ForgottenError as error:
                self._app.call_from_thread(self._say, error)
            self._late.remove(late)
            self._app.call_from_thread(self._app.library_changed)

    def _say(self, error: DiscoverError) -> None:
        self._app.notify(in_keys(str(error), self._app.keymap), severity="error")

    def edit(
        self,
        what: str,
        change: Callable[[Session], T],
        undo: Callable[[Session, T], Any],
        then: Callable[[T | None], None] = lambda _result: None,
        failed: Callable[[DiscoverError], None] | None = None,
    ) -> None:
        """Change playlists in a thread.

        The result of `change` is passed to `then`, and to `undo` for undo. `then` gets None if the change failed; the
        error is shown, or passed to `failed`. A failed change, or one with false `changed`, is not added to the undo
        stack.
        """
        self.edit_each(
            what,
            (None,),
            lambda session, _: change(session),
            undo,
            lambda results: then(results[0] if results else None),
            view=PLAYLISTS,
            failed=failed,
        )

    def edit_each(
        self,
        what: str,
        things: Sequence[S],
        change: Callable[[Session, S], T],
        undo: Callable[[Session, T], Any],
        then: Callable[[Sequence[T] | None], None] = lambda _results: None,
        *,
        view: str | None = None,
        failed: Callable[[DiscoverError], None] | None = None,
    ) -> None:
        """Change several things as one, as `edit` does; those changed before one failed, or its undo, can be undone."""
        results: list[T] = []

        def made(results: Sequence[T], failed: bool) -> None:
            if not any(getattr(result, "changed", True) for result in results):
                self.drop(entry)
            then(None if failed else results)

        def run(session: Session) -> None:
            try:
                for thing in things:
                    result = change(session, thing)
                    results.append(result)
            finally:
                self._app.call_from_thread(made, tuple(results), len(results) < len(things))

        def undo_all(session: Session) -> None:
            undo_each(partial(undo, session), results)

        entry = self.remember(what, lambda: self.make(undo_all, view))
        self.make(run, view, failed, what)

    def says(self, done: str, until: str = "") -> Callable[[object], None]:
        """A `then` of `edit` that says what was done, the key that undoes it and `until` when, and no failure."""

        def say(result: object) -> None:
            if result is not None:
                self._app.notify(f"{shown(done)} {self._app.keymap.label('undo')} undoes it{until}.")

        return say

    def judged_in_player(self, mark: Feedback, before: Feedback | None) -> None:
        """Remember how to undo a verdict that was given in a player, in the place of the one `before`, and say so."""
        what, words = Music(mark.artist, mark.track).name, _JUDGED[mark.verdict]
        self.remember(
            f"{words.lower()} {what}",
            lambda: self.make(lambda session: session.verdicts.take_back(mark, before)),
        )
        undo = self._app.keymap.label("undo")
        self._app.notify(f"{words} in your player: {shown(what)}. {undo} undoes it.")

    def judge(self, verdict: str | None, chosen: Sequence[Music]) -> None:
        """Set a verdict on artists or tracks, remember one undo for all, say so."""
        if not chosen:
            return
        before: dict[Music, Feedback | None] = {}
        words = _JUDGED[verdict]
        kind = "tracks" if chosen[0].track else "artists"
        what = chosen[0].name if len(chosen) == 1 else quantity(len(chosen), kind)

        def judged() -> None:
            if all((earlier and earlier.verdict) == verdict for earlier in before.values()):
                # Nothing changed (a held key): no undo entry, or undo would revert something else.
                self.drop(entry)
                self._app.notify(f"Already {words.lower()}: {shown(what)}.")
            elif entry in self._undo:  # not undone before it was made
                self._app.notify(f"{words}: {shown(what)}. {self._app.keymap.label('undo')} undoes it.")

        def change(session: Session) -> None:
            for music in chosen:
                before[music] = session.verdicts.replace(verdict, music.artist, music.track)
            self._app.call_from_thread(judged)

        def failed(error: DiscoverError) -> None:
            # The changes made so far stay, and can be undone.
            if not before:
                self.drop(entry)
                queue_as_before()
            self._say(error)

        queue_as_before = self._app.playback.leave_out(chosen) if verdict == "block" else lambda: None

        def undo() -> Worker[DiscoverError | None]:
            queue_as_before()
            return self.make(
                lambda session: undo_each(partial(session.verdicts.undo, verdict), [*before.items()])
            )

        entry = self.remember(f"{words.lower()} {what}", undo)
        self.make(change, failed=failed)
