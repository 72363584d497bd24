"""Sends playlists to the person's own servers: matched by names, shown first, and replacing only lists made here."""

from __future__ import annotations

# Supported servers: name, and display name.
SERVICES = {
    "subsonic": "Navidrome, Subsonic",
    "jellyfin": "Jellyfin",
    "listenbrainz": "ListenBrainz",
    "mpd": "MPD",
}
# Servers with stars or favourites.
WITH_STARS = ("subsonic", "jellyfin")
