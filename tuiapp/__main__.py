"""Where `discover` starts."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    _open_closed_streams()
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


def _open_closed_streams() -> None:
    """Lead a standard stream that is closed (`>&-`, a program that starts others without any) to nowhere.

    Python has none then; and the next file opened, of the data folder too, would get its number, and with it what a
    child prints.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", errors="replace", closefd=False))  # noqa: SIM115 - open to the end


if __name__ == "__main__":
    main()
