"""A Spark context that leaves nothing behind: its own Java process, its files in one folder, its errors in plain words.

PySpark is imported here and in `engine.training.spark` alone, and only where a person asks for Spark.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.canonical_keys import Level
from engine.community.fetch import why_not_there
from engine.community.offers import ways_to_add
from engine.errors import CancelledError, DiscoverError, UsageError
from engine.progress import Cancelled
from engine.training.spark_settings import SparkSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXTRA = "pip install 'discover-music[spark]'"
# PySpark 4 runs on no older one.
JAVA = 17
_POLL_SECONDS = 0.2
_GOODBYE_SECONDS, _DYING_SECONDS = 20.0, 1.0
_STOPPED = "Training stopped. Your previous model is unchanged."
_ADVICE = "Is it running, and is the address right? --master local[*] needs none."
_NO_MASTER = "Spark takes no such master or path: {line}. Masters are local[N], spark://HOST:PORT, yarn and k8s://HOST."
# Of another its Java process ends with a word about itself alone.
_MASTER = re.compile(r"(?:local|local-cluster)(?:\[.*\])?|(?:spark|k8s)://.+|yarn")
# What Spark says, anywhere in what it throws, and what that means for a person.
_MEANINGS = (
    (r"Could not parse Master URL|Master must (?:either )?be|No FileSystem for scheme", _NO_MASTER),
    (
        r"All masters are unresponsive|Failed to connect to|UnresolvedAddress|UnknownHost|Connection refused|"
        r"HADOOP_CONF_DIR",
        f"The master {{master}} cannot be reached. {_ADVICE}",
    ),
    (
        r"OutOfMemoryError|Java heap space|MemoryError|Cannot allocate memory|exit code 137|code: 137|Container killed|"
        r"GC overhead limit|Python worker exited unexpectedly",
        'Spark ran out of memory. Give it more (PYSPARK_SUBMIT_ARGS="--driver-memory 8g --executor-memory 8g '
        'pyspark-shell"), or take fewer --factors.',
    ),
    (
        r"No module named '(?:engine|numpy|pyarrow)",
        f"The workers lack discover. Install the same version on each: {EXTRA}",
    ),
    (
        r"Training needs a C compiler|The C compiler \S+ fails",
        "A worker cannot compile the kernels. Install a C compiler on each: apt install gcc libc6-dev.",
    ),
    (
        r"PYTHON_VERSION_MISMATCH|Python in worker has different version",
        "The workers run another Python than this one. Set PYSPARK_PYTHON to the same version on each.",
    ),
    (
        r"PATH_NOT_FOUND|Path does not exist|FileNotFoundException",
        "The workers do not see the Parquet files. Give a --parquet folder that this machine and every worker reach.",
    ),
)


@contextmanager
def spark_session(master: str, scratch: Path, cancelled: Cancelled | None = None) -> Iterator[SparkSession]:
    """A session on `master`, whose files are in `scratch`, gone with its Java process when the block ends.

    While it lasts, SIGTERM and SIGINT end the block, and so does `cancelled`. Raises DiscoverError in plain words for
    what is missing and for what Spark raises inside, CancelledError.
    """
    _require_spark()
    _require_java()
    with _ended_by_signals() as held, _own_python(master), _java(master, scratch, held) as gateway:
        try:
            with _stopped_when(cancelled, session := _session(master, scratch, gateway)):
                yield session
        except DiscoverError:
            raise
        except Exception as error:
            if cancelled is not None and cancelled():
                raise CancelledError(_STOPPED) from error
            raise (_killed(gateway.proc) or _in_words(error, master, scratch)) from error


def check_spark(settings: SparkSettings, *, solo: bool, level: Level) -> None:
    """Find out before any work what would fail after it. Starts no Java process but to ask its version.

    Raises UsageError for what Spark is not for or where it could not read, DiscoverError for what is missing here, or
    a master that nobody answers for.
    """
    if solo:
        raise UsageError(
            "Spark trains on community data; your own listening stays on this machine. Add some "
            f"({ways_to_add(level)}), or leave --engine spark out."
        )
    if not _MASTER.fullmatch(settings.master):
        raise UsageError(_NO_MASTER.format(line=settings.master))
    if settings.parquet is None and not is_local(settings.master):
        raise UsageError(
            f"{settings.master} reads the plays from a folder that this machine and every worker reach. Name it: "
            "--parquet DIR."
        )
    _require_spark()
    _require_java()
    _require_master(settings.master)


def _require_master(master: str) -> None:
    """Raise DiscoverError where a standalone master is named and none of its addresses takes connections: Spark itself
    would try for minutes."""
    if not master.startswith("spark://"):
        return
    reasons = []
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit():
            return  # Spark says what is wrong with it
        if not (why := why_not_there(host.strip("[]"), int(port))):
            return
        reasons.append(why)
    raise DiscoverError(
        f"The master {master} cannot be reached ({', '.join(dict.fromkeys(reasons))}). {_ADVICE}"
    )


def is_local(master: str) -> bool:
    """Whether a master is this very machine, without a cluster."""
    return re.fullmatch(r"local(\[.*\])?", master) is not None


def _require_spark() -> None:
    for name in ("pyspark", "pandas", "pyarrow"):
        try:
            __import__(name)
        except ImportError as error:
            raise DiscoverError(f"Training with Spark needs {error.name or name}: {EXTRA}") from error


def _require_java() -> None:
    """Raise DiscoverError unless the Java that Spark would start is new enough."""
    advice = f"Spark needs Java {JAVA} or newer: apt install openjdk-17-jre-headless, or set JAVA_HOME."
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        raise DiscoverError(f"There is no Java{f' in JAVA_HOME, {home}' if home else ''}. {advice}")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if found is None:
        raise DiscoverError(f"{java} does not say which Java it is. {advice}")
    if int(found[1]) < JAVA:
        raise DiscoverError(f"{java} is Java {found[1]}. {advice}")


class _Held:
    """Signals that end the block, held back for as long as `by` is true."""

    def __init__(self) -> None:
        self.by, self.came = False, False

    def interrupt(self, _number: int, _frame: object) -> None:
        self.came = True
        self.look()

    def look(self) -> None:
        if self.came and not self.by:
            raise KeyboardInterrupt


@contextmanager
def _ended_by_signals() -> Iterator[_Held]:
    """Have SIGTERM unwind as Ctrl-C does, where it would end the process on the spot and leave files behind.

    PySpark takes SIGINT once it runs; what was there before is put back.
    """
    held = _Held()
    if threading.current_thread() is not threading.main_thread():
        yield held
        return

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number, own in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if before[number] is own:
            signal.signal(number, held.interrupt)
    try:
        yield held
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _own_python(master: str) -> Iterator[None]:
    """On this machine the workers are this Python, not the first on the path; elsewhere as `PYSPARK_PYTHON` says."""
    before = os.environ.get("PYSPARK_PYTHON")
    if is_local(master):
        os.environ["PYSPARK_PYTHON"] = sys.executable
    try:
        yield
    finally:
        os.environ.pop("PYSPARK_PYTHON", None)
        if before is not None:
            os.environ["PYSPARK_PYTHON"] = before


@contextmanager
def _java(master: str, scratch: Path, held: _Held) -> Iterator[Any]:
    """Spark's Java process. What it prints goes to a file: standard output is data here."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    logging = scratch / "log4j2.properties"
    logging.write_text(
        "rootLogger.level = error\nrootLogger.appenderRef.out.ref = out\n"
        "appender.out.type = Console\nappender.out.name = out\n"
    )
    conf = SparkConf(loadDefaults=False)
    for key, value in _settings(master, scratch, logging).items():
        conf.set(key, value)
    # Until the process is known it could not be ended.
    held.by = True
    with (scratch / "spark.log").open("ab") as log:
        gateway = launch_gateway(conf, {"stdout": log, "stderr": log, "stdin": subprocess.PIPE})
    try:
        held.by = False
        held.look()
        yield gateway
    finally:
        # The process ends with its standard input; waited for, so that it writes nothing after its files are gone.
        gateway.shutdown()
        gateway.proc.stdin.close()
        try:
            gateway.proc.wait(_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            gateway.proc.kill()
            gateway.proc.wait()
        # PySpark would take the dead one again.
        SparkContext._gateway = SparkContext._jvm = None


def _settings(master: str, scratch: Path, logging: Path) -> dict[str, str]:
    """What is set whatever a person's own `spark-defaults.conf` says; memory is theirs to say."""
    # Split at blanks outside of quotes.
    temporary = str(scratch).replace("\\", "\\\\").replace('"', '\\"')
    options = f'-Dlog4j2.configurationFile={logging.as_uri()} "-Djava.io.tmpdir={temporary}" -XX:-UsePerfData'
    settings = {
        "spark.master": master,
        "spark.app.name": "discover",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.extraJavaOptions": options,
        # Both sides' factors come back whole.
        "spark.driver.maxResultSize": "0",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
    }
    if is_local(master):
        settings |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": str(scratch),
        }
        if "--driver-memory" not in os.environ.get("PYSPARK_SUBMIT_ARGS", ""):
            settings["spark.driver.memory"] = f"{_half_the_memory() >> 20}m"
    return settings


def _half_the_memory() -> int:
    """In bytes: the other half is for Python, which solves the rows."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _session(master: str, scratch: Path, gateway: Any) -> SparkSession:
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    context = SparkContext(conf=SparkConf(_jvm=gateway.jvm), gateway=gateway)
    if is_local(master):
        context.setCheckpointDir(str(scratch / "checkpoints"))
    return SparkSession(context)


@contextmanager
def _stopped_when(cancelled: Cancelled | None, session: SparkSession) -> Iterator[None]:
    """Stops what runs when asked to, and the session at the end."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_POLL_SECONDS):
            if cancelled is not None and cancelled():
                session.sparkContext.cancelAllJobs()
                return

    watching = threading.Thread(target=watch, name="spark", daemon=True)
    if cancelled is not None:
        watching.start()
    try:
        yield
    finally:
        over.set()
        if cancelled is not None:
            watching.join()
        session.stop()


def _killed(java: subprocess.Popen[bytes]) -> DiscoverError | None:
    """The error if the Java process was killed, which otherwise looks like an unreachable master; else null."""
    try:
        ended = java.wait(_DYING_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    if ended >= 0:
        return None
    return DiscoverError(
        f"Spark's Java process was killed ({signal.Signals(-ended).name}). If nobody did that, this machine ran out "
        "of memory: take fewer --factors, or the --master of a cluster."
    )


def _in_words(error: Exception, master: str, scratch: Path) -> DiscoverError:
    """What Spark raised, with what it means where that is known."""
    said = f"{error}\n{_log(scratch)}"
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, said):
            kind = UsageError if "no such master" in meaning else DiscoverError
            return kind(meaning.format(master=master, line=line))
    cause = re.findall(r"^(?:Caused by: )?[\w.$]*(?:Error|Exception): .*$", said, re.MULTILINE)
    return DiscoverError(f"Spark failed: {cause[-1] if cause else line}")


def _log(scratch: Path) -> str:
    """The end of what Spark's process printed."""
    try:
        return (scratch / "spark.log").read_text(errors="replace")[-20_000:]
    except OSError:
        return ""
