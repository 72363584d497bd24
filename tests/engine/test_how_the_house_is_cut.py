"""Short files and classes, services that use one another's public names only, no process globals, reasoned ignores."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_LINES, MAX_METHODS = 400, 25


def modules(*rooms: str) -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
    }


def public_methods(source: str) -> dict[str, int]:
    """Class -> how many methods others call, Textual among them; a property with a setter is one."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            methods = {
                part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            found[node.name] = sum(not name.startswith("_") for name in methods)
    return found


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def reached_into(source: str) -> Iterator[str]:
    """Private names of others that a module imports or touches."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and private(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
            names += (getattr(node, "module", None) or "").split(".")
            yield from filter(private, names)


def test_no_file_is_longer_than_can_be_read_in_one_go() -> None:
    found = modules("engine", "tuiapp", "sample_data", "assets", "tests")
    assert len(found) > 500
    long = {name: n for name, source in found.items() if (n := source.count("\n")) > MAX_LINES}
    assert long == {}


def test_no_class_has_more_public_methods_than_can_be_kept_in_mind() -> None:
    found = {
        f"{name}: {of}": count
        for name, source in modules("engine", "tuiapp", "sample_data").items()
        # Of those with fewer none is too many, and they need no parsing.
        if source.count("def ") > 10
        for of, count in public_methods(source).items()
    }
    assert found["engine/session/playlists.py: Playlists"] > 10, "methods are counted"
    assert found["tuiapp/screens/view.py: View"] > 15, "those a key or an event calls, too"
    assert {name: count for name, count in found.items() if count > MAX_METHODS} == {}


def test_no_service_of_a_session_reaches_into_another() -> None:
    found = modules("engine/session")
    assert "engine/session/discover.py" in found
    assert {name: names for name, source in found.items() if (names := [*reached_into(source)])} == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from engine.session.discover import _without", ["_without"]),
        ("import engine._secret", ["_secret"]),
        ("other._lock.acquire()", ["other._lock"]),
        ("self._models._open.clear()", ["self._models._open"]),
        ("self._models.open()", []),
        ("self.__class__.__name__", []),
        ("from __future__ import annotations", []),
    ],
)
def test_what_reaches_into_another_is_found(source: str, names: list[str]) -> None:
    assert [*reached_into(source)] == names


def test_nothing_is_rebound_for_the_whole_process() -> None:
    found = modules("engine", "tuiapp", "sample_data", "assets", "tests")
    assert [
        name
        for name, source in found.items()
        if "global " in source and any(isinstance(node, ast.Global) for node in ast.walk(ast.parse(source)))
    ] == []


# A module started from the folder the person happens to be in loads what is there for its own, unless told not to.
MODULE = re.compile(r"""sys\.executable,\s*["']-m["']""")


def test_no_child_takes_files_of_the_folder_it_is_started_in_for_modules() -> None:
    assert MODULE.search('[sys.executable, "-m", "tuiapp"]')
    assert [name for name, source in modules("engine", "tuiapp").items() if MODULE.search(source)] == []


IGNORE = re.compile(r"#\s*(?:ruff: )?noqa(?::[A-Z0-9, ]+)?|#\s*type: ignore(?:\[[a-z, -]+\])?")


def ignores_without_a_reason(source: str) -> Iterator[str]:
    """Lines on which a checker is switched off, with no words beside that or in a comment just above."""
    if not IGNORE.search(source):
        return
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and IGNORE.search(token.string):
            above = [line.strip() for line in lines[max(0, token.start[0] - 4) : token.start[0] - 1]]
            said = [IGNORE.sub("", token.string), *(line for line in above if line.startswith("# "))]
            if not any(re.search("[a-z]{2}", words) for words in said):
                yield token.line.strip()


def test_every_ignore_has_a_reason() -> None:
    found = modules("engine", "tuiapp", "sample_data", "assets", "tests")
    without = {
        name: lines for name, source in found.items() if (lines := [*ignores_without_a_reason(source)])
    }
    assert without == {}


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("x = 1  # noqa: S608", False),
        ("x = 1  # noqa: S608 - fixed names", True),
        ("x = 1  # type: ignore[arg-type]", False),
        ("x = 1  # type: ignore[misc, no-any-return]  # typeshed leaves it out", True),
        ("# Typeshed leaves it out.\nx = 1  # type: ignore[misc]", True),
        ("y = 1\nx = 1  # type: ignore", False),
    ],
)
def test_an_ignore_without_a_reason_is_found(line: str, good: bool) -> None:
    assert [*ignores_without_a_reason(line)] == ([] if good else [line.splitlines()[-1]])
