"""What there is to say of one artist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.recommend.lists import Share
    from engine.store.artists import PlayedArtist


@dataclass(frozen=True, slots=True)
class ArtistCard:
    """One artist: the verdict on them, what was played of them, and what the community says.

    `why` are the largest shares of what recommends them, `rank` their place in Discover (null where they have none),
    `near` the nearest five. A blocked artist's card says nothing but what was played.
    """

    artist: str
    key: str
    verdict: str | None
    played: PlayedArtist
    listeners: int = 0
    tags: tuple[str, ...] = ()
    rank: int | None = None
    why: tuple[Share, ...] = ()
    near: tuple[str, ...] = ()
