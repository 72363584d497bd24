"""The manifest of a model: its data, settings, measured quality and digests."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.canonical_keys import Level
from engine.model.confidence import Confidence
from engine.model.ensemble import FACTORS_ALONE


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The origin of an added model: its file's name or its address, and when it was `added` (an ISO date).

    `sha256` and `bytes` are those of the file; `checked` whether the digest was given by the person.
    """

    name: str
    sha256: str
    bytes: int
    added: str
    checked: bool


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Items added to a model since it was trained (`engine.training.growth`): `items` is their number, they are last.

    `listeners` are those of the newest data, `share` that of its pairs with items no training saw, `date` when it was
    added (an ISO date), `collected` when it was counted.
    """

    items: int
    listeners: int
    share: float
    date: str
    collected: str


class ModelManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A model's data, settings and measured quality.

    `loss` has one value per sweep of the final fit; `validation` holds the measures on held-out data beside the
    baselines'; `index` the index's own figures; `digests` the SHA-256 of the files that must not change. `ensemble` has
    the ensemble's weights (`engine.model.ensemble`), `validation` their effect; `parts` are the seconds of each stage.
    `taste` is the digest of the taste a solo model was built from, empty for community models. `source` and `collected`
    are copied from its packs, for when these are gone. `origin` is null for a model trained here, `growth` if nothing
    was added since; the index contains the items before growth.
    """

    format: int
    id: str
    level: Level
    solo: bool
    packs: list[str]
    built_from: str
    trained: str
    listeners: int
    items: int
    interactions: int
    factors: int
    iterations: int
    seed: int
    confidence: Confidence
    regularization: float
    loss: list[float]
    seconds: float
    tuned: dict[str, Any]
    validation: dict[str, Any]
    index: dict[str, Any]
    digests: dict[str, str]
    taste: str = ""
    source: str = ""
    collected: str = ""
    frequency_exponent: float = 0.0
    ensemble: dict[str, float] = msgspec.field(default_factory=lambda: dict(FACTORS_ALONE))
    parts: dict[str, float] = {}
    origin: Origin | None = None
    growth: Growth | None = None
