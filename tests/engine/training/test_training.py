"""Training from packs to a model in use: what is kept when it fails, what a private session refuses, solo mode."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from engine.errors import CancelledError, DamagedDataError, NothingYetError, PrivateSessionError
from engine.model import compiled
from engine.paths import Folders
from engine.privacy import Door
from engine.search import NameIndex
from engine.session import Session
from engine.store.database import open_library
from engine.training import checkpoint, choose, weigh
from engine.training.artifact import current_manifest, damaged_files, open_model
from engine.training.train import TrainingSettings, Update
from tests.support.communities import write_community, write_playlists
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.models import names

# The first model is trained once, not once a worker.
pytestmark = pytest.mark.xdist_group("training")

DAY = 86_400
QUICK = TrainingSettings(factors=8, iterations=5, tune=False)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A data folder with the model of a quick training. Only for reading: tests get copies."""
    place = tmp_path_factory.mktemp("trained")
    opened = Session(Folders(place / "data"))
    opened.packs.add(write_community(place / "camps", artists=names(60)))
    opened.training.train(QUICK)
    opened.close()
    return place / "data"


@pytest.fixture
def trained(once, tmp_path):
    """A session over a copy of it."""
    shutil.copytree(once, tmp_path / "data")
    opened = Session(Folders(tmp_path / "data"))
    yield opened
    opened.close()


def test_a_model_says_what_it_was_trained_on_and_how_good_it_is(session) -> None:
    manifest = session.training.train(QUICK)
    assert (manifest.listeners, manifest.items, manifest.packs, manifest.solo) == (90, 60, ["camps"], False)
    assert len(manifest.loss) == 5
    assert manifest.loss == sorted(manifest.loss, reverse=True)
    measured = manifest.validation
    assert measured["ndcg@20"] > measured["baselines"]["popularity"]["ndcg@20"]
    assert set(measured["baselines"]) == {"popularity", "item cosine"}
    assert set(manifest.index) >= {"trees", "search_k", "recall", "bytes"}
    assert session.models.manifest() == manifest
    assert damaged_files(session.folders) == []
    stages = ["reading", "weighing", "measuring", "training", "neighbours", "index"]
    assert list(manifest.parts) == stages
    assert sum(manifest.parts.values()) == pytest.approx(manifest.seconds, rel=0.05, abs=0.05)


def test_no_code_is_loaded_from_the_data_folder(session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder is synced and shared, and loading a library runs what is in it."""
    loaded, load = [], compiled.ctypes.CDLL
    monkeypatch.setattr(compiled.ctypes, "CDLL", lambda name: loaded.append(Path(name)) or load(name))
    compiled.kernels.cache_clear()
    session.training.train(QUICK)
    assert loaded
    assert not [path for path in loaded if path.is_relative_to(session.folders.root)]
    assert not list(session.folders.root.rglob("*.so"))


def test_the_model_holds_items_and_rows_of_the_public_pack_alone(trained) -> None:
    model = open_model(trained.folders)
    assert model.factors.item_factors.shape == (60, 8)
    stored = {path.name for path in model.folder.iterdir()}
    assert stored == {
        "manifest.json",
        "item_factors.npy",
        "gram.npy",
        "listeners.npy",
        "catalog.sqlite",
        "crowding.npy",
        "index",
        *(f"listens_{part}.npy" for part in ("starts", "listeners")),
        *(f"neighbours_{part}.npy" for part in ("starts", "hearers", "weights")),
        *(f"names_{field.name}.npy" for field in fields(NameIndex)),
    }
    assert model.similarity.listens.count <= model.manifest.listeners
    model.close()


def test_the_same_seed_gives_the_same_factors(trained) -> None:
    before = np.array(open_model(trained.folders).factors.item_factors)
    trained.training.train(QUICK)
    assert np.array_equal(open_model(trained.folders).factors.item_factors, before)


def test_a_new_model_takes_the_place_of_the_old_one_which_is_kept_until_the_next(trained) -> None:
    quick = TrainingSettings(factors=4, iterations=3, tune=False)
    ids = [current_manifest(trained.folders).id]
    ids += [trained.training.train(dataclasses.replace(quick, seed=seed)).id for seed in (1, 2)]
    assert {path.name for path in trained.folders.models.iterdir() if path.is_dir()} == set(ids[1:])
    assert trained.model_files.undo().id == ids[1]
    assert current_manifest(trained.folders).id == ids[1]


@pytest.mark.parametrize("stage", ["reading", "weighing", "measuring", "training", "index"])
def test_stopping_at_any_stage_leaves_the_old_model_in_use(trained, stage) -> None:
    before = trained.models.manifest()
    assert before is not None
    left = fingerprint(trained.folders.models)
    reached: list[str] = []

    with pytest.raises(CancelledError):
        trained.training.train(
            TrainingSettings(factors=4, iterations=3, tune=False),
            progress=lambda update: reached.append(update.stage),
            cancelled=lambda: stage in reached,
        )
    assert fingerprint(trained.folders.models) == left
    assert trained.models.manifest() == before


def test_a_failure_leaves_the_old_model_in_use(trained, monkeypatch) -> None:
    before = trained.models.manifest()
    assert before is not None
    left = fingerprint(trained.folders.models)

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("engine.training.artifact.build_index", full)
    with pytest.raises(OSError, match="No space"):
        trained.training.train(TrainingSettings(factors=4, iterations=3, tune=False))
    assert fingerprint(trained.folders.models) == left
    assert trained.models.manifest() == before


def test_training_reports_every_stage_and_sweep(session) -> None:
    updates: list[Update] = []
    session.training.train(QUICK, progress=updates.append)
    assert [update.done for update in updates if update.loss is not None] == [1, 2, 3, 4, 5]
    stages = list(dict.fromkeys(update.stage for update in updates))
    assert stages == ["reading", "weighing", "measuring", "training", "neighbours", "index", "looking back"]


def test_packs_that_share_artists_share_their_columns(session, tmp_path) -> None:
    shared = [*(name.upper() for name in names(60)[:30]), *(f"Other {name}" for name in names(30))]
    session.packs.add(write_community(tmp_path / "more", artists=shared, listeners=60, seed=1))
    manifest = session.training.train(QUICK)
    assert manifest.packs == ["camps", "more"]
    assert manifest.listeners == 150
    assert manifest.items <= 90
    catalog = open_model(session.folders).catalog
    assert catalog.items([catalog.ids_of([names(60)[0].lower()])[names(60)[0].lower()]])


def test_a_private_session_refuses_and_writes_nothing(trained) -> None:
    trained.set_private(True)
    before = fingerprint(trained.folders.root)
    with pytest.raises(PrivateSessionError):
        trained.training.train(QUICK)
    assert fingerprint(trained.folders.root) == before


def test_a_damaged_pack_is_named(session) -> None:
    (session.folders.packs / "camps" / "plays.npy").write_bytes(b"")
    with pytest.raises(DamagedDataError, match="camps"):
        session.training.train(QUICK)
    assert session.models.manifest() is None


def solo_library(folders: Folders, sessions: int) -> None:
    """Evenings of four artists each, in three camps."""
    connection = open_library(Door(folders))
    artists = names(18)
    for evening in range(sessions):
        for place in range(4):
            play(
                connection,
                artists[(evening % 3) + 3 * ((evening + place) % 6)],
                "Song",
                evening * DAY + place * 240,
            )
    connection.close()


def test_without_a_pack_the_sessions_are_the_rows(tmp_path) -> None:
    folders = Folders(tmp_path)
    solo_library(folders, 60)
    opened = Session(folders)
    manifest = opened.training.train(QUICK)
    assert manifest.solo
    assert (manifest.listeners, manifest.items) == (60, 18)
    found = opened.discover.list()
    assert found.solo
    assert "cannot know artists you never played" in found.notes[0]
    assert all(item.known for item in found.items)
    opened.close()


def test_too_little_listening_says_what_would_do(tmp_path) -> None:
    folders = Folders(tmp_path)
    solo_library(folders, 5)
    opened = Session(folders)
    with pytest.raises(NothingYetError, match="discover community add"):
        opened.training.train(QUICK)
    assert current_manifest(folders) is None
    opened.close()


def test_a_community_too_small_to_tune_on_is_trained_with_the_defaults(tmp_path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "artists.dat").write_text(
        "id\tname\turl\tpictureURL\n" + "".join(f"{i}\tBurel {i}\t\t\n" for i in range(6))
    )
    (folder / "user_artists.dat").write_text(
        "userID\tartistID\tweight\n" + "".join(f"{i}\t{i}\t3\n" for i in range(6))
    )
    opened = Session(Folders(tmp_path / "data"))
    opened.packs.add(folder)
    manifest = opened.training.train(TrainingSettings(factors=4, iterations=3))
    assert manifest.tuned["searched"] is False
    assert manifest.validation == {}
    opened.close()


def test_a_training_killed_goes_on_from_its_last_sweep_to_the_same_model(session, tmp_path) -> None:
    whole = session.training.train(QUICK)
    factors = (session.folders.models / whole.id / "item_factors.npy").read_bytes()
    killed = Session(Folders(tmp_path / "killed"))
    killed.packs.add(tmp_path / "camps")
    program = (
        "import os, pathlib, signal, sys\n"
        "from engine.paths import Folders\n"
        "from engine.session import Session\n"
        "from engine.training import checkpoint\n"
        "from tests.engine.training.test_training import QUICK\n"
        "checkpoint.EVERY_SECONDS, checkpoint.SHARE = 0.0, 1e9\n"
        "def die(update):\n"
        "    if update.loss is not None and update.done == 3:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "Session(Folders(pathlib.Path(sys.argv[1]))).training.train(QUICK, progress=die)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "killed")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (killed.folders.models / "unfinished" / "fit").is_dir()
    assert killed.models.manifest() is None
    updates: list[Update] = []
    manifest = killed.training.train(QUICK, progress=updates.append)
    assert [update.done for update in updates if update.loss is not None] == [4, 5]
    assert "continuing" in {update.stage for update in updates}
    assert "measuring" not in {update.stage for update in updates}, "what was chosen is not chosen again"
    assert manifest.loss == whole.loss
    assert (killed.folders.models / manifest.id / "item_factors.npy").read_bytes() == factors
    left = {path.name for path in killed.folders.models.iterdir()}
    assert left == {"current", "current-before", manifest.id}
    killed.close()


@pytest.mark.parametrize("spoil", ["other settings", "cut off", "nothing"])
def test_remains_of_another_training_or_spoiled_ones_are_not_gone_on_with(
    session, spoil, monkeypatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)
    fit = session.folders.models / "unfinished" / "fit"
    with monkeypatch.context() as patched:
        # No clean-up runs when the power fails.
        patched.setattr(checkpoint.Checkpoint, "clear", lambda _self: None)
        with pytest.raises(CancelledError):
            session.training.train(QUICK, cancelled=lambda: (fit / "rest.json").exists())
    assert fit.is_dir()
    if spoil == "cut off":
        file = fit / "item_factors.npy"
        file.write_bytes(file.read_bytes()[:-5])
    settings = dataclasses.replace(QUICK, seed=1) if spoil == "other settings" else QUICK
    updates: list[Update] = []
    session.training.train(settings, progress=updates.append)
    swept = [update.done for update in updates if update.loss is not None]
    assert swept == ([2, 3, 4, 5] if spoil == "nothing" else [1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("asked", "gain", "taken"),
    [({"level": "tracks"}, 10.0, 1), ({"free_factors": True}, 0.0, 6), ({}, 0.0, 6), ({}, 10.0, 1)],
)
def test_more_factors_are_tried_where_it_may_help_and_taken_where_the_ensemble_gains(
    session, tmp_path, monkeypatch, asked, gain, taken
) -> None:
    # The made-up listeners have three tastes, which one factor cannot hold.
    monkeypatch.setattr(choose, "FACTORS", 1)
    monkeypatch.setattr(choose, "MORE_FACTORS", 6)
    if not asked:
        monkeypatch.setattr(choose, "LARGE", 59)
    monkeypatch.setattr(weigh, "FIT_GAIN", gain)
    if "level" in asked:
        session.packs.add(write_playlists(tmp_path / "playlists.csv"))
    manifest = session.training.train(TrainingSettings(iterations=3, tune=False, **asked))
    assert manifest.factors == manifest.tuned["factors"] == taken
    by_factors, effect = manifest.tuned["by_factors"], manifest.validation["ensemble"]
    assert by_factors.keys() == {"1", "6"}
    assert by_factors[str(taken)] == max(effect["ensemble"], *effect["members"].values())
    assert open_model(session.folders, manifest.level).factors.item_factors.shape[1] == taken


def test_the_usual_factors_are_all_that_is_tried_in_a_small_catalog_of_artists_and_those_asked_for_everywhere(
    session, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(choose, "FACTORS", 4)
    session.packs.add(write_playlists(tmp_path / "playlists.csv"))
    for asked, level, factors in ((None, "artists", 4), (5, "tracks", 5)):
        settings = TrainingSettings(factors=asked, iterations=3, tune=False, level=level)
        manifest = session.training.train(settings)
        assert manifest.factors == factors
        assert "by_factors" not in manifest.tuned
