"""A library to build services over, and services put together over it alone, as a session does it."""

from __future__ import annotations

from pathlib import Path

from engine.paths import Folders
from engine.privacy import Door
from engine.session.artists import Artists
from engine.session.comparisons import Comparisons
from engine.session.discover import Discover
from engine.session.evaluation import Evaluation
from engine.session.library import Library
from engine.session.models import Models
from engine.session.verdicts import Verdicts
from engine.store.database import open_library
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

DAY = 86_400


def played_some(root: Path) -> Folders:
    """A model of `ARTISTS`, and a library in which five of them were played twice and one it does not know once."""
    folders = write_model(root)
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 1):
        play(connection, ARTISTS[number], "A Song", number * DAY, number * DAY + 600)
    play(connection, "The Lanterns", "Slow Ferry", 50)
    connection.close()
    return folders


def evaluation_of(library: Library, models: Models | None = None) -> Evaluation:
    """Evaluation with what it stands on."""
    models = models or Models(library)
    return Evaluation(library, models, Comparisons(library, models))


def discover_of(library: Library) -> Discover:
    """Discover with what it stands on."""
    models = Models(library)
    artists = Artists(library, models)
    return Discover(
        library,
        models,
        artists,
        Verdicts(library, artists),
        evaluation_of(library, models),
        Comparisons(library, models),
    )
