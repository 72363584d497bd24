"""Playlists sent to servers of the person's own: matched there by names, shown first, replaced only where made here."""

from __future__ import annotations

# What may be sent to, by name, and what people call it.
SERVICES = {
    "subsonic": "Navidrome, Subsonic",
    "jellyfin": "Jellyfin",
    "listenbrainz": "ListenBrainz",
    "mpd": "MPD",
}
# Those that say what a person starred there, or calls a favourite.
WITH_STARS = ("subsonic", "jellyfin")
