"""Artist pages: everything about one artist."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import NothingYetError, UnknownNameError
from engine.session.library import Library, Service, synchronized

if TYPE_CHECKING:
    from engine.recommend.lists import Share, TasteShares
    from engine.recommend.settings import DiscoverSettings
    from engine.session.artists import Artists
    from engine.session.discover import Discover
    from engine.session.taste import Tastes
    from engine.session.verdicts import Verdicts
    from engine.store.artists import PlayedArtist

NEAR, REASONS = 5, 5
# How far down Discover an artist's contributions are searched.
LINES = 100


@dataclass(frozen=True, slots=True)
class ArtistCard:
    """One artist: the verdict, the plays, and community data.

    In solo mode it has one's own `sessions` instead of `listeners`. `why` are the largest shares of the recommendation,
    `tastes` the same by group, null if nothing speaks for it. `rank` is the rank in Discover, or
    among the known ones (null without one), `near` the nearest five, `near_note` says if little is known of them. For
    one's own artists `of_taste` is the share of the taste's weight, `of_discover` the mean share of the scores of
    Discover's first hundred, and `speaks_for` those it has the largest share in. `note` says what is missing, and why.
    A blocked artist's page has only the plays. `with_others` counts those of joint credits with the artist, which make
    them known and are among none of `played`.
    """

    artist: str
    key: str
    verdict: str | None
    played: PlayedArtist
    listeners: int = 0
    sessions: int = 0
    tags: tuple[str, ...] = ()
    rank: int | None = None
    why: tuple[Share, ...] = ()
    near: tuple[str, ...] = ()
    near_note: str = ""
    of_taste: float = 0.0
    of_discover: float = 0.0
    speaks_for: tuple[Share, ...] = ()
    note: str = ""
    tastes: TasteShares | None = None
    with_others: int = 0


class ArtistPages(Service):
    """An artist's page, blocked or not."""

    def __init__(
        self, library: Library, artists: Artists, verdicts: Verdicts, discover: Discover, taste: Tastes
    ) -> None:
        super().__init__(library)
        self._artists = artists
        self._verdicts = verdicts
        self._discover = discover
        self._taste = taste

    @synchronized
    def of(self, name: str, settings: DiscoverSettings | None = None) -> ArtistCard:
        """The page of one artist. Raises UnknownNameError with the nearest names."""
        from engine.recommend.settings import DiscoverSettings
        from engine.store.artists import played_artist

        display, key = self._artists.resolve(name)
        played = played_artist(self.library.connection, key)
        card = ArtistCard(display, key, self._verdicts.of(key), played)
        # A blocked artist is in neither model nor taste.
        return card if card.verdict == "block" else self._described(card, settings or DiscoverSettings())

    def _described(self, card: ArtistCard, settings: DiscoverSettings) -> ArtistCard:
        """The card with data from genre packs, the model and the taste."""
        from engine.community.genres import read_genres
        from engine.recommend.listener import TAGS

        words = dict.fromkeys(genre for _, genre, _ in read_genres(self.library.folders, [card.key]))
        card = replace(card, tags=tuple(words)[:TAGS])
        with contextlib.suppress(NothingYetError, UnknownNameError):
            near = self._artists.related(card.artist, NEAR)
            card = _counted(card, near.listeners, solo=near.solo)
            named = tuple(item.artist for item in near.items)
            card = replace(card, near=named, near_note=near.note)
        try:
            explanation = self._discover.explain(card.artist, settings)
        except (NothingYetError, UnknownNameError) as missing:
            # An artist only the library knows, or no model: the plays are shown all the same.
            return replace(card, note=str(missing))
        own = explanation.own
        card = _counted(card, own.sessions if own else explanation.listeners, solo=own is not None)
        with_others = max(0, explanation.plays - card.played.plays)
        card = replace(card, tags=explanation.tags or card.tags, with_others=with_others)
        taste = self._taste.read()
        if card.key in taste.left_out:
            return replace(card, note="All its plays are excluded from your taste.")
        item = taste.by_key.get(card.key)
        if item is not None and item.weight > 0:
            shares = self._discover.contributions_of(card.artist, replace(settings, n=LINES))
            card = replace(
                card,
                of_taste=item.weight / sum(one.weight for one in taste.items),
                of_discover=sum(share.share for share in shares) / max(1, len(shares)),
                speaks_for=tuple(share for share in shares[:REASONS] if share.share > 0),
            )
        tastes = explanation.tastes if explanation.tastes.named else None
        return replace(card, rank=explanation.rank, why=explanation.shares[:REASONS], tastes=tastes)


def _counted(card: ArtistCard, count: int, *, solo: bool) -> ArtistCard:
    """The card with this many listeners, or sessions."""
    return replace(card, sessions=count) if solo else replace(card, listeners=count)
