"""The listener as a process of its own: `python -m engine.live WORDS`, a JSON object; `discover listen` becomes this.

Does not load command-line or terminal modules: a process that runs all day should be small.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from engine.errors import DiscoverError
from engine.paths import Folders


def main(words: str) -> int:
    """Listen as `root`, `port` (null: as before), `mpd`, `mpris` and `quiet` say; returns the exit code."""
    # OpenSSL takes 4 MB and is not needed for HTTP on loopback: Python works without it, as if not installed.
    for unused in ("ssl", "_hashlib"):
        sys.modules[unused] = None  # type: ignore[assignment] # how an import is made to fail
    from engine.live.daemon import run

    given = json.loads(words)

    def say(text: str) -> None:
        if not given["quiet"]:
            # What a player says must not steer the terminal.
            plain = "".join(one if one.isprintable() else " " for one in text)
            sys.stderr.write(f"{plain}\n")
            sys.stderr.flush()

    try:
        run(Folders(Path(given["root"])), given["port"], given["mpd"], given["mpris"], say)
    except DiscoverError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
