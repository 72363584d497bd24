"""A model as a file: what is in it, what comes of it elsewhere, what is refused, and the way back."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.errors import (
    CancelledError,
    DiscoverError,
    NothingYetError,
    PrivateSessionError,
    UnreadableFileError,
    UsageError,
)
from engine.paths import Folders
from engine.recommend.hindsight import COSINE, NEIGHBOURS
from engine.recommend.settings import DiscoverSettings
from engine.session import Session
from engine.session.damage import damage
from engine.training.artifact import damaged_files
from engine.training.in_use import switch_to
from engine.training.model_file import (
    from_bytes,
    from_gaps,
    from_planes,
    gaps,
    in_bytes,
    planes,
    quality_of,
    validation_of,
)
from engine.training.train import TrainingSettings
from tests.support.communities import write_community
from tests.support.dump_server import serving
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.model_files import HOSTILE, altered, members_of, say
from tests.support.models import ARTISTS, write_model

# The model is trained once, not once a worker.
pytestmark = pytest.mark.xdist_group("model files")

DAY = 86_400
QUICK = TrainingSettings(factors=8, iterations=5, tune=False)


def listening(session: Session) -> Session:
    """A person of the first camp, who found two artists lately."""
    for place, number in enumerate((0, 3, 6, 9, 12, 15)):
        play(
            session.library.connection,
            ARTISTS[number],
            "Song",
            *(DAY * (place + n) for n in range(1 + place)),
        )
    play(session.library.connection, ARTISTS[18], "Song", 700 * DAY)
    play(session.library.connection, ARTISTS[21], "Song", 720 * DAY)
    session.reload()
    return session


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Somebody's library with a community model."""
    root = tmp_path_factory.mktemp("made")
    with Session(Folders(root / "data")) as session:
        session.packs.add(write_community(root / "camps", artists=ARTISTS))
        listening(session).training.train(QUICK)
    return Folders(root / "data")


@pytest.fixture(scope="module")
def file(made: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Session(made) as session:
        return Path(session.model_files.export(tmp_path_factory.mktemp("file") / "camps.zip").file)


@pytest.fixture
def session(tmp_path: Path):
    with Session(Folders(tmp_path / "data")) as opened:
        yield listening(opened)


def test_elsewhere_it_recommends_relates_and_explains_as_where_it_was_trained(made, file, session) -> None:
    manifest = session.model_files.add(file)
    assert session.packs.all() == ()
    assert (manifest.items, manifest.listeners, manifest.packs, manifest.solo) == (60, 90, ["camps"], False)
    assert damaged_files(session.folders) == []
    with Session(made) as there:
        theirs, ours = (one.discover.list(DiscoverSettings()).items for one in (there, session))
        assert [row.artist for row in ours[:10]] == [row.artist for row in theirs[:10]]
        assert [row.score for row in ours] == pytest.approx([row.score for row in theirs], abs=1e-2)
        assert [part.artist for part in ours[0].why] == [part.artist for part in theirs[0].why]
        near = [[row.artist for row in one.artists.related(ARTISTS[0], 5).items] for one in (there, session)]
        assert near[0] == near[1]
        validation = there.models.manifest().validation
        validation["ensemble"].pop("halves")
        assert manifest.validation == validation
    assert session.coverage.of().known == 8


def test_without_its_data_it_is_measured_but_for_item_neighbours(made, file, session) -> None:
    session.model_files.add(file)
    found = session.evaluation.measure()
    with Session(made) as there:
        whole = there.evaluation.measure()
    assert found.cuts == whole.cuts
    assert set(whole.methods) - set(found.methods) == {NEIGHBOURS, COSINE}
    for name, measures in found.methods.items():
        assert measures == pytest.approx(whole.methods[name], abs=0.05), name


def test_the_same_model_gives_the_same_bytes_and_passing_it_on_changes_no_number(
    made, file, session, tmp_path
) -> None:
    with Session(made) as there:
        there.model_files.export(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == file.read_bytes()
    session.model_files.add(file)
    passed_on = Path(session.model_files.export(tmp_path / "passed-on.zip").file)
    before, after = members_of(file), members_of(passed_on)
    assert {name for name in before if before[name] != after[name]} <= {"model.json"}
    assert json.loads(before["model.json"]) == json.loads(after["model.json"])


def test_nothing_of_who_wrote_it_is_in_it(file, made) -> None:
    content = members_of(file)
    about = json.loads(content["model.json"])
    assert set(about["members"]) | {"model.json"} == set(content)
    assert about["listener_rows"] in (0, 90)
    reported = b"".join(content.values())
    for private in (str(made.root), "Song", "hindsight"):
        assert private.encode() not in reported


def test_a_model_of_ones_own_listening_is_not_written(tmp_path) -> None:
    write_model(tmp_path / "data", solo=True)
    with Session(Folders(tmp_path / "data")) as session, pytest.raises(UsageError, match="what you play"):
        session.model_files.export(tmp_path / "own.zip")
    assert not (tmp_path / "own.zip").exists()


def test_a_private_session_exports_and_adds_nothing(made, file, tmp_path) -> None:
    shutil.copytree(made.root, tmp_path / "data")
    before = fingerprint(tmp_path / "data")
    with Session(Folders(tmp_path / "data"), private=True) as session:
        session.model_files.export(tmp_path / "out.zip")
        for act in (lambda: session.model_files.add(file), session.model_files.undo):
            with pytest.raises(PrivateSessionError):
                act()
    assert fingerprint(tmp_path / "data") == before
    assert (tmp_path / "out.zip").read_bytes() == file.read_bytes()


def test_a_model_of_tracks_goes_the_same_way(tmp_path) -> None:
    write_model(tmp_path / "data", level="tracks")
    with Session(Folders(tmp_path / "data")) as session, Session(Folders(tmp_path / "other")) as other:
        made = session.model_files.export(tmp_path / "tracks.zip", "tracks")
        manifest = other.model_files.add(Path(made.file))
        assert (manifest.level, manifest.items) == ("tracks", 60)
        theirs, ours = (one.models.open("tracks") for one in (session, other))
        assert ours.artists.tolist() == theirs.artists.tolist()
        assert ours.catalog.all_names() == theirs.catalog.all_names()
        assert other.models.manifest("artists") is None


@pytest.mark.parametrize("lacks", [{"listeners"}, {"baselines"}, {"listeners", "baselines"}])
def test_what_was_not_measured_whole_is_not_reported(lacks) -> None:
    measured = {"ndcg@20": 0.2, "listeners": 9, "baselines": {"popularity": {"ndcg@20": 0.1}}}
    assert validation_of(quality_of(measured)) == measured
    assert quality_of({key: value for key, value in measured.items() if key not in lacks}) is None
    assert quality_of(dict.fromkeys(measured, "x")) is None


# -- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_model_is_refused_and_changes_nothing(file, session, tmp_path, what) -> None:
    altered(file, tmp_path / "bad.zip", HOSTILE[what])
    before = fingerprint(session.folders.root)
    with pytest.raises(UnreadableFileError, match=r"bad\.zip is not a complete model file"):
        session.model_files.add(tmp_path / "bad.zip")
    assert fingerprint(session.folders.root) == before
    assert session.models.manifest() is None


def test_what_was_damaged_on_the_way_is_refused(file, session, tmp_path) -> None:
    whole, bad = file.read_bytes(), tmp_path / "bad.zip"
    one_byte = altered(
        file,
        tmp_path / "x.zip",
        lambda _about, members: members.__setitem__(
            "listeners", bytes([members["listeners"][0] ^ 1]) + members["listeners"][1:]
        ),
        signed=False,
    ).read_bytes()
    twice = io.BytesIO(whole)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "a") as archive:
        archive.writestr("names.json", b"[]")
    for data in (
        b"",
        b"PK",
        whole[: len(whole) // 2],
        whole[:-30],
        b"not a model" * 100,
        one_byte,
        twice.getvalue(),
    ):
        bad.write_bytes(data)
        with pytest.raises(UnreadableFileError, match="Nothing was added"):
            session.model_files.add(bad)
    with pytest.raises(UnreadableFileError, match=r"nowhere\.zip does not exist"):
        session.model_files.add(tmp_path / "nowhere.zip")
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        session.model_files.add(tmp_path)
    assert not session.folders.models.exists() or not list(session.folders.models.iterdir())


def test_a_file_with_another_digest_than_asked_for_is_refused(file, session, tmp_path) -> None:
    with zipfile.ZipFile(odd := shutil.copy(file, tmp_path / "odd.zip"), "a") as archive:
        archive.writestr("more.txt", "Ida - The Oaks")  # as a name in it may look
    for each in (file, odd):
        with pytest.raises(UnreadableFileError, match="it is another file, or was altered"):
            session.model_files.add(each, sha256="0" * 64)
    manifest = session.model_files.add(file, sha256=file_digest(file).upper())
    assert manifest.origin.checked
    assert manifest.origin.sha256 == file_digest(file)


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# -- stopping, and the way back -----------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["reading model", "names", "index"])
def test_stopping_at_any_stage_leaves_all_as_it_was(file, session, tmp_path, stage) -> None:
    session.model_files.add(altered(file, tmp_path / "other.zip", say(collected="2011")))
    before = fingerprint(session.folders.models)
    seen: list[str] = []
    with pytest.raises(CancelledError):
        session.model_files.add(
            file, report=lambda at, _done, _total: seen.append(at), cancelled=lambda: stage in seen
        )
    assert seen[-1] == stage
    assert fingerprint(session.folders.models) == before


def test_every_stage_is_reported_to_its_end(file, session) -> None:
    from engine.progress import ADDING_MODEL

    reported: dict[str, tuple[int, int]] = {}
    session.model_files.add(
        file, report=lambda stage, done, total: reported.__setitem__(stage, (done, total))
    )
    assert list(reported) == list(ADDING_MODEL)
    assert all(done == total > 0 for done, total in reported.values())


def test_the_model_before_comes_back_and_the_added_one_again(made, file, tmp_path) -> None:
    shutil.copytree(made.root, tmp_path / "data")
    with Session(Folders(tmp_path / "data")) as session:
        trained = session.models.manifest()
        listed = session.discover.list(DiscoverSettings()).items
        added = session.model_files.add(file)
        assert session.models.manifest() == added
        assert [one["in_use"] for one in session.model_files.all()] == [True, False]
        assert session.model_files.undo() == trained
        assert session.discover.list(DiscoverSettings()).items == listed
        assert session.model_files.undo() == added
        # A training does not lose it either; what was trained before that would come of training again.
        again = session.training.train(QUICK)
        assert session.model_files.undo() == added
        assert session.model_files.undo() == again
        assert len([path for path in session.folders.models.iterdir() if path.is_dir()]) == 2


def test_the_first_model_has_none_before_and_is_not_its_own(tmp_path) -> None:
    write_model(tmp_path / "data")
    with Session(Folders(tmp_path / "data")) as session:
        switch_to(session.door, session.models.manifest().id)
        assert not session.models.has_before()
        with pytest.raises(NothingYetError, match="no model of artists from before"):
            session.models.open_before()


def test_where_there_was_no_model_there_is_none_again(file, session) -> None:
    added = session.model_files.add(file)
    assert session.model_files.undo() is None
    assert session.models.manifest() is None
    assert session.model_files.undo() == added


def test_a_model_of_ones_own_listening_kept_from_before_is_forgotten_with_the_rest(file, tmp_path) -> None:
    write_model(tmp_path / "data", solo=True)
    with Session(Folders(tmp_path / "data")) as session:
        added = session.model_files.add(file)
        assert len(session.model_files.all()) == 2
        session.forget_all()
        assert [one["digest"] for one in session.model_files.all()] == [added.origin.sha256]
        with pytest.raises(NothingYetError):
            session.model_files.undo()


def test_a_model_that_came_needs_no_pack_and_says_so_of_none(file, session) -> None:
    session.model_files.add(file)
    assert session.models.removed_packs() == []
    assert session.status().outdated == ""


def test_the_file_in_use_changes_nothing_when_it_is_added_again(made, file, session, tmp_path) -> None:
    first = session.model_files.add(file)
    before = fingerprint(session.folders.root)
    assert session.model_files.add(file).id == first.id
    assert first.id in session.model_files.in_use()
    assert fingerprint(session.folders.root) == before
    assert session.model_files.undo() is None, "what was before it is still that"
    session.model_files.undo()
    for name in ("item_factors.npy", "manifest.json"):
        (session.folders.models / min(session.model_files.in_use()) / name).unlink()
        session.library.reread()
        session.model_files.add(file)
        assert not damage(session.folders)


def test_killed_before_it_looked_back_it_does_when_the_file_is_added_again(
    file, session, monkeypatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(session.evaluation, "renew", lambda _progress: looked.append("back"))
    session.model_files.add(file)
    session.model_files.add(file)
    assert len(looked) == 2
    session.folders.hindsight.touch()
    session.model_files.add(file)
    assert len(looked) == 2


def test_an_address_is_asked_once_and_remembered(file, session, monkeypatch) -> None:
    from engine.community.fetch import Web

    with serving() as server:
        server.files["/models/camps.zip"] = file.read_bytes()
        url = server.base.replace("/pub/", "/models/camps.zip")
        manifest = session.model_files.fetch(Web(), url, sha256=file_digest(file))
        (fetched,) = session.packs.fetches()
        assert (fetched.url, fetched.bytes, fetched.sha256) == (url, file.stat().st_size, file_digest(file))
        assert manifest.origin.name == url
        assert [method for method, _path, _headers in server.seen] == ["GET"]
        before = session.models.manifest()
        server.files["/models/camps.zip"] = b"<html>moved</html>"
        with pytest.raises(UnreadableFileError):
            session.model_files.fetch(Web(), url)
        assert session.models.manifest() == before
        monkeypatch.setattr("engine.training.read_model_file.MAX_BYTES", 10)
        with pytest.raises(DiscoverError, match="not what was looked for: it has"):
            session.model_files.fetch(Web(), url)
    assert list(session.folders.root.glob(".scratch*")) == []


def test_weights_in_a_byte_are_near_and_change_no_more() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 20, size=300).astype(np.int32)
    weights = rng.normal(size=300).astype(np.float32)
    largest, steps = in_bytes(weights, targets, 21)
    back = from_bytes(largest, steps, targets)
    assert np.abs(back - weights).max() <= largest.max() / 254 + 1e-6
    assert in_bytes(back, targets, 21)[1].tolist() == steps.tolist()


def test_numbers_are_the_same_after_they_are_stored() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, size=40)
    starts = np.concatenate(([0], np.cumsum(counts)))
    ids = rng.integers(0, 1000, size=starts[-1]).astype(np.int32)
    assert from_gaps(gaps(ids, starts), starts).tolist() == ids.tolist()
    for array in (ids, rng.normal(size=(3, 5)).astype("<f2"), np.empty((0,), "<i8")):
        back = from_planes(planes(array), array.dtype.str, array.shape)
        assert back.tobytes() == array.tobytes()
        assert back.shape == array.shape


def test_what_the_dial_costs_comes_along_and_a_file_without_it_is_read_too() -> None:
    effect = {"listeners": 9, "members": {"factors": 0.2}, "ensemble": 0.3, "kept": True, "ridge": 30.0}
    measured = {"ndcg@20": 0.3, "listeners": 9, "baselines": {}}
    for dial in ([], [[-0.3, 0.9], [0.0, 1.0]]):
        found = validation_of(
            quality_of({**measured, "ensemble": effect | {"dial": dial} if dial else effect})
        )
        assert found == {**measured, "ensemble": effect | {"dial": dial}}
