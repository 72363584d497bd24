"""The rows of History's list: all ids, and rows loaded in blocks, never while painting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from tuiapp.widgets.rows import Fetched

if TYPE_CHECKING:
    from engine.session import Session
    from engine.store.history import ListenRow

BLOCK = 200
# Cached blocks; others are loaded again when visible.
_KEPT = 20


@dataclass(frozen=True, slots=True)
class Coming:
    """A row that is still loading."""

    id: int


class Listens(Fetched["ListenRow | Coming"]):
    """Listens by position. One not loaded yet is `Coming`, and `want` is called with its block."""

    def __init__(self, ids: Sequence[int], want: Callable[[Listens, int], None]) -> None:
        self.ids, self._want = ids, want
        self._blocks: dict[int, list[ListenRow]] = {}

    def fetch(self, session: Session, number: int) -> None:
        """Load a block; called in a worker thread, since the library may be busy for seconds."""
        rows = session.history.listens(self.ids[number * BLOCK : (number + 1) * BLOCK])
        # A new dictionary, so that painting never iterates over one that changes.
        kept = dict(list(self._blocks.items())[-_KEPT:])
        self._blocks = kept | {number: rows}

    def find(self, key: str, otherwise: int) -> int:
        """The position of the listen with this key, or `otherwise`."""
        try:
            return self.ids.index(int(key))
        except ValueError:
            return otherwise

    def among(self, keys: Collection[str]) -> list[str]:
        """Those of the keys that are in the list, in order."""
        wanted = {int(key) for key in keys}
        return [str(number) for number in self.ids if number in wanted]

    def nearest(self, ids: Collection[int], place: int, by: int) -> int | None:
        """The next position (previous with `by` -1) whose listen is among `ids`, wrapping around."""
        count = len(self.ids)
        places = ((place + by * step) % count for step in range(1, count + 1))
        return next((number for number in places if self.ids[number] in ids), None)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> ListenRow | Coming: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[ListenRow | Coming]: ...
    def __getitem__(self, place: int | slice) -> ListenRow | Coming | Sequence[ListenRow | Coming]:
        if isinstance(place, slice):
            return [self[n] for n in range(*place.indices(len(self)))]
        number, offset = divmod(place, BLOCK)
        block = self._blocks.get(number)
        if block is None:
            self._want(self, number)
        # A listen may have been deleted since the ids were loaded.
        return block[offset] if block is not None and offset < len(block) else Coming(self.ids[place])
