"""Privacy as architecture: the one door through which this program writes."""

from engine.privacy.door import Door

__all__ = ["Door"]
