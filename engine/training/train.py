"""Training from start to end: interactions, tuning, the final fit, measures, index, and the switch to the new model.

Everything is written into a folder beside the model in use; the last step is the atomic switch. A cancel or a
crash before it leaves the old model in use, and what a crash leaves is gone on with (`engine.training.checkpoint`).
"""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.canonical_keys import Level
from engine.community.catalog import write_catalog
from engine.community.packs import community_packs
from engine.model.als import AlternatingLeastSquares
from engine.model.fold_in import ItemFactors
from engine.model.item_priors import lean_on_artists
from engine.model.neighbour_fit import Products, products_of
from engine.model.similarity import listens_of, mean_similarity_to_nearest
from engine.paths import digest_of
from engine.privacy import Door
from engine.progress import TRAINING, Cancelled, Share, part_of
from engine.store.forgetting import mark, unforgotten
from engine.training.artifact import FORMAT, write_arrays, write_index, write_manifest, write_neighbours
from engine.training.checkpoint import Checkpoint
from engine.training.choose import SHARES, Choice, choose, factors_to_try
from engine.training.in_use import new_id, switch_to
from engine.training.interactions import (
    Interactions,
    community_interactions,
    session_interactions,
    with_genres,
)
from engine.training.manifest import ModelManifest
from engine.training.search_names import write_search
from engine.training.spark_settings import SparkSettings, sample

# Vectors the index is calibrated on: listeners drawn from the rows of the matrix.
QUERIES = 200
SOLO_FACTORS = 24


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What a person can ask of training.

    `factors` null takes 40, or more where that ranks better (`engine.training.choose`), with `free_factors` tried in
    every catalog; `tune` False takes the defaults there for the rest. `tune_seconds` bounds the search, which ends
    sooner by itself on small data. With `spark` the last fit runs there; settings are chosen here, on a sample where
    there is much.
    """

    factors: int | None = None
    free_factors: bool = False
    iterations: int = 20
    tune: bool = True
    tune_seconds: float = 90.0
    seed: int = 0
    level: Level = "artists"
    spark: SparkSettings | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Where training is: `done` of `total` steps of a stage; `loss` after a sweep of the final fit, else null."""

    stage: str
    done: int
    total: int
    loss: float | None = None

    def stage_of(self, level: Level) -> str:
        """The stage as it is reported where several levels are trained one after the other."""
        return self.stage if level == "artists" else f"{level}, {self.stage}"


class Timed:
    """Passes updates on and takes down how long each stage takes."""

    def __init__(self, report: Callable[[Update], None]) -> None:
        self._report = report
        self._taken: dict[str, float] = {}
        self._stage, self._since = "", time.monotonic()

    def __call__(self, update: Update) -> None:
        """Pass an update on."""
        if update.stage != self._stage:
            self.seconds()
            self._stage = update.stage
        self._report(update)

    def seconds(self) -> dict[str, float]:
        """Seconds by stage, in order."""
        now = time.monotonic()
        if self._stage:
            self._taken[self._stage] = self._taken.get(self._stage, 0.0) + now - self._since
        self._since = now
        return {stage: round(taken, 3) for stage, taken in self._taken.items()}


def parts_of(levels: Sequence[Level]) -> dict[str, float]:
    """The time each stage takes where these levels are trained, in order."""
    return {Update(stage, 0, 0).stage_of(level): part for level in levels for stage, part in TRAINING.items()}


def train(
    door: Door,
    connection: sqlite3.Connection,
    settings: TrainingSettings,
    *,
    progress: Callable[[Update], None] | None = None,
    cancelled: Cancelled | None = None,
) -> ModelManifest:
    """Fit a model, build its index, and make it the one of its level in use.

    Raises PrivateSessionError in a private session, NothingYetError when there is nothing to learn from,
    CancelledError when `cancelled` said so.
    """
    door.require_writable("train")
    began = time.monotonic()
    report = Timed(progress or (lambda _update: None))
    report(Update("reading", 0, 1))
    # Before any play is read.
    since = mark(connection)
    packs = community_packs(door.folders, settings.level)
    if settings.spark is not None:
        from engine.training.spark_context import check_spark

        check_spark(settings.spark, solo=not packs, level=settings.level)
    data = community_interactions(packs) if packs else session_interactions(connection, settings.level)
    if settings.level == "artists":
        data = with_genres(data, door.folders)
    if data.solo:
        # A solo model is small and its rows are many short sessions: few factors say as much (MODEL.md).
        settings = replace(settings, factors=min(settings.factors or SOLO_FACTORS, SOLO_FACTORS))
    checkpoint = Checkpoint(door, data.digest, settings)
    own = partial(unforgotten, connection, since) if data.solo else contextlib.nullcontext
    try:
        with _refused_if_forgotten(own):
            return _trained(door, data, settings, checkpoint, began, report, cancelled, own)
    except BaseException:
        # Only a killed training is continued: the person knows of one that was stopped or failed.
        checkpoint.clear()
        raise


@contextlib.contextmanager
def _refused_if_forgotten(own: Callable[[], contextlib.AbstractContextManager[None]]) -> Iterator[None]:
    """Of a training whose files were deleted under it, say that it was for what was forgotten."""
    try:
        yield
    except OSError:
        with own():
            raise


def _trained(
    door: Door,
    data: Interactions,
    settings: TrainingSettings,
    checkpoint: Checkpoint,
    began: float,
    report: Timed,
    cancelled: Cancelled | None,
    own: Callable[[], contextlib.AbstractContextManager[None]],
) -> ModelManifest:
    """A model in a folder of its own, in use; inside `own`, so that nothing is forgotten while it comes into use."""
    choice, products = checkpoint.choice(), None
    if choice is None:
        choice, products = choose(
            data.plays if settings.spark is None else sample(data.plays, settings.seed),
            factors=[settings.factors]
            if settings.factors is not None
            else factors_to_try(
                len(data.names), tracks=data.artists is not None, everywhere=settings.free_factors
            ),
            iterations=settings.iterations,
            seed=settings.seed,
            search=settings.tune,
            search_seconds=settings.tune_seconds,
            times=data.times,
            artists=data.artists,
            progress=lambda stage, done, total: report(Update(stage, done, total)),
            cancelled=cancelled,
        )
        checkpoint.keep_choice(choice)
        if settings.spark is not None:
            products = None  # of a sample
    model, choice, loss = _fit(door, data, choice, settings, checkpoint, report, cancelled)
    lean_on_artists(model, choice.confidence, data.plays, data.artists)
    trained = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    model_id = new_id(door.folders, data.digest, trained)
    with contextlib.ExitStack() as landing:
        with door.new_folder(door.folders.models / model_id, own=data.solo) as folder:
            manifest = _write(
                folder, model_id, data, choice, products, model, loss, settings, report, cancelled
            )
            manifest = _timed(manifest, trained, time.monotonic() - began, report.seconds())
            write_manifest(folder, manifest)
            landing.enter_context(own())
        switch_to(door, manifest.id, settings.level)
    return manifest


def _fit(
    door: Door,
    data: Interactions,
    choice: Choice,
    settings: TrainingSettings,
    checkpoint: Checkpoint,
    report: Callable[[Update], None],
    cancelled: Cancelled | None,
) -> tuple[AlternatingLeastSquares, Choice, list[float]]:
    """The final fit on everything, as it was chosen and fitted, with its loss after each sweep, from where a killed
    one was."""
    resume = checkpoint.state()
    loss: list[float] = list(resume.losses) if resume is not None else []

    def after_sweep(sweep: int, _seconds: float, value: float) -> None:
        loss.append(float(value))
        report(Update("training", sweep + 1, settings.iterations, float(value)))

    if loss:
        report(Update("continuing", len(loss), settings.iterations))
    if settings.spark is not None:
        from engine.training.spark import Task, fit_on_spark

        model, choice = fit_on_spark(
            door,
            settings.spark,
            Task(data, settings.level, choice, settings.iterations, settings.seed),
            stage=lambda stage, done, total: report(Update(stage, done, total)),
            callback=after_sweep,
            cancelled=cancelled,
            keep=checkpoint.keep_state,
            resume=resume,
        )
        return model, choice, loss
    report(Update("training", len(loss), settings.iterations))
    model = choice.model(settings.iterations, settings.seed)
    model.fit(
        choice.confidence.counted(data.plays),
        callback=after_sweep,
        cancelled=cancelled,
        keep=checkpoint.keep_state,
        resume=resume,
    )
    return model, choice, loss


def _write(
    folder: Path,
    model_id: str,
    data: Interactions,
    choice: Choice,
    products: Products | None,
    model: AlternatingLeastSquares,
    loss: list[float],
    settings: TrainingSettings,
    report: Callable[[Update], None],
    cancelled: Cancelled | None,
) -> ModelManifest:
    """Arrays, catalog and index into the model's folder; the manifest they make, without its times."""
    factors = np.ascontiguousarray(model.item_factors, dtype=np.float32)
    digests = _write_items(
        folder,
        factors,
        data,
        choice,
        products,
        settings.seed,
        lambda share: report(Update("neighbours", round(share * SHARES), SHARES)),
        cancelled,
    )
    index, index_digests = write_index(
        folder,
        factors,
        _queries(factors, data, choice, settings.seed),
        settings.seed,
        lambda done, total: report(Update("index", done, total)),
        cancelled,
    )
    return ModelManifest(
        format=FORMAT,
        id=model_id,
        level=settings.level,
        solo=data.solo,
        packs=list(data.packs),
        built_from=data.digest,
        trained="",
        listeners=int(data.plays.shape[0]),
        items=len(data.names),
        interactions=int(data.plays.nnz),
        factors=choice.factors,
        iterations=settings.iterations,
        seed=settings.seed,
        confidence=choice.confidence,
        regularization=choice.regularization,
        frequency_exponent=choice.frequency_exponent,
        ensemble=choice.ensemble,
        loss=loss,
        seconds=0.0,
        tuned=choice.tuned,
        validation=choice.validation,
        index=index,
        digests=digests | index_digests,
        taste=data.taste,
        source=data.source,
        collected=data.collected,
    )


def _queries(
    factors: NDArray[np.float32], data: Interactions, choice: Choice, seed: int
) -> NDArray[np.float32]:
    """Some listeners, folded in as a person is."""
    size = data.plays.shape[0]
    drawn = np.random.default_rng(seed).choice(size, size=min(QUERIES, size), replace=False)
    items = ItemFactors(factors, choice.regularization, frequency_exponent=choice.frequency_exponent)
    rows = [data.plays[number] for number in np.sort(drawn).tolist()]
    folded = [items.fold_in(row.indices, choice.confidence.of(row.data)).vector for row in rows]
    return np.array(folded, dtype=np.float32)


def _write_items(
    folder: Path,
    factors: NDArray[np.float32],
    data: Interactions,
    choice: Choice,
    products: Products | None,
    seed: int,
    progress: Share,
    cancelled: Cancelled | None,
) -> dict[str, str]:
    """What is known of the items: arrays, neighbours, catalog and names to search; digests by file."""
    counts = data.plays.getnnz(axis=0).astype(np.int32)
    totals = np.asarray(data.plays.sum(axis=0)).ravel()
    digests = write_arrays(
        folder, factors, ItemFactors(factors, choice.regularization).gram, counts, data.artists
    )
    progress(0.0)
    if products is None:
        products = products_of(data.plays, progress=part_of(progress, 0.0, 0.5), cancelled=cancelled)
    near = products.neighbours(choice.ridge, progress=part_of(progress, 0.5, 0.7), cancelled=cancelled)
    del products
    listens = listens_of(data.plays, seed)
    hubness = mean_similarity_to_nearest(factors, listens, seed, part_of(progress, 0.7, 0.9))
    digests |= write_neighbours(folder, near, listens, hubness)
    del near
    write_catalog(
        folder / "catalog.sqlite",
        ((name, int(counts[i]), int(totals[i])) for i, name in enumerate(data.names)),
        data.tags,
    )
    progress(0.95)
    digests["catalog.sqlite"] = digest_of(folder / "catalog.sqlite")
    digests |= write_search(folder, data.names, counts, data.artists)
    progress(1.0)
    return digests


def _timed(
    manifest: ModelManifest, trained: datetime.datetime, seconds: float, parts: dict[str, float]
) -> ModelManifest:
    import msgspec

    return msgspec.structs.replace(
        manifest, trained=trained.isoformat(), seconds=round(seconds, 3), parts=parts
    )
