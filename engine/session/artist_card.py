"""What there is to say of one artist."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import NothingYetError, UnknownNameError

if TYPE_CHECKING:
    from engine.recommend.lists import Share
    from engine.recommend.settings import DiscoverSettings
    from engine.session.discovery import Discovery
    from engine.store.artists import PlayedArtist

NEAR, REASONS = 5, 5
# How far down Discover is looked for what an artist speaks for.
LINES = 100


@dataclass(frozen=True, slots=True)
class ArtistCard:
    """One artist: the verdict on them, what was played of them, and what the community says.

    `why` are the largest shares of what recommends them, `rank` their place in Discover, or among the known ones
    (null where they have none), `near` the nearest five. Of one's own artists `of_taste` is the share in the weight
    of all of them, `of_discover` the mean share in the scores of Discover's first hundred, and `speaks_for` those it
    has the largest share in. `note` says what there is not, and why. A blocked artist's card says nothing but what
    was played.
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
    of_taste: float = 0.0
    of_discover: float = 0.0
    speaks_for: tuple[Share, ...] = ()
    note: str = ""


def described(session: Discovery, card: ArtistCard, settings: DiscoverSettings) -> ArtistCard:
    """The card with what the model and the taste say; of a blocked artist they say nothing."""
    if card.verdict == "block":
        return card
    with contextlib.suppress(NothingYetError, UnknownNameError):
        near = session.related(card.artist, NEAR)
        card = replace(card, listeners=near.listeners, near=tuple(item.artist for item in near.items))
    try:
        told = session.explain(card.artist, settings)
    except (NothingYetError, UnknownNameError) as missing:
        # An artist only the library knows, or no model at all: what was played is still worth a card.
        return replace(card, note=str(missing))
    card = replace(card, listeners=told.listeners, tags=told.tags)
    taste = session.taste()
    if card.key in taste.left_out:
        return replace(card, note="Rules leave all its plays out of your taste.")
    item = taste.by_key.get(card.key)
    if item is not None and item.weight > 0:
        spoken = session.spoken_for(card.artist, replace(settings, n=LINES))
        card = replace(
            card,
            of_taste=item.weight / sum(one.weight for one in taste.items),
            of_discover=sum(share.share for share in spoken) / max(1, len(spoken)),
            speaks_for=tuple(share for share in spoken[:REASONS] if share.share > 0),
        )
    return replace(card, rank=told.rank, why=told.shares[:REASONS])
