"""A job that hears nothing: `python -m tests.support.hung_job DIR MODE`.

`ends` has the engine's own answer to being asked to stop, and never comes to a whole step; `deaf` has none.
"""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import Any

from engine import job_process


def _hang(_session: Any, reporter: job_process.Reporter, _cancelled: Any) -> None:
    reporter.send(type="progress", stage="importing", done=0, total=1)
    # Takes years, and is not left for a signal.
    re.match(r"(a|aa)+$", "a" * 100 + "b")


def main(folder: str, mode: str) -> int:
    """Hang."""
    if mode == "deaf":
        signal.signal = lambda *_: None
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    job_process.GRACE = 0.2
    return job_process.run_job("import", Path(folder), _hang)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
