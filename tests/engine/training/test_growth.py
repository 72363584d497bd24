"""Newer data: what is new joins the model in use, is found beside the trees, and calls for training when it is much."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_sparse

from engine.canonical_keys import item_key, track_name
from engine.community.packs import community_packs
from engine.errors import CancelledError, DamagedDataError, PrivateSessionError, UsageError
from engine.model.fold_in import ItemFactors
from engine.model.fold_in_rows import fold_in_rows
from engine.model.neighbour_fit import joining
from engine.model.similarity import Listens
from engine.paths import Folders
from engine.recommend.settings import DiscoverSettings
from engine.search import NameIndex
from engine.session import Session
from engine.training.artifact import damaged_files
from engine.training.growth import REBUILD, newer_listens
from engine.training.interactions import community_interactions, numbered_artists
from engine.training.search_names import names_of_artists, names_of_items, write_more_search, write_search
from engine.training.train import TrainingSettings
from tests.support.communities import write_community, write_playlists
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.models import names, tracks, write_model

# The model is trained once, not once a worker.
pytestmark = pytest.mark.xdist_group("growth")

QUICK = TrainingSettings(factors=8, iterations=5, tune=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person of the first camp, with a model of sixty artists in three. Only for reading: tests get copies."""
    place = tmp_path_factory.mktemp("growth")
    with Session(Folders(place / "data")) as opened:
        opened.packs.add(write_community(place / "camps", artists=names(60)))
        opened.training.train(QUICK)
        for number in (0, 3, 6, 9, 12):
            play(opened.library.connection, names(60)[number], "Song", 1, 2, 3)
    return place / "data"


@pytest.fixture
def session(trained: Path, tmp_path: Path):
    shutil.copytree(trained, tmp_path / "data")
    with Session(Folders(tmp_path / "data")) as opened:
        yield opened


def newer(session: Session, tmp_path: Path, artists: int, listeners: int = 120):
    """What a dump of so many artists brings."""
    file = tmp_path / f"of-{artists}"
    if not file.exists():
        write_community(file, artists=names(artists), listeners=listeners, seed=1)
    return session.updates.update("artists", lambda name: session.packs.add(file, name=name))


def said(near) -> np.ndarray:
    """What each item (row) says for each (column)."""
    near = near.whole()
    return csr_matrix((near.weights, near.targets, near.starts), (near.items, near.items)).toarray()


def test_many_rows_are_folded_in_as_one_is() -> None:
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(50, 12)).astype(np.float32)
    counts = random_sparse(30, 50, 0.2, "csr", np.float32, random_state=0)
    counts.data = np.ceil(counts.data * 9)
    for exponent in (0.0, 0.75):
        settings = {"regularization": 0.5, "frequency_exponent": exponent}
        found = fold_in_rows(counts, factors, alpha=2.0, **settings)
        items = ItemFactors(factors, **settings)
        for row in range(30):
            own = slice(counts.indptr[row], counts.indptr[row + 1])
            ids, values = counts.indices[own].astype(np.int64), counts.data[own].astype(np.float64)
            one = items.fold_in(ids, 1 + 2.0 * values).vector if len(ids) else np.zeros(12)
            assert found[row] == pytest.approx(one, abs=1e-4)


def test_new_artists_join_and_are_recommended_related_and_explained(session, tmp_path) -> None:
    before = session.models.manifest()
    news = newer(session, tmp_path, 63)
    assert (news.items, news.joined, news.listeners_before, news.pack.listeners) == (3, 3, 90, 120)
    manifest = session.models.manifest()
    assert (manifest.items, manifest.growth.items, manifest.id != before.id) == (63, 3, True)
    assert damaged_files(session.folders) == []
    fresh = names(63)[60]
    listed = session.discover.list(DiscoverSettings()).items
    place = [row.artist for row in listed].index(fresh)
    assert place < 20, "it is of the person's own camp"
    assert listed[place].why
    assert session.artists.related(fresh, 5).items
    assert fresh in {row.artist for row in session.artists.related(names(60)[0], 40).items}
    assert [found.artist for found in session.artists.search(fresh, 1)] == [fresh]


def test_what_joined_is_searched_exactly_beside_the_trees(session, tmp_path) -> None:
    newer(session, tmp_path, 66)
    model = session.models.open()
    factors = np.asarray(model.factors.item_factors)
    assert (model.index.manifest.items, len(model.index), len(factors)) == (60, 66, 66)
    for query in factors[[0, 20, 60, 65]]:
        wanted = np.lexsort((np.arange(66), -(factors @ query)))[:20]
        for strategy in (None, "exact", "annoy"):
            ids, _ = model.index.best(query, 20, strategy=strategy)
            assert sorted(ids.tolist()) == sorted(wanted.tolist())
        lengths = np.linalg.norm(factors, axis=1) * np.linalg.norm(query)
        alike = np.argsort(-(factors @ query) / lengths, kind="stable")[:10]
        assert sorted(model.index.nearest(query, 10)[0].tolist()) == sorted(alike.tolist())


def test_only_what_is_new_is_written_and_all_is_as_if_it_were_written_whole(session, tmp_path) -> None:
    before = session.models.open().folder
    kept = {path.relative_to(before): path.stat().st_ino for path in before.rglob("*")}
    newer(session, tmp_path, 66)
    model = session.models.open()
    same = {name for name, inode in kept.items() if (model.folder / name).stat().st_ino == inode}
    assert same == {path.relative_to(before) for path in (before / "index").rglob("*")} | {
        Path(f"neighbours_{name}.npy") for name in ("starts", "hearers", "weights")
    }
    whole = names_of_items(model.catalog.all_names(), model.listeners)
    for field in fields(NameIndex):
        merged, built = getattr(model.names, field.name), getattr(whole, field.name)
        assert merged.dtype == built.dtype, field.name
        assert np.array_equal(merged, built), field.name


def test_what_joined_hears_from_neighbours_as_the_newer_data_has_them(session, tmp_path) -> None:
    before = said(session.models.open().members.neighbours)
    newer(session, tmp_path, 66)
    model = session.models.open()
    data = community_interactions(community_packs(session.folders, "artists"))
    ids = model.catalog.ids_of(data.keys)
    columns = np.array([ids[key] for key in data.keys])
    new = np.flatnonzero(columns >= 60).astype(np.int32)
    learned = joining(data.plays, new, model.manifest.validation["ensemble"]["ridge"])
    whole = np.zeros((66, 66), dtype=np.float32)
    whole[columns] = said(learned)[:, :66]
    found = said(model.members.neighbours)
    assert np.array_equal(found[:, columns[new]], whole[:, new])
    assert np.count_nonzero(found[:, 60:]) > 6 * 3
    assert np.array_equal(found[:60, :60], before)
    assert not found[60:, :60].any(), "what the model had hears from it after the next training"


def test_what_joined_twice_hears_from_its_neighbours_of_both_times(session, tmp_path) -> None:
    newer(session, tmp_path, 63)
    before = said(session.models.open().members.neighbours)
    newer(session, tmp_path, 66)
    near = session.models.open().members.neighbours
    found, ids = said(near), np.array([65, 3, 62, 0])
    assert np.array_equal(found[:63, :63], before)
    assert np.count_nonzero(found[:, 63:]) > 3 * 3
    folded, whole = (one.fold_in(ids, np.array([3.0, 1.0, 2.0, 4.0])) for one in (near, near.whole()))
    assert folded.scores() == pytest.approx(whole.scores())
    some = np.arange(50, 66)
    assert folded.contributions(some) == pytest.approx(whole.contributions(some))
    assert folded.contributions(some).sum(axis=1) == pytest.approx(whole.scores(some))
    path = session.models.open().folder / "joined_starts.npy"
    np.save(path, np.load(path)[:-1])
    session.reload()
    with pytest.raises(DamagedDataError, match="belong to another model"):
        _ = session.models.open().members


@pytest.mark.parametrize(
    "called", [["Björk", *names(60)], [*tracks(60), track_name("Zoë & Lóa", "Ærø"), *tracks(70)[60:]]]
)
def test_names_to_search_with_more_are_as_if_they_were_written_whole(
    tmp_path: Path, called: list[str]
) -> None:
    listeners = np.random.default_rng(0).integers(1, 9, len(called)).astype(np.int32)
    artists = numbered_artists(map(item_key, called)) if "\x1f" in called[0] else None
    first = 40
    before = names_of_items(called[:first], listeners[:first])
    artists_before = None if artists is None else names_of_artists(called[:first], artists[:first])
    (tmp_path / "whole").mkdir()
    (tmp_path / "more").mkdir()
    whole = write_search(tmp_path / "whole", called, listeners, artists)
    more = write_more_search(tmp_path / "more", before, artists_before, called[first:], listeners, artists)
    assert more == whole


def test_who_listens_to_what_joined_is_known_at_once_and_of_what_newer_data_lacks_as_before() -> None:
    before = Listens(np.array([0, 2, 3]), np.array([0, 1, 1], dtype=np.int32))
    plays = csr_matrix([[0, 1, 0], [1, 1, 0]], dtype=np.float32)
    found = newer_listens(before, plays, np.array([3, 1, 2]), 4)
    assert found.starts.tolist() == [0, 2, 4, 4, 5]
    assert found.listeners.tolist() == [2, 3, 0, 1, 1]


def test_training_again_is_suggested_when_the_share_passes_the_threshold(session, tmp_path) -> None:
    few = newer(session, tmp_path, 61)
    assert 0 < few.share < REBUILD
    assert not few.rebuild
    assert session.status().outdated == ""
    many = newer(session, tmp_path, 66)
    assert many.joined == 5
    assert many.share >= REBUILD, "what joined earlier counts too: no training saw it"
    assert many.rebuild
    assert "no training saw. Train again" in session.status().outdated
    assert session.models.much_joined() == [session.status().outdated]
    [pack] = session.packs.all()
    session.packs.remove(pack.name)
    assert session.models.much_joined() == [], "trained now it would know the person's own listening only"
    session.packs.add(tmp_path / "of-66", name=pack.name)
    session.training.train(QUICK)
    assert session.status().outdated == ""
    assert newer(session, tmp_path, 66).share == 0


def test_what_a_pack_has_joins_the_model_when_there_is_nothing_newer(session, tmp_path) -> None:
    session.packs.add(write_community(tmp_path / "of-63", artists=names(63), seed=1), name="camps")
    assert (session.models.manifest().items, session.models.much_joined()) == (60, [])
    news = session.updates.update("artists", None)
    assert (news.items, news.joined, session.models.manifest().items) == (0, 3, 63)


def test_where_nothing_is_new_the_model_stays(session, tmp_path) -> None:
    before = fingerprint(session.folders.models)
    news = newer(session, tmp_path, 60)
    assert (news.items, news.joined, news.share, news.rebuild) == (0, 0, 0.0, False)
    assert fingerprint(session.folders.models) == before


def test_a_model_of_ones_own_listening_does_not_grow(session, tmp_path) -> None:
    write_model(session.folders.root, solo=True)
    session.reload()
    before = session.models.manifest()
    news = newer(session, tmp_path, 66)
    assert (news.items, news.joined) == (6, 0)
    assert session.models.manifest() == before


def test_an_added_model_grows_and_can_be_passed_on(session, tmp_path) -> None:
    made = session.model_files.export(tmp_path / "model.zip")
    session.model_files.add(Path(made.file))
    assert newer(session, tmp_path, 63).joined == 3
    assert session.models.manifest().origin is not None
    session.model_files.add(Path(session.model_files.export(tmp_path / "grown.zip").file))
    model = session.models.open()
    assert (model.manifest.items, model.index.manifest.items, model.manifest.growth) == (63, 63, None)


def test_stopping_leaves_the_model_and_a_private_session_refuses(session, tmp_path) -> None:
    before = fingerprint(session.folders.models)
    file = write_community(tmp_path / "more", artists=names(66), seed=1)
    with pytest.raises(CancelledError):
        session.updates.update(
            "artists", lambda name: session.packs.add(file, name=name), cancelled=lambda: True
        )
    assert fingerprint(session.folders.models) == before
    session.set_private(True)
    with pytest.raises(PrivateSessionError):
        session.updates.update("artists", lambda _name: None)


def test_which_pack_is_meant_must_be_clear(session, tmp_path) -> None:
    session.packs.add(write_community(tmp_path / "others", artists=names(60), seed=2))
    with pytest.raises(UsageError, match="several packs of artists: camps, others"):
        newer(session, tmp_path, 61)
    with pytest.raises(UsageError, match="no pack of tracks to update"):
        session.updates.update("tracks", lambda _name: None)


def test_what_is_no_newer_data_for_it_replaces_nothing(session, tmp_path) -> None:
    folder = session.folders.packs
    before = fingerprint(folder)
    playlists = write_playlists(tmp_path / "tracks.csv")
    with pytest.raises(UsageError, match=r"holds no artists\. camps is unchanged"):
        session.updates.update("artists", lambda name: session.packs.add(playlists, name=name))
    assert fingerprint(folder) == before
    manifest = json.loads((folder / "camps" / "manifest.json").read_bytes())
    (folder / "camps" / "manifest.json").write_text(json.dumps(manifest | {"collected": "2026-11-15"}))
    before = fingerprint(folder)
    with pytest.raises(UsageError, match="an unknown day, and camps of 2026-11-15"):
        newer(session, tmp_path, 66)
    assert fingerprint(folder) == before
    assert [pack.name for pack in session.packs.all()] == ["camps"]
