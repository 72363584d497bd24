"""One open library and the model over it: the face of the engine that both front ends talk to.

`Library` is what is on disk, `Naming` who is meant by a name, `Discovery` what can be said of it all, `Tastes` of the
person's taste, `Playlisting` the playlists, `Session` what else can be done; front ends use a `Session`. Methods may be
called from any thread, one at a time.
"""

from engine.session.library import Status
from engine.session.playlisting import PlaylistEdit, TakenPlaylist
from engine.session.session import Session

__all__ = ["PlaylistEdit", "Session", "Status", "TakenPlaylist"]
