"""Points of the fifteen that TUI.md asks for, each test named after its point."""

from __future__ import annotations

import subprocess
import sys

import pytest
from textual.app import App

from tuiapp.actions import VIEWS
from tuiapp.widgets.chrome import KeyLine

# A thread that loads something has the paint before it: what is loaded is looked at when the first question is put.
FIRST_QUESTION = """
import sys
from pathlib import Path
from engine.paths import Folders
from tuiapp.app import DiscoverApp
from tuiapp.screens.discover import DiscoverView

def question(view):
    painted = bool(view._compositor.visible_widgets)
    view._settings()  # what a question names is made on the event loop
    heavy = {'numpy', 'scipy', 'numba', 'annoy', 'msgspec', 'sqlite3', 'engine.session'} & set(sys.modules)
    print(painted, *sorted(heavy), file=sys.__stdout__)
    view.app.exit(0)

DiscoverView.load = question
DiscoverApp(Folders(Path(sys.argv[1]))).run(headless=True)
"""


def test_point_1_nothing_heavy_is_loaded_nor_asked_for_before_the_first_paint(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_QUESTION, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True"]


@pytest.mark.parametrize("width", [80, 60])
async def test_point_14_the_key_line_keeps_help_and_quit_in_every_view(width: int) -> None:
    class Lines(App[None]):
        def compose(self):
            yield from (KeyLine(name) for name, _ in VIEWS)

    app = Lines()
    async with app.run_test(size=(width, 20)):
        for line in app.query(KeyLine):
            text = line.render_line(0).text
            assert "? help" in text
            assert "q quit" in text
            chief = sorted(
                (a for a in line._actions if a.id not in ("help", "quit")), key=lambda a: a.footer
            )[:3]
            assert all(f"{action.key_label} {action.label}" in text for action in chief), text
