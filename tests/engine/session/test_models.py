"""Models are opened once, stay open while only plays and taste change, and are reopened after any other change."""

from __future__ import annotations

import pytest

from engine.errors import NothingYetError
from engine.session.library import Change, Library
from engine.session.models import Models
from engine.training.artifact import Model


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
