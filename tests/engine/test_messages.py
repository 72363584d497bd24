"""Messages use one kind of quotes, and a sentence ends once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import sentence

ROOT = Path(__file__).parents[2]
# Messages are what is raised, and what these are called with.
_SAYING = {"confirm", "echo", "fail", "notify", "panic", "refuse", "say", "tell"}
_OTHER = ("'", '"', "«", "»", "‘", "’", "„")


def messages(source: str) -> Iterator[ast.JoinedStr]:
    """The f-strings of messages."""
    for node in ast.walk(ast.parse(source)):
        called = (
            getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        )
        if isinstance(node, ast.Raise) or called.lstrip("_") in _SAYING:
            yield from (part for part in ast.walk(node) if isinstance(part, ast.JoinedStr))


def quoted_otherwise(source: str) -> Iterator[str]:
    """Messages with a value between other quotes than “these”."""
    for message in messages(source):
        parts = [
            "" if isinstance(part, ast.FormattedValue) else str(ast.literal_eval(part))
            for part in message.values
        ]
        for place, part in enumerate(message.values):
            if isinstance(part, ast.FormattedValue):
                around = ("".join(parts[:place])[-1:], "".join(parts[place + 1 :])[:1])
                if part.conversion == ord("r") or (around[0] in _OTHER and around[1] in _OTHER):
                    yield ast.unparse(message)


@pytest.mark.parametrize("room", ["engine", "tuiapp", "sample_data"])
def test_values_in_messages_have_one_kind_of_quotes(room: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): list(quoted_otherwise(path.read_text("utf-8")))
        for path in (ROOT / room).rglob("*.py")
    }
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_other_quotes_would_be_found() -> None:
    for text in ('f"No {name!r}."', "f\"No '{name}'.\"", 'f"No «{name}» here."', "f'No \"{name}\".'"):
        assert list(quoted_otherwise(f"raise E({text})")), text
        assert list(quoted_otherwise(f"say(options, {text})")), text
    assert not list(quoted_otherwise('raise E(f"No “{name}”, as {other}\'s.")'))


@pytest.mark.parametrize("text", ["is empty", "is empty.", "is it whole?", "and so on …"])
def test_a_sentence_ends_once(text: str) -> None:
    assert sentence(sentence(text)) == sentence(text)
    assert sentence(text).rstrip(".?…") in (text, text.rstrip(".?…"))
