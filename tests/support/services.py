"""A library to build services over, and services put together over it alone, as a session does it."""

from __future__ import annotations

import threading
from pathlib import Path

from engine.paths import Folders
from engine.privacy import Door
from engine.session.artists import Artists
from engine.session.browse import Browse
from engine.session.comparisons import Comparisons
from engine.session.discover import Discover
from engine.session.evaluation import Evaluation
from engine.session.library import Library
from engine.session.mixes import Mixes
from engine.session.models import Models
from engine.session.packs import Packs
from engine.session.playlists import Playlists
from engine.session.seeds import Seeds
from engine.session.tracks import Tracks
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
    """Evaluation with the services it uses."""
    models = models or Models(library)
    return Evaluation(library, models, Comparisons(library, models))


def discover_of(library: Library) -> Discover:
    """Discover with the services it uses."""
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


def playlists_of(library: Library) -> Playlists:
    """Playlists with the services they use."""
    packs, discover = Packs(library), discover_of(library)
    return Playlists(library, packs, discover, Mixes(library, Models(library), packs, discover))


def seeds_of(library: Library) -> Seeds:
    """Seeds with the services they use."""
    models, discover = Models(library), discover_of(library)
    tracks = Tracks(library, models, Packs(library), Artists(library, models), discover)
    return Seeds(library, tracks, playlists_of(library), Browse(library, discover))


def is_free(library: Library) -> bool:
    """Whether another thread can use the library at this moment; one that cannot is waited for a minute."""
    entered = threading.Event()

    def enter() -> None:
        with library.exclusive():
            entered.set()

    threading.Thread(target=enter, daemon=True).start()
    return entered.wait(60)
