"""Privacy as architecture: the one door through which this program writes, and who is in a private session."""

from engine.privacy.door import Door
from engine.privacy.presence import private_session_on

__all__ = ["Door", "private_session_on"]
