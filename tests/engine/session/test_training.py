"""Training, over a library alone: what is trained on, what follows from it, and what a private session refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import BusyError, CancelledError, NothingYetError, PrivateSessionError
from engine.paths import Folders
from engine.privacy import Door, presence
from engine.session.library import Change, Library
from engine.session.model_files import ModelFiles
from engine.session.models import Models
from engine.session.packs import Packs
from engine.session.training import Training
from engine.session.updating import Updates
from engine.training.train import TrainingSettings
from tests.support.communities import write_community
from tests.support.folders import fingerprint
from tests.support.models import names
from tests.support.services import evaluation_of

QUICK = TrainingSettings(factors=8, iterations=2, tune=False)


@pytest.fixture
def packs(library: Library) -> Packs:
    return Packs(library)


@pytest.fixture
def models(library: Library) -> Models:
    return Models(library)


@pytest.fixture
def training(library: Library, packs: Packs, models: Models) -> Training:
    return Training(library, packs, evaluation_of(library, models))


def test_it_trains_on_the_packs_and_empties_every_cache(
    training: Training, packs: Packs, models: Models, library: Library, tmp_path: Path
) -> None:
    packs.add(write_community(tmp_path / "people", artists=names(60)))
    reports: list[Change] = []
    stages: list[str] = []
    before = models.manifest()
    library.subscribe(reports.append)
    manifest = training.train(QUICK, progress=lambda update: stages.append(update.stage))
    assert (manifest.packs, manifest.solo, manifest.items) == (["people"], False, 60)
    assert Change.EVERYTHING in reports
    after = models.manifest()
    assert before is not None
    assert after is not None
    assert after.id == manifest.id != before.id
    assert stages[-1] == "looking back", "the half-life is measured with every new model of artists"


def test_levels_are_those_there_is_data_of(training: Training, packs: Packs, tmp_path: Path) -> None:
    assert training.levels() == ("artists",)
    lines = ["playlist,artist,title", *(f"{n % 9},Artist {n % 7},Song {n % 23}" for n in range(200))]
    (tmp_path / "lists.csv").write_text("\n".join(lines))
    packs.add(tmp_path / "lists.csv")
    assert training.levels() == ("artists", "tracks")


def test_what_is_stopped_or_refused_leaves_the_model_there_was(
    training: Training, packs: Packs, models: Models, library: Library, tmp_path: Path
) -> None:
    packs.add(write_community(tmp_path / "people", artists=names(60)))
    before = models.manifest()
    with pytest.raises(CancelledError):
        training.train(QUICK, cancelled=lambda: True)
    library.set_private(True)
    with pytest.raises(PrivateSessionError):
        training.train(QUICK)
    assert models.manifest() == before


def test_without_packs_and_with_too_few_sessions_it_says_what_to_do(tmp_path: Path) -> None:
    library = Library(Folders(tmp_path / "empty"))
    training = Training(library, Packs(library), evaluation_of(library))
    with pytest.raises(NothingYetError, match=r"community data|listening"):
        training.train(QUICK)
    library.close()


def test_beside_another_process_that_makes_models_none_is_made_or_changed(
    training: Training,
    packs: Packs,
    models: Models,
    library: Library,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "WAIT_SECONDS", 0)
    before = fingerprint(library.folders.root)
    files = ModelFiles(library, models, packs, evaluation_of(library, models))
    with Door(library.folders).making_models():
        for make in (
            lambda: training.train(QUICK),
            lambda: files.add(tmp_path / "a.model"),
            lambda: files.undo(),
            lambda: Updates(library, models, packs).update("artists", None),
        ):
            with pytest.raises(BusyError, match="Try again when it is done"):
                make()
    assert fingerprint(library.folders.root) == before
