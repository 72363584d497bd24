"""What the dial of popularity costs, measured on what was held out."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.ensemble import MEMBERS, PERSONAL
from engine.training import dial_cost as dials
from engine.training.dial_cost import ABSENT, PLACES, dial_cost

FACTORS = np.eye(len(MEMBERS))[0]


def held_out(famous: bool, listeners: int = 20, candidates: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Listeners whose twenty held-out items stand at the top; `famous` ones or all others are known to many."""
    members = np.zeros((listeners, candidates, len(MEMBERS)), dtype=np.float32)
    members[:, :, 0] = np.linspace(1, -1, candidates)
    hits = np.zeros((listeners, candidates), dtype=bool)
    hits[:, :20] = True
    members[:, :, PERSONAL] = np.where(hits == famous, 1.0, -1.0)
    return members, hits


def test_leaning_away_from_what_is_played_loses_it_and_towards_it_loses_nothing() -> None:
    famous, obscure = (dict(dial_cost(*held_out(kind), FACTORS)) for kind in (True, False))
    assert list(famous) == list(PLACES)
    assert famous[0.0] == obscure[0.0] == 1.0
    assert famous[-1.0] < 0.5
    assert obscure[-1.0] == 1.0
    assert list(famous.values()) == sorted(famous.values())


def test_places_without_a_candidate_are_no_part_of_the_spread() -> None:
    members, hits = held_out(True)
    padded = np.zeros((len(members), 50, len(MEMBERS)), dtype=np.float32)
    padded[:, :, 0] = ABSENT
    none = np.zeros((len(members), 50), dtype=bool)
    both = dial_cost(np.concatenate([members, padded], axis=1), np.concatenate([hits, none], axis=1), FACTORS)
    assert both == dial_cost(members, hits, FACTORS)


def test_of_too_few_hits_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    members, hits = held_out(True)
    assert dial_cost(members, hits, FACTORS)
    monkeypatch.setattr(dials, "MIN_HITS", int(hits.sum()) + 1)
    assert dial_cost(members, hits, FACTORS) == []
