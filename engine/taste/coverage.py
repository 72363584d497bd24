"""Coverage: how much of what a person plays community data knows. What it does not know counts for nothing.

It is computed from a taste, so what rules and blocks exclude is not counted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.canonical_keys import Level, artist_of
from engine.community.offers import ways_to_add
from engine.community.pack_names import data_in_words
from engine.taste.gate import Taste
from engine.wording import percent, quantity

if TYPE_CHECKING:
    from engine.job_messages import KnownOf

# Below this share of the plays, recommendations rest on too little of a person's listening.
LOW = 0.3


def advice(level: Level) -> str:
    """What to do if the community data knows too little."""
    option = "" if level == "artists" else f" --level {level}"
    return (
        "Recommendations follow only what it knows. Add community data that knows more of what you play: "
        f"{ways_to_add(level)}. Then train on it: discover train{option}."
    )


@dataclass(frozen=True, slots=True)
class Coverage:
    """`known` of `of` played artists, or tracks, are in the data, and with them `known_plays` of `plays`.

    `known_artists` of `of_artists` have at least one such item; for artists it is the same count. `packs` are the
    packs' names, `source` the files they came from and `collected` when, empty if unknown. `unknown` are the keys of
    the taste's items that are not in the data.
    """

    level: Level
    packs: tuple[str, ...]
    source: str
    collected: str
    known: int
    of: int
    known_artists: int
    of_artists: int
    known_plays: float
    plays: float
    unknown: frozenset[str] = field(repr=False)

    @classmethod
    def of_taste(
        cls,
        taste: Taste,
        known: Collection[str],
        *,
        level: Level,
        packs: tuple[str, ...],
        source: str,
        collected: str,
    ) -> Coverage | None:
        """How much of a taste is known to data with these item keys; null if nothing was played."""
        played = [item for item in taste.items if item.plays > 0]
        found = [item for item in played if item.key in known]
        if not played:
            return None
        return cls(
            level=level,
            packs=packs,
            source=source,
            collected=collected,
            known=len(found),
            of=len(played),
            known_artists=len({artist_of(item.key) for item in found}),
            of_artists=len({artist_of(item.key) for item in played}),
            known_plays=sum(item.plays for item in found),
            plays=sum(item.plays for item in played),
            unknown=frozenset(taste.by_key).difference(known),
        )

    @property
    def plays_share(self) -> float:
        """The share of the plays that the data knows."""
        return self.known_plays / self.plays

    @property
    def low(self) -> bool:
        """Whether it knows too little of the plays, which is reported first."""
        return self.plays_share < LOW

    @property
    def percent(self) -> str:
        """The share of the plays in whole per cent, rounded down, so that 100 % means all, and the figure agrees with
        `low`."""
        return percent(self.plays_share, down=True)

    @property
    def data(self) -> str:
        """The data's name, with its date if known."""
        return data_in_words(self.packs, self.source, self.collected)

    @property
    def advice(self) -> str:
        """What to do if it is low, else empty."""
        return advice(self.level) if self.low else ""

    def in_words(self) -> str:
        """Coverage in a sentence."""
        if not self.known:
            return f"The community data ({self.data}) knows none of your {quantity(self.of, self.level)}."
        return (
            f"The community data ({self.data}) knows {self.known:,} of your {quantity(self.of, self.level)}, "
            f"{self.percent} of your plays."
        )

    def as_dict(self) -> dict[str, Any]:
        """The keys of the command line's contract, with `tracks` and `of_tracks` if it is of tracks."""
        return {
            "level": self.level,
            "packs": list(self.packs),
            **self.counts(),
            "source": self.source,
            "collected": self.collected,
        }

    def counts(self) -> KnownOf:
        """Those of the keys that count."""
        if self.level != "tracks":
            return {"artists": self.known_artists, "of": self.of_artists, "plays_share": self.plays_share}
        return {
            "artists": self.known_artists,
            "of": self.of_artists,
            "tracks": self.known,
            "of_tracks": self.of,
            "plays_share": self.plays_share,
        }
