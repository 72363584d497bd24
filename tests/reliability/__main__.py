"""The long run: `python -m tests.reliability --minutes N --json`, each reader in turn until the time is over.

Its figures, by reader: `tried`, `refused` (errors of our own), `slowest` in CPU seconds, and `findings`, of which there
should be none; the first file of each is kept in `--keep DIR`. `--only NAME` takes one reader, `--seed N` other files.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.reliability.fuzz import Found, all_targets, fuzz

_TURN = 50


def main() -> int:
    """Run, and return 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + 60 * asked.minutes
    rng = random.Random(asked.seed)
    results: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as folder:
        targets = all_targets(Path(folder))
        others = [seed for target in targets for seed in target.seeds]
        chosen = [target for target in targets if target.name == asked.only or not asked.only]
        while time.monotonic() < ends and chosen:
            for target in chosen:
                found = fuzz(
                    target, rng, others, lambda tried: tried < _TURN and time.monotonic() < ends, asked.keep
                )
                sum_ = results.setdefault(target.name, Found())
                sum_.tried += found.tried
                sum_.refused += found.refused
                sum_.findings += found.findings
                sum_.slowest = max(sum_.slowest, found.slowest)
    if asked.json:
        print(json.dumps({name: asdict(one) for name, one in results.items()}))
    else:
        for name, one in results.items():
            print(
                f"{name:25} {one.tried:>8,} tried, {one.refused:,} refused, {one.slowest:.2f} s; {dict(one.findings)}"
            )
    return int(any(one.findings for one in results.values()))


if __name__ == "__main__":
    sys.exit(main())
