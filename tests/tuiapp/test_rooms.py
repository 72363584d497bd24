"""No two modules need each other, not even in a function that imports what it needs late."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """What imports what at run time, anywhere in a module."""
    return grimp.build_graph(
        "tuiapp", "engine", "sample_data", exclude_type_checking_imports=True, cache_dir=None
    )


def circle(imports: grimp.ImportGraph) -> list[str]:
    """The modules of a circle, or nothing."""
    graph = {module: imports.find_modules_directly_imported_by(module) for module in imports.modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_module_is_imported_by_what_it_imports(imports: grimp.ImportGraph) -> None:
    assert len(imports.modules) > 200
    assert circle(imports) == []


def test_no_module_of_the_engine_is_imported_by_what_it_imports() -> None:
    """Not for the types alone either."""
    engine = grimp.build_graph("engine", cache_dir=None)
    assert len(engine.modules) > 60
    assert circle(engine) == []


def test_a_circle_would_be_found() -> None:
    graph = grimp.ImportGraph()
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        graph.add_import(importer=one, imported=other)
    assert set(circle(graph)) == {"a", "b", "c"}


def reached_by(imports: grimp.ImportGraph, room: str) -> Iterator[str]:
    for module in imports.find_descendants(f"tuiapp.{room}"):
        yield from imports.find_upstream_modules(module)


@pytest.mark.parametrize("room", ["screens", "widgets", "app"])
def test_nothing_on_the_screen_reaches_the_command_line(imports: grimp.ImportGraph, room: str) -> None:
    assert [module for module in reached_by(imports, room) if module.startswith("tuiapp.cli")] == []
