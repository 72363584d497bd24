"""What a fresh interpreter loads for each command: static import graphs cannot see whether a late import is late."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRINT_MODULES = (
    "import sys; from tuiapp.cli.main import run; run(sys.argv[1:]); print('\\n' + ' '.join(sys.modules))"
)


def loaded(*arguments: str) -> set[str]:
    """Top-level and dotted names of the modules loaded by one command."""
    finished = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES, *arguments], capture_output=True, text=True, check=True
    )
    return set(finished.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["recommend", "--help"]])
def test_talking_about_itself_loads_no_engine_room(arguments) -> None:
    modules = loaded(*arguments)
    assert not modules & {"textual", "rich", "numpy", "scipy", "annoy", "sqlite3", "engine.session"}


@pytest.mark.parametrize("command", ["recommend", "related", "search", "doctor", "feedback"])
def test_commands_without_a_screen_load_no_textual_and_nothing_that_trains(tmp_path, command) -> None:
    arguments = [command, "x"] if command in {"related", "search"} else [command]
    modules = loaded(*arguments, "--data-dir", str(tmp_path / "data"))
    assert not modules & {"textual", "engine.model.compiled", "scipy.sparse", "implicit"}


def test_importing_loads_no_textual_and_no_numpy(tmp_path) -> None:
    export = tmp_path / "plays.csv"
    export.write_text("Burel,Slow Ferry,Harbour,02 Mar 2024 19:01\n")
    modules = loaded("import", str(export), "--data-dir", str(tmp_path / "data"))
    assert not modules & {"textual", "numpy", "scipy", "annoy"}
