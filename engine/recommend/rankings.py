"""The rankings a person can compare in Discover: each is the usual one but for what it is named for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.errors import UsageError
from engine.recommend.settings import DiscoverSettings


@dataclass(frozen=True, slots=True)
class Ranking:
    """One way to rank, and what it goes by in a few words.

    `weights` are the members' in place of the ensemble's; with `adapted` false likes and hides move them no more.
    `popularity` is added to that dial. With `before` it is the model that was in use before the one there is.
    """

    name: str
    about: str
    weights: Mapping[str, float] | None = None
    adapted: bool = True
    popularity: float = 0.0
    before: bool = False

    def of(self, settings: DiscoverSettings) -> DiscoverSettings:
        """The settings with its lean."""
        popularity = max(-1.0, min(1.0, settings.popularity + self.popularity))
        return replace(settings, popularity=popularity) if self.popularity else settings


USUAL = Ranking("usual", "all the model has, and your likes")
OTHERS = (
    Ranking("fewer hits", "leans to the less known", popularity=-0.2),
    Ranking("neighbours", "what is played together alone", weights={"neighbours": 1.0}, adapted=False),
    Ranking("factors", "the factors alone", weights={"factors": 1.0}, adapted=False),
    Ranking("community", "your likes move no weights", adapted=False),
    Ranking("model before", "the model in use before", before=True),
)
RANKINGS = {ranking.name: ranking for ranking in (USUAL, *OTHERS)}


def ranking_named(name: str) -> Ranking:
    """The ranking of a name. Raises UsageError, with the names there are."""
    if name not in RANKINGS:
        raise UsageError(f"{name} is not a ranking: use one of {', '.join(RANKINGS)}.")
    return RANKINGS[name]
