"""One open library and its services: the engine's interface for both front ends.

A `Session` opens a `Library` and holds services over it, each in a module of its own: `session.discover.list()`,
`session.artists.resolve(name)`, `session.taste.exclude(rule)`. A service caches what is costly to compute until the
library signals a change.
"""

from engine.session.playlists import PlaylistEdit, TakenPlaylist
from engine.session.session import Session, Status

__all__ = ["PlaylistEdit", "Session", "Status", "TakenPlaylist"]
