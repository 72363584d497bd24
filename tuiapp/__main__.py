"""Where `discover` starts."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    # BLAS threads spin while they wait: beside a training they made a fold-in of 0.3 ms take up to 50 ms, and what
    # is left to BLAS here is too small to gain from them. Read when NumPy is loaded; children inherit it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "--private" in sys.argv:
        # Before anything is imported: Python's cache of compiled modules is a file too, though it says little.
        sys.dont_write_bytecode = True
    try:
        from tuiapp.cli.main import run
    except KeyboardInterrupt:
        # Pressed before anything was begun.
        sys.exit(130)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
