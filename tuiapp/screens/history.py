"""History: every dated listen, newest first; rows are fetched as they come into sight."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, overload

from textual import on
from textual.app import ComposeResult

from tuiapp.screens.view import View
from tuiapp.text import duration
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Column, Table

if TYPE_CHECKING:
    from engine.session import Session
    from engine.store.history import ListenRow

BLOCK = 200


class Listens(Sequence["ListenRow"]):
    """Listens by place, read from the library a block at a time and kept while they are near."""

    def __init__(self, session: Session, ids: Sequence[int]) -> None:
        self._session, self._ids = session, ids
        self._blocks: dict[int, list[ListenRow]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, place: int) -> ListenRow: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[ListenRow]: ...
    def __getitem__(self, place: int | slice) -> ListenRow | Sequence[ListenRow]:
        if isinstance(place, slice):
            return [self[n] for n in range(*place.indices(len(self)))]
        number, offset = divmod(place, BLOCK)
        if number not in self._blocks:
            if len(self._blocks) > 20:
                self._blocks.clear()
            self._blocks[number] = self._session.listens(self._ids[number * BLOCK : (number + 1) * BLOCK])
        return self._blocks[number][offset]


class HistoryView(View):
    """What was played, and when."""

    NAME: ClassVar[str] = "history"
    MARKS: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""
        self._whole = 0

    def compose_body(self) -> ComposeResult:
        yield Table(
            (
                Column("when (UTC)", lambda row: _moment(row.started_at), 16),
                Column("artist", lambda row: row.artist, 16, share=2),
                Column("track", lambda row: row.track, 18, share=3),
                Column("played", lambda row: duration(row.ms_played / 1000) if row.ms_played else "", 7, right=True,
                       least=64),
                Column("from", lambda row: row.source, 14, least=96),
            ),
            key=lambda row: str(row.id),
            words=lambda row: f"{row.artist} {row.track}",
            markable=False,
        ).add_class("body")  # fmt: skip
        yield Notice()

    def load(self) -> None:
        text = self._filter

        def question(session: Session) -> tuple[str, Listens, int]:
            ids = session.listen_ids(text)
            return text, Listens(session, ids), session.status().listens

        self.ask("list", question)

    @on(View.Loaded)
    def _loaded(self, message: View.Loaded) -> None:
        text, listens, self._whole = message.result
        table = self.query_one(Table)
        first_time = not table.counts[1] and not text
        table.show(listens)
        self.set_aside(f"{self._whole:,} listens")
        if not self._whole:
            self.tell("empty", "No listens yet", "Press i to import your history.")
        elif text and not len(listens):
            self.tell("nomatch", f"No listen holds “{text}”", "Press escape to clear the filter.")
        else:
            self.tell("")
            if first_time:
                table.focus()
        self._count()

    def _count(self) -> None:
        from textual.widgets import Static

        shown, _ = self.query_one(Table).counts
        line = f"{shown:,} of {self._whole:,}  esc clears" if self._filter else ""
        self.query_one(".filter .count", Static).update(line)

    def filter_by(self, text: str) -> None:
        """The library filters: it has the index, and there may be half a million."""
        self._filter = text.strip()
        self.load()

    def recall(self, state: dict[str, Any]) -> None:
        """Order is always by time here; only the filter comes back."""
        super().recall({"filter": state.get("filter")})

    def remembered(self) -> dict[str, Any]:
        return {"filter": self._filter}


def _moment(seconds: int | None) -> str:
    if seconds is None:
        return "undated"
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M")
