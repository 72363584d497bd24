"""The library as it lies on disk: open, private or not, and what is in it."""

from __future__ import annotations

import contextlib
import datetime
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from engine.community import packs as community_packs
from engine.community.packs import PackInfo
from engine.errors import CancelledError
from engine.names import Level, artist_key
from engine.paths import Folders
from engine.privacy import Door
from engine.store import feedback as store_feedback
from engine.store import history
from engine.store.database import open_library
from engine.store.feedback import Feedback

if TYPE_CHECKING:
    from engine.taste.gate import Taste, Window
    from engine.training.artifact import ModelManifest

P = ParamSpec("P")
R = TypeVar("R")
L = TypeVar("L", bound="Library")


@dataclass(frozen=True, slots=True)
class Status:
    """What there is: the library in numbers, the packs, the model in use."""

    listens: int
    artists: int
    tracks: int
    first: int | None
    last: int | None
    packs: tuple[PackInfo, ...]
    model: ModelManifest | None
    private: bool
    # A sentence where the model was trained on something else than is there now, else empty.
    outdated: str = ""
    # The model of tracks, where one was trained.
    track_model: ModelManifest | None = None


def alone(method: Callable[Concatenate[L, P], R]) -> Callable[Concatenate[L, P], R]:
    """One call at a time: the database connection and the caches are shared by the app's worker threads."""

    @functools.wraps(method)
    def locked(self: L, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._lock:
            if self._closed:
                raise CancelledError("discover is closing.")
            return method(self, *args, **kwargs)

    return locked


class Library:
    """Opens the library under `folders`; read-only when `private`."""

    def __init__(self, folders: Folders, *, private: bool = False) -> None:
        self.folders = folders
        self.door = Door(folders, private=private)
        self.private_since: float | None = time.monotonic() if private else None
        self._lock = threading.RLock()
        self._closed = False
        self._connection = open_library(self.door)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until no other thread asks anything, and hold the others off: several questions as one."""
        with self._lock:
            yield

    @property
    def private(self) -> bool:
        """Whether a private session is on."""
        return self.door.private

    def close(self) -> None:
        """Close every file; again is nothing. Whoever still asks for something is told that it is over."""
        with self._lock:
            if not self._closed:
                self.reload()
                if not self.private:
                    community_packs.drop_packs_aside(self.door)
                self._connection.close()
                self._closed = True

    def reload(self) -> None:
        """Forget what was computed: the library or the model changed, here or in a child process."""

    @alone
    def set_private(self, on: bool) -> tuple[str, ...]:
        """Begin or end a private session; ending one returns sentences of what was not kept."""
        if on == self.private:
            return ()
        lost = () if on else self._not_kept()
        self.reload()
        self._connection.close()
        self.door = Door(self.folders, private=on)
        try:
            self._connection = open_library(self.door)
        except Exception:
            # Refused: what was true before is true still.
            self.door = Door(self.folders, private=not on)
            self._connection = open_library(self.door)
            raise
        self.private_since = time.monotonic() if on else None
        return lost

    def _not_kept(self) -> tuple[str, ...]:
        """What differs between the session's tables in memory and the library on disk, in words."""
        sentences = []
        for table, singular, plural in (
            ("feedback", "like, hide or block", "likes, hides and blocks"),
            ("rules", "rule of taste", "rules of taste"),
            ("playlists", "playlist", "playlists"),
        ):
            there = {row[1] for row in self._connection.execute("PRAGMA database_list")}
            if "temp" not in there:
                break
            count = self._connection.execute(
                f"SELECT (SELECT count(*) FROM (SELECT * FROM temp.{table} EXCEPT SELECT * FROM main.{table})) + "  # noqa: S608
                f"(SELECT count(*) FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM temp.{table}))"
            ).fetchone()[0]
            if count:
                sentences.append(f"{count} {singular if count == 1 else plural} not kept.")
        return tuple(sentences)

    @alone
    def counts(self) -> history.HistoryCounts:
        """How much is in the library, whatever state packs and models are in."""
        return history.counts(self._connection)

    @alone
    def status(self) -> Status:
        """The library, packs and model at a glance."""
        n = history.counts(self._connection)
        packs, model = self.packs(), self.model()
        return Status(
            n.listens, n.artists, n.tracks, n.first, n.last, packs, model, self.private,
            self._outdated(model, packs) if model is not None else "", self.model("tracks"),
        )  # fmt: skip

    def _outdated(self, model: ModelManifest, packs: tuple[PackInfo, ...]) -> str:
        """What changed since a model was trained, in a sentence; empty where nothing did."""
        community = {
            pack.name: pack.date for pack in packs if pack.kind == "community" and pack.level == model.level
        }
        if not model.solo and community.keys() != set(model.packs):
            return "The packs are others than this model was trained on."
        if any(date > model.trained[:10] for date in community.values()):
            return "A pack is newer than this model."
        if not model.solo:
            return ""
        trained = datetime.datetime.fromisoformat(model.trained).timestamp()
        newer = self._connection.execute(
            "SELECT coalesce(sum(kept), 0) FROM imports WHERE imported_at > ?", (int(trained),)
        ).fetchone()[0]
        return f"{newer:,} listens were imported after this model was trained." if newer else ""

    @alone
    def model(self, level: Level = "artists") -> ModelManifest | None:
        """The manifest of the model of a level in use, or None."""
        from engine.training.artifact import current_manifest

        return current_manifest(self.folders, level)

    @alone
    def check_library(self) -> str:
        """`ok`, or what SQLite's own integrity check found."""
        return str(self._connection.execute("PRAGMA quick_check(1)").fetchone()[0])

    def check_model(self) -> list[str]:
        """Sentences on what is wrong with the files of the models in use; empty when they are as written."""
        from engine.training.artifact import damaged_files, train_command

        return [
            f"{name} is not as it was written. Train again: {train_command(level)}."
            for level, name in damaged_files(self.folders)
        ]

    def packs(self) -> tuple[PackInfo, ...]:
        """Community and feature packs, by name."""
        return tuple(community_packs.list_packs(self.folders))

    @alone
    def listen_ids(self, text: str = "", by: str = "when", *, reverse: bool = False) -> list[int]:
        """Ids of the listens; with `text` those whose artist or title holds it, sorted as `history.listen_ids` says."""
        return history.listen_ids(self._connection, artist_key(text), by, reverse=reverse)

    @alone
    def listens(self, ids: Sequence[int]) -> list[history.ListenRow]:
        """The listens with these ids."""
        return history.listens(self._connection, ids)

    @alone
    def taste(self) -> Taste:
        """What a model may know of the person."""
        return self._taste()

    def write_state(self, state: bytes) -> None:
        """Remember where the app is; does nothing in a private session."""
        if not self.private:
            self.door.write_file(self.folders.state, state)

    @alone
    def feedback(self) -> tuple[Feedback, ...]:
        """Every like, hide and block, newest first."""
        return tuple(store_feedback.all_feedback(self._connection))

    def _taste(self, window: Window | None = None) -> Taste:
        from engine.taste.gate import EVERYTHING, read_taste

        return read_taste(self._connection, window or EVERYTHING)
