"""Services put together over a library alone, as a session does it."""

from __future__ import annotations

from engine.session.artists import Artists
from engine.session.discover import Discover
from engine.session.evaluation import Evaluation
from engine.session.library import Library
from engine.session.models import Models
from engine.session.verdicts import Verdicts
from tests.support.models import names

# Those of the model beside the library that `tests/engine/session/conftest.py` opens.
ARTISTS = names(60)
DAY = 86_400


def discover_of(library: Library) -> Discover:
    """Discover with what it stands on."""
    models = Models(library)
    artists = Artists(library, models)
    return Discover(library, models, artists, Verdicts(library, artists), Evaluation(library, models))
