"""Models are opened once, stay open while only plays and taste change, and are reopened after any other change."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.errors import NothingYetError, UsageError
from engine.session import Session
from engine.session.library import Change, Library
from engine.session.models import Models
from engine.training.artifact import MANIFEST, WITHOUT_NEIGHBOURS, Model
from engine.training.manifest import ModelManifest
from tests.support.models import write_model


@pytest.fixture
def models(library: Library) -> Models:
    return Models(library)


def test_a_model_stays_open_until_another_may_be_in_use(
    models: Models, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Model] = []
    close = Model.close
    monkeypatch.setattr(Model, "close", lambda model: (closed.append(model), close(model))[1])
    first = models.open()
    assert first.manifest == models.manifest()
    for change in (Change.TASTE, Change.PLAYS):
        library.changed(change)
        assert models.open() is first
    library.changed(Change.EVERYTHING)
    assert closed == [first]
    assert models.open() is not first


def test_where_no_model_of_a_level_is_there_is_none_to_open(models: Models) -> None:
    assert models.manifest("tracks") is None
    assert models.open_if_any("tracks") is None
    assert models.open_if_any() is models.open()
    with pytest.raises(NothingYetError):
        models.open("tracks")


def test_a_model_of_the_first_format_opens_ranks_by_its_other_members_and_is_named(tmp_path: Path) -> None:
    weights = {"factors": 0.5, "neighbours": 0.4, "popularity": 0.1}
    plays = csr_matrix(np.random.default_rng(0).integers(0, 3, size=(40, 60)))
    folders = write_model(tmp_path, plays=plays, ensemble=weights)
    path = folders.models / "made-by-hand" / MANIFEST
    written = msgspec.json.decode(path.read_bytes(), type=ModelManifest)
    # Its neighbours had one of these files, and four others.
    gone = ("neighbours_hearers", "neighbours_weights", "listens_")
    digests = {name: digest for name, digest in written.digests.items() if not name.startswith(gone)}
    first = msgspec.structs.replace(written, format=WITHOUT_NEIGHBOURS, digests=digests, packs=[])
    path.write_bytes(msgspec.json.encode(first))
    with Session(folders) as session:
        model = session.models.open()
        assert model.members.neighbours is None
        assert model.similarity.hubness is None
        assert model.manifest.ensemble == {"factors": 0.5, "popularity": 0.1}
        raw = model.members.fold_in(np.array([1, 4]), np.ones(2), np.ones(2)).raw(np.arange(60))
        assert raw.any()
        # Its weights were learned for closeness over the item's own length.
        length = np.linalg.norm(model.factors.item_factors.astype(np.float64), axis=1)
        np.testing.assert_allclose(raw[:, 1], raw[:, 0] / length, rtol=1e-6)
        (said,) = session.models.of_earlier_versions()
        assert "Train again: discover train." in said
        assert session.status().outdated == said
        # In another's hands it would be of this format, and rank by another closeness than its weights are for.
        with pytest.raises(UsageError, match="earlier version"):
            session.model_files.export(tmp_path / "model.discover")
