"""One open library and the model over it: the face of the engine that both front ends talk to.

`Library` is what is on disk, `Discovery` what can be said of it, `Tastes` of the person's taste, `Session` what can
be done with it; front ends use a `Session`. Methods may be called from any thread, one at a time.
"""

from engine.session.discovery import Found
from engine.session.library import Status
from engine.session.session import Session, TakenPlaylist

__all__ = ["Found", "Session", "Status", "TakenPlaylist"]
