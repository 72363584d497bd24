"""What Discover is asked where nothing else is said: plain values, which both faces show before the engine is loaded.

`engine.recommend.settings.DiscoverSettings` says what each means.
"""

from __future__ import annotations

# Lines of a list: of Discover, and of related artists.
LENGTH = 50
FAMILIARITY = 1.0
POPULARITY = 0.0
# Where that stands in the list of less known ones.
LESS_KNOWN = -0.3
VARIETY = 0.0
KNOWN_PLAYS = 1
KNOWN_DAYS: float | None = None
HALF_LIFE: float | None = None
PER_ARTIST = 3
