"""Results of recommending: plain records for both front ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.taste.coverage import Coverage


@dataclass(frozen=True, slots=True)
class Share:
    """The part of one score that comes from one artist, or track, the person plays. Shares of a score sum to 1."""

    artist: str
    share: float
    track: str | None = None


@dataclass(frozen=True, slots=True)
class TasteShare:
    """The contribution of a group of the person's artists, or tracks, for or against one item, as a share (above 0).

    `names` are those that contribute most above their usual, never the item itself; `more` counts the others.
    """

    names: tuple[str, ...]
    more: int
    share: float


@dataclass(frozen=True, slots=True)
class TasteShares:
    """Reasons by group (`engine.recommend.taste_shares`): `named`, the largest first, and the `rest` sum to 1.

    `against` are the groups with negative contributions, largest first, and `against_in_all` their sum, in the same
    unit: relative to the sum of the positive ones. Empty if there are none.
    """

    named: tuple[TasteShare, ...] = ()
    rest: float = 0.0
    against: tuple[TasteShare, ...] = ()
    against_in_all: float = 0.0

    @property
    def of_single_items(self) -> bool:
        """Whether each group is one artist, or track, as of a person who plays few."""
        return all(len(one.names) + one.more <= 1 for one in (*self.named, *self.against))


@dataclass(frozen=True, slots=True)
class OwnPlays:
    """What solo mode ranks one of the person's own items by.

    `sessions` it was played in, more than the share `more_than` of the ranked items, and fewer than `fewer_than`.
    `last_played` is in seconds UTC, `day` the list's (days since 1970, local time), null without one. The ranked items
    have `rested`, or if none has they are half explored.
    """

    sessions: int
    more_than: float
    fewer_than: float
    last_played: int | None
    day: int | None
    rested: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item in a list: its rank, from 1, and its id in the model's catalog.

    `listeners` counts the community's, in solo mode the sessions, `plays` the person's own. `known` is true when the
    person has played it.
    """

    rank: int
    artist: str
    key: str
    item: int
    score: float
    listeners: int
    plays: int
    known: bool
    liked: bool


@dataclass(frozen=True, slots=True)
class Recommendation(Ranked):
    """One row of Discover. `track` is null if artists are recommended.

    `why` holds the largest shares, greatest first, the item itself never among them; the remaining `others` items
    together have `others_share`. `tastes` says the same by group. `members` are the ensemble's shares in the score, by
    name (`engine.recommend.ranker.by_member`); the positive ones sum to 1, the others are below 0. In solo mode `own`
    has what it is ranked by, and the shares of `why` and `tastes` refer to all of that; else null. `standing` is the
    rediscovery status of one of the person's own (`engine.recommend.rediscovery`), empty for new ones. `later` counts
    the plays after the day the list is of, null for a list of today.
    """

    why: tuple[Share, ...]
    others: int
    others_share: float
    tastes: TasteShares = TasteShares()
    members: dict[str, float] = field(default_factory=dict)
    standing: str = ""
    later: int | None = None
    track: str | None = None
    own: OwnPlays | None = None


@dataclass(frozen=True, slots=True)
class DiscoverList:
    """Discover as asked for. `half_life` (days) is that of the plays it was made from, null where they do not decay.

    `resting` artists were shown and ignored, and are left out for a while. `notes` are sentences the person should
    read (what solo mode can and cannot do). `coverage` is how much of the taste the community data knows, null in solo
    mode. In solo mode nothing may have rested: then the list has `half_explored` artists. `popularity_cost` is the
    share of hits lost by the current setting of the popularity dial, below 0 if it gains some; null at the default
    setting and without such figures in the model. `compared` names the ranking that is mixed in, empty without one.
    """

    items: tuple[Recommendation, ...]
    listeners: int
    catalog: int
    pack: str
    solo: bool
    notes: tuple[str, ...] = ()
    half_life: float | None = None
    resting: int = 0
    trained: str = ""  # when the model was, as an ISO moment
    coverage: Coverage | None = None
    half_explored: bool = False
    popularity_cost: float | None = None
    compared: str = ""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The rank an item would have if the person had never played an artist, or track; null if it would leave the
    list."""

    artist: str
    track: str | None
    rank: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one artist, or track, is recommended: every share but its own plays' (`itself`), the same by group
    (`tastes`), and the rank it would have `without` the first few, of those that change it.

    `tags` are the community's words for it, strongest first. `last_alike` is the strongest reason's name and when
    that was last played. `own` and the shares are as in `Recommendation`.
    """

    artist: str
    score: float
    rank: int | None
    listeners: int
    plays: int
    shares: tuple[Share, ...]
    itself: float = 0.0
    tastes: TasteShares = TasteShares()
    without: tuple[WhatIf, ...] = ()
    tags: tuple[str, ...] = ()
    members: dict[str, float] = field(default_factory=dict)
    last_alike: tuple[str, int] | None = None
    track: str | None = None
    own: OwnPlays | None = None


@dataclass(frozen=True, slots=True)
class RelatedArtist:
    """One neighbour. `similarity` is that of `engine.model.similarity`, at most 1 and the same both ways; `in_common`
    counts the listeners who play both, null if unknown."""

    rank: int
    artist: str
    key: str
    similarity: float
    listeners: int
    in_common: int | None
    plays: int
    known: bool


@dataclass(frozen=True, slots=True)
class RelatedList:
    """The neighbours of one artist, best first; those with few listeners rank lower.

    `note` says if little is known of the artist, else it is empty. `sampled` is the number of listeners among whom
    those in common are counted, null for all. In solo mode all `listeners` are one's own sessions.
    """

    artist: str
    key: str
    listeners: int
    plays: int
    items: tuple[RelatedArtist, ...]
    note: str = ""
    sampled: int | None = None
    solo: bool = False
