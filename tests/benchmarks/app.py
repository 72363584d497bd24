"""First paint, key to paint and the longest hold on the event loop, on a real terminal.

    python -m tests.benchmarks.app --json [--data-dir DIR]

The app runs as a child on a pty and is measured from outside, as a person sees it: `first_paint_ms` is from starting
the interpreter to the read of a first whole frame (tab strip and key line), `bare_ms` the same for a Textual app of one
label, alternately, the median of `--starts` each. Key to paint is from writing a key to the pty until what it draws
has been read: the cursor (`▸`) of the list for moves in Discover and History, the tab for a change of view; so it
holds the terminal driver and every thread that is in the way. `loop_block_ms_max` is the longest callback of the event
loop over a tour of all views by keys, dials, sorting, filtering, search and dialogs (`tests.benchmarks.watched` times
them in the app and names the callback and the messages it handled; `loop_block_cpu_ms` is that callback's processor
time, `loop_block_line_ms` how long it stood in line for a processor that another program had). The figures that end in
`_training` are with a training running that the app itself has started as its child; `slowest_keys` says which moves
took longest.

The data (`tests.benchmarks.large`) takes a minute or two to make; with `--data-dir` it is kept for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any, NamedTuple

from tests.benchmarks.large import fill
from tests.benchmarks.terminal import PATIENCE, Terminal
from tuiapp.settings.actions import ACTIONS, VIEWS, Action, written

CURSOR = "▸"
# What is beside Discover's list once that is drawn. The header's words have no room where the model is old.
LISTED = "ranked by"
DOWN, PAGE_DOWN, TOP, ESCAPE, ENTER, PALETTE, STOP = "j", "\x1b[6~", "g", "\x1b", "\r", "\x10", "\x18"
# Moves before a list starts over: at the end of Discover's 200 rows a key would draw nothing, and what was read would
# be somebody else's paint.
MOVES = 32
# Keys that ask for something again and again, or only draw, and those that open and are left again.
TURNED = ("turn", "bpm", "minutes", "warm_up", "new", "shuffle", "year", "show_year", "trail_back", "trail_forward",
          "reset_dials", "without", "undo", "walk", "related")  # fmt: skip
OPENED = ("help", "import", "export", "rename", "save", "add_pack", "search", "pick_taste", "pick_times")


class Press(NamedTuple):
    """One press: how long until it was painted, where, which key, and the how manieth."""

    ms: float
    view: str
    key: str
    number: int


def first_key(action: Action) -> str:
    """The first of an action's keys, as a terminal sends a plain one."""
    return written(action.keys.split(",")[0])


def keys_of(scope: str, *names: str) -> list[str]:
    """The plain keys of a scope's actions by these names, in the registry's order."""
    return [
        first_key(action)
        for action in ACTIONS
        if action.scope == scope and action.stem in names and len(first_key(action)) == 1
    ]


def key_of(name: str) -> str:
    """The key of the action by this id."""
    return next(first_key(action) for action in ACTIONS if action.id == name)


def first_paints(data: Path, starts: int) -> tuple[list[float], list[float]]:
    """Milliseconds to the first paint of the app and of one label, started in turn."""
    ours, bare = [], []
    for _ in range(starts + 1):
        terminal = Terminal([sys.executable, "-m", "tuiapp", "--data-dir", str(data)])
        ours.append(terminal.until("1 Discover", "quit") * 1e3)
        terminal.rest()
        terminal.send("q")
        terminal.close()
        terminal = Terminal([sys.executable, "-m", "tests.benchmarks.bare"])
        bare.append(terminal.until("one label") * 1e3)
        terminal.send("\x11")
        terminal.close()
    # The first of each reads from the disk what the others find in memory.
    return ours[1:], bare[1:]


def moves(terminal: Terminal, times: int) -> list[Press]:
    """Key to paint of the cursor in the list in sight, step by step and by the page, from its top."""
    taken = []
    for number, view in ((1, "Discover"), (5, "History")):
        terminal.send(str(number))
        terminal.rest(0.5)
        for press in range(times):
            if press % MOVES == 0:
                terminal.send(TOP)
                terminal.rest(0.5)
            name, key = ("page down", PAGE_DOWN) if press % 8 == 7 else ("down", DOWN)
            taken.append(Press(terminal.paint_ms(key, CURSOR), view, name, press))
    return taken


def figures_of(presses: list[Press], suffix: str = "") -> dict[str, Any]:
    """The median, the 95th percentile and the slowest of them."""
    ordered = sorted(presses)
    return {
        f"key_ms_median{suffix}": median(press.ms for press in presses),
        f"key_ms_p95{suffix}": ordered[int(0.95 * len(ordered))].ms,
        f"slowest_keys{suffix}": ordered[-5:][::-1],
    }


def switches(terminal: Terminal, times: int) -> list[float]:
    """Key to paint of going to a view that has been shown before."""
    titles = [(str(number), f" {number} {title} ") for number, (_, title) in enumerate(VIEWS, 1)]
    return [terminal.paint_ms(key, title) for _ in range(times) for key, title in titles]


def leave(terminal: Terminal) -> None:
    """Escape, and long enough nothing that it is not part of another key."""
    terminal.send(ESCAPE)
    sleep(0.15)
    terminal.rest()


def tour(terminal: Terminal) -> None:
    """An evening by keys: every view, and everything in it that only looks."""
    for key, (name, _) in enumerate(VIEWS, 1):
        terminal.send(str(key))
        terminal.rest(0.4)
        for pressed in (
            *DOWN * 4,
            PAGE_DOWN,
            "G",
            "g",
            *keys_of("in lists", "sort", "sort_reverse") * 3,
        ):
            terminal.send(pressed)
            terminal.rest(0.05)
        terminal.send("/")
        for letter in "song 1":
            terminal.send(letter)
            terminal.rest(0.03)
        terminal.rest(0.2)
        leave(terminal)
        for pressed in keys_of(name, *TURNED):
            # Held down: faster than the answers come.
            for _ in range(4):
                terminal.send(pressed)
                terminal.rest(0.03)
            terminal.rest(0.2)
        terminal.send(str(key))
        for pressed in (*keys_of(name, *OPENED), *keys_of("everywhere", *OPENED), PALETTE):
            terminal.send(pressed)
            terminal.rest(0.2)
            # Typed only where a line to type in is sure to have opened: elsewhere letters are keys.
            for letter in "ar q1" if pressed in (*keys_of("everywhere", "search"), PALETTE) else "":
                terminal.send(letter)
                terminal.rest(0.03)
            terminal.rest(0.2)
            leave(terminal)
    for size in ((80, 24), (60, 20), (200, 60), (120, 40)):
        terminal.resize(size)
        terminal.rest(0.2)


def measure(data: Path, starts: int, presses: int) -> dict[str, Any]:
    first, bare = first_paints(data, starts)
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "longest.json"
        terminal = Terminal([sys.executable, "-m", "tests.benchmarks.watched", str(report), str(data)])
        terminal.until(LISTED)
        try:
            tour(terminal)
            memory = terminal.memory_mb()
            for key in (ESCAPE, ESCAPE, "1", "q"):
                terminal.send(key)
                terminal.rest(0.3)
        finally:
            terminal.close()
        longest = json.loads(report.read_text())
    # What the tour sorted and filtered is forgotten, and no stopwatch runs.
    (data / "state.json").unlink(missing_ok=True)
    terminal = Terminal([sys.executable, "-m", "tuiapp", "--data-dir", str(data)])
    try:
        terminal.until(LISTED)
        idle, gone = moves(terminal, presses), switches(terminal, 3)
        training = _beside_training(terminal, presses)
        terminal.send("q")
    finally:
        terminal.close()
    return {
        "first_paint_ms": median(first),
        "bare_ms": median(bare),
        "ratio": median(ours / other for ours, other in zip(first, bare, strict=True)),
        **figures_of(idle),
        **figures_of(training, "_training"),
        "view_ms_median": median(gone),
        "loop_block_ms_max": longest[0][0],
        "loop_block_cpu_ms": longest[0][1],
        "loop_block_line_ms": longest[0][2],
        "loop_blocks": longest[:8],
        "rss_mb": memory,
        "load": os.getloadavg()[0],
    }


def _beside_training(terminal: Terminal, presses: int) -> list[Press]:
    """Key to paint while a training runs, which is stopped then: it would replace the model."""
    terminal.send("7")
    terminal.rest(0.5)
    terminal.send(key_of("train"))
    terminal.until("Training:")
    sleep(5)  # the child has loaded what it needs and computes
    taken = moves(terminal, presses)
    if not terminal.children():
        raise RuntimeError("The training ended before what was to be measured beside it.")
    terminal.send(STOP)
    # Not by what it says: a note is drawn in parts where an edge of the screen below it runs through a word.
    ends = perf_counter() + PATIENCE
    while terminal.children():
        if perf_counter() > ends:
            raise TimeoutError("The training was told to stop, and has not.")
        terminal.rest()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listens", type=int, default=500_000)
    parser.add_argument("--artists", type=int, default=130_000)
    parser.add_argument("--data-dir", type=Path, help="keep the data here, and use it again")
    parser.add_argument("--starts", type=int, default=7, help="starts of each app")
    parser.add_argument("--presses", type=int, default=40, help="moves in each of two lists")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folders = fill(asked.data_dir or Path(place) / "data", asked.listens, asked.artists)
        # As at the first start: in Discover, nothing sorted or filtered.
        folders.state.unlink(missing_ok=True)
        report = measure(folders.root, asked.starts, asked.presses)
    report |= {"listens": asked.listens, "artists": asked.artists}
    print(json.dumps(report, indent=None if asked.json else 2))


if __name__ == "__main__":
    main()
