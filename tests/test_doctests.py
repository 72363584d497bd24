"""The examples in docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def with_examples() -> list[str]:
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ("engine", "tuiapp", "sample_data")
        for path in (ROOT / room).rglob("*.py")
        if ">>> " in path.read_text(encoding="utf-8")
    )


@pytest.mark.xdist_group("doctests")
def test_every_example_gives_what_its_docstring_says() -> None:
    modules = with_examples()
    assert len(modules) > 20
    failed = {
        name: result for name in modules if (result := doctest.testmod(importlib.import_module(name))).failed
    }
    assert failed == {}
