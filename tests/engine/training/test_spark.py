"""Spark on this machine: as good as the local engine, nothing left behind, and what is missing in plain words."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import DiscoverError, UsageError
from engine.evaluation.metrics import evaluate
from engine.evaluation.splits import leave_out
from engine.model.confidence import Confidence, Transform
from engine.model.fold_in import ItemFactors
from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from engine.training.choose import Choice
from engine.training.interactions import Interactions
from engine.training.spark import SparkSettings, Task, converted, fit_on_spark
from engine.training.spark_context import spark_session
from engine.training.train import TrainingSettings
from tests.support.communities import write_community
from tests.support.factorizing import plays
from tests.support.models import names

HERE = SparkSettings("local[2]")
NEEDS = [name for name in ("pyspark", "pandas", "pyarrow") if importlib.util.find_spec(name) is None]
NEEDS += [] if shutil.which("java") else ["a Java runtime"]
spark = [
    pytest.mark.spark,
    pytest.mark.skipif(
        bool(NEEDS) and os.environ.get("DISCOVER_SPARK") != "required",
        reason=f"Spark needs {', '.join(NEEDS)}",
    ),
    pytest.mark.xdist_group("spark"),
]


def marked(test):
    for mark in spark:
        test = mark(test)
    return test


CHOICE = Choice(Confidence(), 2.0, 0.75, {}, 1.0, 16, {}, {})


def task(matrix, choice: Choice = CHOICE, sweeps: int = 10) -> Task:
    called = [f"artist {number}" for number in range(matrix.shape[1])]
    return Task(
        Interactions(matrix, called, called, (), ("made up",), False, "digest"), "artists", choice, sweeps, 0
    )


def fitted(root: Path, settings: SparkSettings, asked: Task, *, cancelled=None):
    reports, losses = [], []
    model, choice = fit_on_spark(
        Door(Folders(root)),
        settings,
        asked,
        stage=lambda *at: reports.append(at),
        callback=lambda _sweep, _seconds, loss: losses.append(loss),
        cancelled=cancelled,
        keep=lambda _state: None,
        resume=None,
    )
    return model, choice, reports, losses


def ndcg(items, choice: Choice, train, test) -> float:
    """Every listener folded into the items, as a person is."""
    folding = ItemFactors(items, choice.regularization, frequency_exponent=choice.frequency_exponent)

    def scores(listeners):
        rows = [train[int(number)] for number in listeners]
        vectors = [folding.fold_in(row.indices, choice.confidence.of(row.data)).vector for row in rows]
        return vectors @ items.T.astype(float)

    return evaluate(scores, train, test)["ndcg@20"]


@marked
@pytest.mark.parametrize("transform", ["log", "rank"])
def test_our_sweep_on_spark_is_the_local_one(tmp_path: Path, transform: Transform) -> None:
    train, test = leave_out(plays(400, 160), seed=0)
    asked = replace(CHOICE, confidence=Confidence(transform=transform))
    here, losses = asked.model(10, 0), []
    here.fit(asked.confidence.counted(train), callback=lambda _n, _s, loss: losses.append(loss))
    model, choice, _, found = fitted(tmp_path, HERE, task(train, asked))
    assert found == pytest.approx(losses, rel=1e-6)
    assert choice.tuned["engine"] == "spark, own sweep"
    expected = ndcg(here.item_factors, asked, train, test)
    assert expected > 0.2
    assert ndcg(model.item_factors, choice, train, test) == pytest.approx(expected, rel=0.01)
    assert not list(tmp_path.iterdir()), "no scratch file is left"


@marked
def test_mllib_is_as_good_and_says_what_was_converted(tmp_path: Path) -> None:
    train, test = leave_out(plays(400, 160), seed=0)
    asked = replace(CHOICE, regularization=1.0, frequency_exponent=1.0)
    here = asked.model(10, 0)
    here.fit(asked.confidence.counted(train))
    model, choice, found, _ = fitted(tmp_path, replace(HERE, broadcast_bytes=0), task(train, asked))
    assert (choice.tuned["engine"], "converted" in choice.tuned) == ("spark, MLlib", False)
    sweeps = [done for stage, done, _ in found if stage == "training"]
    assert sweeps == sorted(sweeps)
    assert len(sweeps) > 5
    expected = ndcg(here.item_factors, asked, train, test)
    assert ndcg(model.item_factors, choice, train, test) == pytest.approx(expected, rel=0.03)
    assert not list(tmp_path.iterdir()), "no scratch file is left"


@marked
def test_the_model_of_a_command_is_made_with_spark_and_stopped_by_sigterm(tmp_path: Path) -> None:
    # In a pattern and an address these signs would mean something else.
    data = tmp_path / "Zoë's data [1] a%20b"
    with Session(Folders(data)) as session:
        session.packs.add(write_community(tmp_path / "camps", artists=names(60)))
        before = sorted(data.iterdir())
    command = [
        sys.executable, "-m", "tuiapp", "--data-dir", str(data), "train", "--engine", "spark",
        "--master", "local[2]", "--factors", "8", "--iterations", "200", "--no-tune",
    ]  # fmt: skip
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(data.glob(".scratch-*/spark.log")) and running.poll() is None:
        time.sleep(0.1)
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(running.pid)], capture_output=True, text=True
    )
    running.terminate()
    _, said = running.communicate(timeout=120)
    assert (running.returncode, "Traceback" in said) == (130, False), said
    assert not [pid for pid in children.stdout.split() if Path(f"/proc/{pid}").exists()], "Java has ended"
    left = {path.name for path in data.iterdir()} - {path.name for path in before}
    assert not [name for name in left if name.startswith(".scratch")]
    done = subprocess.run([*command[:-2], "3", "--no-tune"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Fitted by spark, own sweep." in done.stdout
    with Session(Folders(data)) as session:
        manifest = session.models.manifest()
        assert (manifest.items, len(manifest.loss)) == (60, 3)


@marked
def test_a_master_that_is_none_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(DiscoverError, match="no such master"):
        fitted(tmp_path / "data", SparkSettings("sparky", str(tmp_path / "out")), task(plays()))


@marked
def test_java_killed_in_the_middle_is_said_to_be_so(tmp_path: Path) -> None:
    def killed() -> None:
        with spark_session("local[1]", tmp_path) as session:
            session.sparkContext._gateway.proc.kill()
            session.range(3).count()

    with pytest.raises(DiscoverError, match=r"Java process was killed \(SIGKILL\)"):
        killed()


@marked
@pytest.mark.parametrize(
    ("version", "says"),
    [('openjdk version "11.0.2"', "is Java 11"), ('java version "1.8.0_372"', "is Java 8")],
)
def test_an_old_java_is_named(tmp_path: Path, monkeypatch, version: str, says: str) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{version}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(DiscoverError, match=f"{says}.*Java 17"), spark_session("local[2]", tmp_path):
        pass
    java.unlink()
    with pytest.raises(DiscoverError, match="no Java in JAVA_HOME"), spark_session("local[2]", tmp_path):
        pass


def test_without_pyspark_the_extra_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(DiscoverError, match=r"pip install 'discover-music\[spark\]'"):
        fitted(tmp_path, HERE, task(plays()))
    assert not list(tmp_path.iterdir())


def test_ones_own_listening_is_not_given_to_spark(tmp_path: Path) -> None:
    own = task(plays())
    with pytest.raises(UsageError, match="stays on this machine"):
        fitted(tmp_path, HERE, replace(own, data=replace(own.data, solo=True)))
    with pytest.raises(UsageError, match="--parquet DIR"):
        fitted(tmp_path, SparkSettings("spark://cluster:7077"), own)


@pytest.mark.parametrize(
    ("master", "missing", "says"),
    [
        (
            "spark://127.0.0.1:1",
            "",
            r"spark://127\.0\.0\.1:1 cannot be reached \(.*refused.*local\[\*\] needs none",
        ),
        ("host:7077", "", r"no such master or path: host:7077\. Masters are local\[N\], spark://HOST:PORT"),
        ("local[2]", "pandas", r"needs pandas: pip install 'discover-music\[spark\]'"),
        ("local[2]", "java", "There is no Java.*apt install"),
    ],
)
def test_what_would_fail_on_spark_is_said_before_any_work(
    tmp_path: Path, monkeypatch, master: str, missing: str, says: str
) -> None:
    for name in ("pyspark", "pandas", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None if name == missing else sys)
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    if missing != "java":
        java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n")
        java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr("engine.training.train.community_interactions", None)
    with Session(Folders(tmp_path / "data")) as session:
        session.packs.add(write_community(tmp_path / "camps", artists=names(60)))
        settings = TrainingSettings(spark=SparkSettings(master, str(tmp_path / "shared")))
        with pytest.raises(DiscoverError, match=says):
            session.training.train(settings)
    assert not (tmp_path / "shared").exists()


def test_lambda_is_converted_so_that_a_listener_of_mean_length_keeps_theirs() -> None:
    choice, said = converted(CHOICE, 16.0)
    assert choice.frequency_exponent == 1
    assert choice.regularization * 16 == pytest.approx(2.0 * 16**0.75)
    assert "lambda 2 × n^0.75 became 1 × n" in said
    assert converted(choice, 16.0) == (choice, "")
