"""The half-life a look back found: kept beside the library, read once, gone with the model it was of."""

from __future__ import annotations

import msgspec
import pytest

from engine.errors import NothingYetError
from engine.session.evaluation import Evaluation
from engine.session.library import Change, Library
from tests.support.backtests import a_backtest
from tests.support.models import write_model
from tests.support.services import evaluation_of


@pytest.fixture
def evaluation(library: Library) -> Evaluation:
    return evaluation_of(library)


def keep(library: Library, half_life: float) -> None:
    library.folders.hindsight.write_bytes(msgspec.json.encode(a_backtest(half_life)))


def test_a_half_life_is_read_once_and_again_when_another_process_may_have_looked_back(
    evaluation: Evaluation, library: Library
) -> None:
    assert evaluation.half_life() is None
    keep(library, 365.0)
    assert evaluation.half_life() == 365.0
    assert evaluation.last() == a_backtest(365.0)
    keep(library, 90.0)
    library.changed(Change.TASTE)
    assert evaluation.half_life() == 365.0
    library.changed(Change.EVERYTHING)
    assert evaluation.half_life() == 90.0
    evaluation.drop()
    assert evaluation.half_life() is None
    assert not library.folders.hindsight.exists()


def test_a_file_that_is_damaged_or_of_another_version_is_not_a_half_life(
    evaluation: Evaluation, library: Library
) -> None:
    for content in (b"{", b'{"cuts": [], "methods": {}, "half_life": 90}'):
        library.folders.hindsight.write_bytes(content)
        assert evaluation.half_life() is None
        assert evaluation.last() is None


def test_without_community_data_there_is_nothing_to_measure(evaluation: Evaluation, library: Library) -> None:
    write_model(library.folders.root, solo=True)
    with pytest.raises(NothingYetError, match="No model of community data"):
        evaluation.measure()
