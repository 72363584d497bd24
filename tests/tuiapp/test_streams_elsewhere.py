"""The app started with standard streams led elsewhere: it is at the terminal, or says what it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.models import write_model
from tests.support.terminals import at_a_terminal, drawn_to_the_end, drawn_until

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")

_DRAWN = b"\x1b[?1049h"


@pytest.mark.parametrize("stderr", [False, True])
@pytest.mark.parametrize("stdout", [False, True])
@pytest.mark.parametrize("stdin", [False, True])
def test_it_draws_on_the_terminal_or_says_why_not(
    tmp_path: Path, stdin: bool, stdout: bool, stderr: bool
) -> None:
    """Each of the three at the terminal or in a file."""
    folders = write_model(tmp_path / "data")
    files = {name: tmp_path / name for name in ("stdin", "stdout", "stderr")}
    for file in files.values():
        file.touch()
    at = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
    outer, inner = os.openpty()
    opened = {name: os.open(files[name], os.O_RDWR) for name, terminal in at.items() if not terminal}
    started = at_a_terminal(inner, "-m", "tuiapp", "--data-dir", str(folders.root), **opened)
    try:
        if stdin and stdout:
            drawn = drawn_until(outer, b"Welcome to")
            os.write(outer, b"q")
            drawn += drawn_to_the_end(outer, started)
            assert _DRAWN in drawn
            assert b"\x1b]2;" in drawn, "the window has its title"
        else:
            drawn = drawn_to_the_end(outer, started)
            assert _DRAWN not in drawn
    finally:
        started.kill()
        started.wait()
        for descriptor in (*opened.values(), inner, outer):
            os.close(descriptor)
    said = drawn if stderr else files["stderr"].read_bytes()
    listed = drawn if stdout else files["stdout"].read_bytes()
    if not (stdin and stdout):
        # A script's: the list, or why there is none.
        assert started.returncode == 3
        assert b"discover import" in said
        assert (b"which reads its keys from standard input" in said) is stdout
    else:
        assert started.returncode == 0
        assert stderr or said == b""
    assert stdout or listed == b""


@pytest.mark.parametrize(("command", "code"), [([], 3), (["audit"], 0)])
def test_without_keys_a_command_that_opens_the_app_does_what_it_does_in_a_pipe(
    tmp_path: Path, command: list[str], code: int
) -> None:
    outer, inner = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tuiapp", "--data-dir", str(tmp_path / "data"), *command],
            stdin=subprocess.DEVNULL,
            stdout=inner,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(inner)
        os.close(outer)
    assert done.returncode == code
    assert b"Without the app, which reads its keys from standard input" in done.stderr
