"""Listens reach nothing above the store but through taste: no other module asks the database for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The store keeps listens, taste is the gate, and forgetting takes away what only listens held; traces are its proof.
FORGETTING = ("engine/session/forgetting.py", "engine/session/traces.py")
READERS = ("engine/store/", "engine/taste/", *FORGETTING)
_STATEMENT = re.compile(r"\b(SELECT|INSERT|DELETE|UPDATE|WITH)\b", re.IGNORECASE)
_NAMED = r"""\b(?:FROM|JOIN|INTO|UPDATE)\b[\s(]*(?:[\w ?]+,\s*)*(?:(?:main|temp)\s*\.\s*)?["`\[]?listens\b"""
_LISTENS = re.compile(_NAMED, re.IGNORECASE)
# A part of a statement, distinguished from a sentence by its capitals.
_PART = re.compile(_NAMED)
# A part whose table is named by a variable, or by another string.
_ANY_TABLE = re.compile(
    r"""\b(?:FROM|JOIN|INTO|UPDATE)\b\s*(?:(?:main|temp)\.)?["`\[]?\s*(?:\?|\{\w*\}|%s|%\(\w+\)s|\Z)"""
)


def texts(source: str) -> Iterator[str]:
    """Every string of a module, of an f-string its fixed parts together, with a mark for each other one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else " ? " for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def reads_listens(source: str) -> bool:
    # Most modules don't name them, and need no parsing.
    if "listens" not in source.casefold():
        return False
    found = [re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL) for text in texts(source)]
    # A table's name alone, whatever joins it to its statement.
    names = any(text.strip().casefold() == "listens" for text in found)
    return any(
        _PART.search(text)
        or (_STATEMENT.search(text) and _LISTENS.search(text))
        or (names and _ANY_TABLE.search(text))
        for text in found
    )


def test_no_sql_over_listens_is_outside_store_taste_and_forgetting() -> None:
    modules = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for room in ("engine", "tuiapp", "sample_data")
        for path in (ROOT / room).rglob("*.py")
    }
    found = {name for name, source in modules.items() if reads_listens(source)}
    assert {name for name in found if not name.startswith(READERS)} == set()
    assert found, "the store itself reads them: what looks for SQL finds some"


def test_no_service_has_sql_but_forgetting() -> None:
    begins = re.compile(r"\s*(SELECT|INSERT INTO|DELETE FROM|UPDATE|WITH)\b")
    found = {
        path.name
        for room in ("session", "recommend", "training")
        for path in (ROOT / "engine" / room).rglob("*.py")
        if any(begins.match(text) for text in texts(path.read_text(encoding="utf-8")))
    }
    assert found == {Path(name).name for name in FORGETTING}


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ('db.execute("SELECT max(started_at) FROM listens")', True),
        ('db.execute("select 1 from main.listens")', True),
        ('db.execute(f"SELECT {columns} FROM tracks JOIN listens AS l ON {condition}")', True),
        ('part = "JOIN temp.listens ON id = listen_id"', True),
        ('db.execute("UPDATE listens SET plays = 1")', True),
        ('for table in ("listens", "skips"):\n    db.execute(f"SELECT 1 FROM {table}")', True),
        ('for table in ("rules", "skips"):\n    db.execute(f"SELECT 1 FROM {table}")', False),
        ('db.execute("SELECT 1 FROM " + "listens")', True),
        ('db.execute("SELECT 1 FROM {}".format("listens"))', True),
        ('db.execute("SELECT 1 FROM %s" % "listens")', True),
        ("db.execute('SELECT 1 FROM \"listens\"')", True),
        ('db.execute("SELECT 1 FROM tracks AS t, listens AS l")', True),
        ('db.execute("SELECT 1 FROM tracks NATURAL JOIN(listens)")', True),
        ('db.execute("SELECT 1 FROM /* all */ main . [listens]")', True),
        ('db.execute(f"SELECT 1 FROM {counted_listens(db)} AS l")', False),
        ('help = "Use only plays from this date on."', False),
    ],
)
def test_what_reads_listens_is_found(source: str, reads: bool) -> None:
    assert reads_listens(source) == reads
