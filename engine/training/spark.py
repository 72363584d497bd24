"""The final fit on Apache Spark: our own sweep, or MLlib's where a side is too large to send to every worker.

Ours is the local fit (`engine.model.sweep`) whose rows are solved by Spark: both sides' factors are broadcast, blocks
of rows go through the same kernels (`engine.model.row_blocks`), and come back. It takes the same settings to the same
factors. MLlib's ALS never has a whole side in one place, and multiplies lambda by a row's number of items: if another
weighting was chosen, lambda is converted, with a note.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.canonical_keys import Level
from engine.errors import DiscoverError
from engine.model.als import AlternatingLeastSquares
from engine.model.confidence import Confidence
from engine.model.parallel import padded
from engine.model.row_blocks import (
    BLOCK,
    OBSERVED,
    SOLVED,
    VALUES,
    Factors,
    Half,
    blocks_of,
    counted,
    observed,
    solved,
)
from engine.model.sweep import Floats, Side, Sides
from engine.privacy import Door
from engine.progress import Cancelled, StageReport
from engine.training.choose import Choice
from engine.training.interactions import Interactions
from engine.training.parquet import MANIFEST, PLAYS, manifest_from, write_parquet
from engine.training.spark_context import check_spark, spark_session
from engine.training.spark_settings import SparkSettings

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

    from engine.model.parallel import Kernels
    from engine.model.sweep import State

# Pairs a partition, and partitions a core where there are few pairs.
_PAIRS, _WAVES = 2_000_000, 2
# MLlib's own lineage is cut so often; without, it grows until Java's stack ends.
_CHECKPOINT_EVERY = 5
_MAX_BLOCKS = 200
_POLL_SECONDS = 0.2
_JOBS_BEFORE, _JOBS_A_SWEEP = 2, 2
_FILE = "file://"
_RECORDS = "spark.sql.execution.arrow.maxRecordsPerBatch"


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be fitted: plays of a level, the settings chosen for them, sweeps and seed."""

    data: Interactions
    level: Level
    choice: Choice
    iterations: int
    seed: int


def fit_on_spark(
    door: Door,
    settings: SparkSettings,
    task: Task,
    *,
    stage: StageReport,
    callback: Callable[[int, float, float], None],
    cancelled: Cancelled | None,
    keep: Callable[[State], None],
    resume: State | None,
) -> tuple[AlternatingLeastSquares, Choice]:
    """The fitted model, and the choice as it was fitted.

    `stage` gets what is done before the first sweep and, of MLlib, which reports no loss, the sweeps; `callback`,
    `keep` and `resume` are those of a fit of ours. Of MLlib's listeners the model has none. Raises DiscoverError for
    what is missing or fails, UsageError, CancelledError.
    """
    check_spark(settings, solo=task.data.solo, level=task.level)
    with door.scratch_folder() as scratch:
        stage("starting Spark", 0, 1)
        folder = _plays_at(door, settings, task, scratch, cancelled)
        with spark_session(settings.master, scratch, cancelled) as spark:
            _compare(spark, folder, task)
            stage("starting Spark", 1, 1)
            read = spark.read.schema("listener int, item int, plays float")
            plays = _ranked(read.parquet(f"{as_pattern(folder)}/{PLAYS}"), task.choice.confidence)
            largest = max(task.data.plays.shape) * padded(task.choice.factors) * 4
            if largest > settings.broadcast_bytes:
                return _mllib(spark, plays, task, folder, stage)
            return _ours(spark, plays, task, callback, cancelled, keep, resume)


# -- the plays -----------------------------------------------------------------------------------------------


def _plays_at(
    door: Door, settings: SparkSettings, task: Task, scratch: Path, cancelled: Cancelled | None
) -> str:
    """Where Spark finds them, written there if need be."""
    if settings.parquet is None:
        path = scratch / "parquet"
        path.mkdir()
        write_parquet(path, task.data, task.level, cancelled=cancelled)
        return f"{_FILE}{path}"
    if "://" in settings.parquet:
        return settings.parquet.rstrip("/")
    path = Path(settings.parquet).expanduser().absolute()
    if not (path / MANIFEST).exists():
        with door.export_folder(path) as folder:
            write_parquet(folder, task.data, task.level, cancelled=cancelled)
    return f"{_FILE}{path}"


def as_pattern(address: str) -> str:
    """As Spark reads what is at an address: it takes a file's path letter by letter, with `%` for itself, but for the
    signs of a pattern. Of another kind of address, which a person wrote, these mean what they say."""
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", address) if address.startswith(_FILE) else address


def _compare(spark: SparkSession, folder: str, task: Task) -> None:
    """Raise DiscoverError where the export is not of the packs there are."""
    said = spark.read.text(f"{as_pattern(folder)}/{MANIFEST}", wholetext=True).first()
    manifest = manifest_from(said[0].encode() if said is not None else b"", folder)
    if (manifest.digest, manifest.level) != (task.data.digest, task.level):
        raise DiscoverError(
            f"{folder} was exported from other packs, or of {manifest.level}. Export {task.level} to a new folder: "
            "discover community export --parquet DIR."
        )


def _summed(plays: DataFrame) -> DataFrame:
    """Sum the plays of duplicate pairs."""
    from pyspark.sql import functions as F  # noqa: N812 - as Spark's own documents have it

    pair = plays.columns[:2]
    return plays.groupBy(*pair).agg(F.sum("plays").cast("float").alias("plays"))


def _ranked(plays: DataFrame, confidence: Confidence) -> DataFrame:
    """Replace the plays by what `confidence` makes of them where that takes all of a listener's."""
    if confidence.transform != "rank":
        return plays
    from pyspark.sql import Window
    from pyspark.sql import functions as F  # noqa: N812 - as Spark's own documents have it

    theirs = Window.partitionBy("listener")
    below = F.rank().over(theirs.orderBy("plays")) - 1
    equal = F.count("*").over(Window.partitionBy("listener", "plays"))
    ranks = 0.5 + (below + equal / 2) / F.count("*").over(theirs)
    return _summed(plays).withColumn("plays", ranks.cast("float"))


def _of_each(confidence: Confidence) -> Confidence:
    """What is left to be done for each of the plays after `_ranked`: nothing to ranks, of at most 1.5."""
    ranked = confidence.transform == "rank"
    return Confidence(transform="linear", alpha=confidence.alpha, cap=1.5) if ranked else confidence


# -- our own sweep ---------------------------------------------------------------------------------------------


def _ours(
    spark: SparkSession,
    plays: DataFrame,
    task: Task,
    callback: Callable[[int, float, float], None],
    cancelled: Cancelled | None,
    keep: Callable[[State], None],
    resume: State | None,
) -> tuple[AlternatingLeastSquares, Choice]:
    choice, matrix = task.choice, task.data.plays
    model = choice.model(task.iterations, task.seed)
    values = choice.confidence.counted(matrix).data
    precision, total = model.precision_for(float(values.max())), float(values.sum(dtype=np.float64))
    del values
    lengths = {
        "listener": np.diff(matrix.indptr),
        "item": np.bincount(matrix.indices, minlength=matrix.shape[1]),
    }
    parts = _parts(spark, matrix.nnz)

    def side(row: str, column: str) -> Side:
        blocks = _blocks(plays.select(row, column, "plays"), choice.confidence, parts)
        return _SparkSide(blocks, lengths[row], choice.regularization, choice.frequency_exponent, precision)

    def sides(_kernels: Kernels) -> Sides:
        both = Sides(
            side("listener", "item"), side("item", "listener"), matrix.nnz + choice.confidence.alpha * total
        )
        # From here on every record is a block of rows, and few fit into memory at a time.
        spark.conf.set(_RECORDS, "1")
        return both

    model.fit_sides(
        matrix.shape, precision, sides, callback=callback, cancelled=cancelled, keep=keep, resume=resume
    )
    return model, replace(choice, tuned=choice.tuned | {"engine": "spark, own sweep"})


def _parts(spark: SparkSession, pairs: int) -> int:
    return max(_WAVES * int(spark.sparkContext.defaultParallelism), -(-pairs // _PAIRS))


def _blocks(plays: DataFrame, confidence: Confidence, parts: int) -> DataFrame:
    """Blocks of whole rows of (row, column, plays), kept where they are made."""
    from pyspark import StorageLevel

    row = plays.columns[0]
    # Partitioned by row first, so that summing and sorting move no data.
    values = _summed(plays.repartition(parts, row)).mapInArrow(partial(counted, _of_each(confidence)), VALUES)
    blocks = values.sortWithinPartitions("row", "column").mapInArrow(blocks_of, BLOCK)
    blocks.persist(StorageLevel.MEMORY_AND_DISK)
    blocks.count()
    return blocks


class _SparkSide(Side):
    """A side whose rows are solved by Spark's workers."""

    def __init__(
        self,
        blocks: DataFrame,
        lengths: NDArray[Any],
        regularization: float,
        frequency_exponent: float,
        dtype: np.dtype[Any],
    ) -> None:
        super().__init__(lengths, regularization, frequency_exponent, dtype)
        self._blocks = blocks

    def solve(
        self, x: NDArray[Any], y: NDArray[Any], turning: tuple[Floats, Floats], alpha: float, steps: int
    ) -> float:
        taken = 0.0
        with self._sent(Half(x, y, turning, self.extra, alpha, steps)) as half:
            found = self._blocks.mapInArrow(partial(solved, half), SOLVED).collect()
        x[:] = 0
        for block in found:
            ids = np.frombuffer(block["ids"], dtype=np.int32)
            x[ids] = np.frombuffer(block["factors"], dtype=x.dtype).reshape(len(ids), -1)
            taken += block["taken"]
        return taken

    def observed(self, x: NDArray[Any], y: NDArray[Any], alpha: float) -> float:
        with self._sent(Factors(x, y, alpha)) as both:
            found = self._blocks.mapInArrow(partial(observed, both), OBSERVED).collect()
        return float(sum(block["observed"] for block in found))

    @contextmanager
    def _sent(self, value: object) -> Iterator[Broadcast[Any]]:
        """A value on every worker."""
        shared = self._blocks.sparkSession.sparkContext.broadcast(value)
        try:
            yield shared
        finally:
            shared.destroy()


# -- MLlib ---------------------------------------------------------------------------------------------------


def converted(choice: Choice, listener_length: float) -> tuple[Choice, str]:
    """The choice as MLlib's ALS can take it, lambda n, and what was converted, in a sentence; empty where nothing was.

    A listener of mean length keeps their lambda.
    """
    if choice.frequency_exponent == 1:
        return choice, ""
    regularization = choice.regularization * listener_length ** (choice.frequency_exponent - 1)
    said = (
        f"MLlib's ALS has lambda × n alone: lambda {choice.regularization:.3g} × n^{choice.frequency_exponent:g} "
        f"became {regularization:.3g} × n, the same for a listener of {listener_length:.0f} items."
    )
    return replace(choice, regularization=regularization, frequency_exponent=1.0), said


def _mllib(
    spark: SparkSession, plays: DataFrame, task: Task, folder: str, stage: StageReport
) -> tuple[AlternatingLeastSquares, Choice]:
    from pyspark.ml.recommendation import ALS

    matrix = task.data.plays
    choice, said = converted(task.choice, matrix.nnz / max(1, int(np.count_nonzero(np.diff(matrix.indptr)))))
    values = _summed(plays).mapInArrow(partial(counted, _of_each(choice.confidence)), VALUES)
    blocks = min(_MAX_BLOCKS, _parts(spark, matrix.nnz))
    als = ALS(
        rank=choice.factors,
        maxIter=task.iterations,
        regParam=choice.regularization,
        alpha=choice.confidence.alpha,
        implicitPrefs=True,
        userCol="row",
        itemCol="column",
        ratingCol="value",
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        checkpointInterval=_CHECKPOINT_EVERY,
        seed=task.seed,
    )
    with _checkpoints(spark, folder), _sweeps_reported(spark, task.iterations, stage):
        found = als.fit(values).itemFactors.toArrow()
    factors = np.zeros((matrix.shape[1], choice.factors), dtype=np.float32)
    for batch in found.to_batches():
        ids = batch.column("id").to_numpy()
        factors[ids] = batch.column("features").flatten().to_numpy().reshape(len(ids), -1)
    model = choice.model(task.iterations, task.seed)
    model.item_factors = factors
    about = {"engine": "spark, MLlib"} | ({"converted": said} if said else {})
    return model, replace(choice, tuned=choice.tuned | about)


@contextmanager
def _checkpoints(spark: SparkSession, folder: str) -> Iterator[None]:
    """A folder for them beside the plays, where every worker writes, gone at the end."""
    context = spark.sparkContext
    place = f"{folder}/_checkpoints"
    context.setCheckpointDir(place)
    try:
        yield
    finally:
        path = context._jvm.org.apache.hadoop.fs.Path(place)
        path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, True)


@contextmanager
def _sweeps_reported(spark: SparkSession, sweeps: int, stage: StageReport) -> Iterator[None]:
    """Report MLlib's sweeps while they run, by the jobs it starts: two before the first, then two a sweep."""
    over, tracker = threading.Event(), spark.sparkContext.statusTracker()
    before = len(tracker.getJobIdsForGroup())

    def watch() -> None:
        reported = 0
        while not over.wait(_POLL_SECONDS):
            begun = len(tracker.getJobIdsForGroup()) - before - _JOBS_BEFORE
            if (done := min(sweeps, max(0, begun - 1) // _JOBS_A_SWEEP)) > reported:
                reported = done
                stage("training", done, sweeps)

    stage("training", 0, sweeps)
    watching = threading.Thread(target=watch, name="sweeps", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
