"""The window's title."""

from __future__ import annotations

import io
import sys

import pytest

from tuiapp.app.title import window_title


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("term", "kind"),
    [("xterm-256color", Terminal), ("linux", Terminal), ("", Terminal), ("xterm", io.StringIO)],
)
def test_the_window_has_a_title_where_it_can_and_gets_its_own_back(monkeypatch, term, kind) -> None:
    terminal = kind()
    monkeypatch.setattr(sys, "__stderr__", terminal)
    monkeypatch.setenv("TERM", term)
    with pytest.raises(ZeroDivisionError), window_title("discover"):
        raise ZeroDivisionError
    titled = term == "xterm-256color"
    assert terminal.getvalue() == ("\x1b[22;2t\x1b]2;discover\x07\x1b[23;2t" if titled else "")
