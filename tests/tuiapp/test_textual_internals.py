"""What is private to Textual is touched in one room alone, so that a new version of it is read against that."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from textual.drivers import linux_driver

import tuiapp
from tuiapp.textual_internals.terminal import mark_what_is_not_utf8

ROOT = Path(tuiapp.__file__).parent
HOME = "textual_internals"
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.rglob("*.py")
    if path.parent.name != HOME and path.name != "__main__.py"
)
ATTRIBUTE_FUNCTIONS = {"getattr", "hasattr", "setattr", "delattr"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def attributes(tree: ast.AST) -> Iterator[tuple[ast.expr, str, int]]:
    """(of what, name, line) of every private attribute that is read, set, or named in a call of `getattr`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            yield node.value, node.attr, node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 1:
            name = node.args[1]
            if (
                node.func.id in ATTRIBUTE_FUNCTIONS
                and isinstance(name, ast.Constant)
                and is_private(str(name.value))
            ):
                yield node.args[0], str(name.value), node.lineno


@cache
def private_names(base: type) -> frozenset[str]:
    """What a class of Textual's keeps to itself: what is defined in it, and what its methods set on `self`."""
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(base)))
    names = {name for name in vars(base) if is_private(name)}
    return frozenset(names | {name for of, name, _ in attributes(tree) if is_self(of)})


def is_self(of: ast.expr) -> bool:
    return isinstance(of, ast.Name) and of.id in ("self", "cls")


def classes(tree: ast.Module, module: object) -> Iterator[tuple[ast.ClassDef, frozenset[str]]]:
    """The classes of a module, and for each what those of Textual's it is made from keep to themselves."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = [
                base for base in getattr(module, node.name).__mro__ if base.__module__.startswith("textual")
            ]
            yield node, frozenset[str]().union(*map(private_names, bases))


def modules(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(name, line) of what is imported of Textual that is private by its own name or its module's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "textual":
            names = [f"{node.module}.{name.name}" for name in node.names]
        elif isinstance(node, ast.Import):
            names = [name.name for name in node.names if name.name.split(".")[0] == "textual"]
        else:
            continue
        yield from ((name, node.lineno) for name in names if any(map(is_private, name.split("."))))


def touches(path: str) -> Iterator[str]:
    """Where a module touches what is private to Textual, or to whoever else is not itself."""
    name = "tuiapp." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    tree = ast.parse((ROOT / path).read_text())
    own = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    yield from (f"{path}:{line} {imported}" for imported, line in modules(tree))
    for of, attribute, line in attributes(tree):
        if not is_self(of) and attribute not in own:
            yield f"{path}:{line} .{attribute}"
    for node, theirs in classes(tree, importlib.import_module(name)):
        defined = {
            (item.name, item.lineno)
            for item in node.body
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        used = {(attribute, line) for of, attribute, line in attributes(node) if is_self(of)}
        yield from (
            f"{path}:{line} self.{attribute}" for attribute, line in defined | used if attribute in theirs
        )


@pytest.mark.parametrize("path", MODULES)
def test_no_other_room_touches_what_is_private_to_textual(path: str) -> None:
    assert sorted(touches(path)) == []


def test_the_search_finds_what_is_in_the_one_room() -> None:
    """Else the test above could not fail."""
    found = " ".join(
        one
        for path in sorted((ROOT / HOME).glob("*.py"))
        for one in touches(path.relative_to(ROOT).as_posix())
    )
    assert "textual._context.active_app" in found
    for name in (
        "_handle_exception",
        "_exception_event",
        "_screen_stacks",
        "_css_update_count",
        "_driver",
        "_key_thread",
    ):
        assert name in found


def test_a_byte_that_is_no_utf8_is_read_as_the_mark_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the driver's own decoder, which is asked for by this name as the reading begins."""
    monkeypatch.setattr(linux_driver, "getincrementaldecoder", linux_driver.getincrementaldecoder)
    mark_what_is_not_utf8()
    assert "getincrementaldecoder" in inspect.getsource(linux_driver.LinuxDriver.run_input_thread)
    assert linux_driver.getincrementaldecoder("utf-8")().decode(b"j\xffk\xc3") == "j\ufffdk"
