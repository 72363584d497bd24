"""Discover's default settings: plain values, which the app and the command line show before the engine is loaded.

`engine.recommend.settings.DiscoverSettings` documents each. Beside them what a training takes at least.
"""

from __future__ import annotations

# Rows in Discover and in Related.
LENGTH = 50
FAMILIARITY = 1.0
POPULARITY = 0.0
# Its value for the list of less known artists.
LESS_KNOWN = -0.3
VARIETY = 0.0
KNOWN_PLAYS = 1
KNOWN_DAYS: float | None = None
HALF_LIFE: float | None = None
PER_ARTIST = 3
# Without community data a training takes so many listening sessions with so many artists, or tracks.
SOLO_SESSIONS, SOLO_ITEMS = 20, 10
