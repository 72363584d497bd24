"""The rankings a person can compare in Discover: each differs from the usual one in what its name says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.errors import UsageError
from engine.recommend.settings import DiscoverSettings


@dataclass(frozen=True, slots=True)
class Ranking:
    """One way to rank, with a short description.

    `weights` replace the ensemble's; with `adapted` false likes and hides do not adapt them. `popularity` is added to
    that dial. With `before` it uses the previous model.
    """

    name: str
    about: str
    weights: Mapping[str, float] | None = None
    adapted: bool = True
    popularity: float = 0.0
    before: bool = False

    def of(self, settings: DiscoverSettings) -> DiscoverSettings:
        """The settings with its popularity added."""
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
    """The ranking of a name. Raises UsageError, listing the names."""
    if name not in RANKINGS:
        raise UsageError(f"{name} is not a ranking: use one of {', '.join(RANKINGS)}.")
    return RANKINGS[name]
