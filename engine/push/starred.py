"""What the person starred on a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.store.stars import Star


@dataclass(frozen=True, slots=True)
class Starred:
    """What is starred, as `engine.store.stars` keeps it, and the answer it is from: the address and its bytes."""

    stars: tuple[Star, ...]
    url: str
    answer: bytes


class HasStars(Protocol):
    """A server that can be asked. `address` is where, without a password."""

    service: str
    address: str

    def starred(self) -> Starred:
        """The artists and songs the person starred there; albums are neither. Raises DiscoverError."""
