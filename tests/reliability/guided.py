"""Fuzzing led by which code a file reaches: `python -m tests.reliability.guided NAME --seconds N`, a reader at a time.

It needs atheris, which is no dependency: `pip install atheris` where this runs. It ends at the first finding, prints
where it came from, and keeps the file, as `crash-…`, in the folder it was started in.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["engine"], enable_loader_override=False):
    from engine.errors import DiscoverError
    from tests.reliability.readers import all_targets

# What a file may be large, take in seconds and in megabytes.
_LIMITS = ("-max_len=65536", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1")


def main() -> None:
    """Give one reader files until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    # libFuzzer ends the process itself: what is made is left to the system's own folder for such.
    folder = Path(tempfile.mkdtemp())
    (target,) = (one for one in all_targets(folder) if one.name == asked.name)
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(seed)
    path = folder / f"export{target.ending}"

    def one(data: bytes) -> None:
        with contextlib.suppress(DiscoverError):
            target.read(data, path)

    times = (f"-max_total_time={asked.seconds}", f"-seed={asked.seed}")
    atheris.Setup([sys.argv[0], *_LIMITS, *times, str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
