"""One open library and all that can be done with it: the face of the engine that both front ends talk to.

A `Session` opens a `Library` and holds services over it, each in a module of its own: `session.discover.list()`,
`session.artists.resolve(name)`, `session.taste.exclude(rule)`. A service keeps what is costly to work out until the
library says that it changed.
"""

from engine.session.playlists import PlaylistEdit, TakenPlaylist
from engine.session.session import Session, Status

__all__ = ["PlaylistEdit", "Session", "Status", "TakenPlaylist"]
