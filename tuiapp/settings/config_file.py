"""Changes settings in the file, leaving every other byte, above all comments."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from engine.errors import DiscoverError, unreadable
from engine.privacy import Door
from tuiapp.settings.mending import keep


def write(door: Door, changes: Mapping[str, Any]) -> None:
    """Set settings in the file, or with None remove them, all at once.

    Raises PrivateSessionError in a private session, DiscoverError if the file cannot be changed in place.
    """
    path = door.folders.config
    door.require_writable("keep settings")
    try:
        before = path.read_bytes().decode()
    except FileNotFoundError:
        before = ""
    except (OSError, UnicodeDecodeError) as error:
        damaged = f"{path} cannot be read ({error}). Move it away and try again."
        raise unreadable(error, path, damaged) from error
    after = before
    for key, value in changes.items():
        after = changed(after, key, value, path)
    if after != before:
        try:
            door.write_config(after.encode())
        except OSError as error:
            raise DiscoverError(f"Cannot write {path}: {error.strerror}. Nothing was changed.") from error
    # Also if it already has this value: the process that set it may have been killed before this.
    with contextlib.suppress(OSError):
        keep(door)


def changed(text: str, key: str, value: Any, path: Path | str = "config.toml") -> str:
    """The text of the file with one setting changed, or with None without it. Raises DiscoverError like `write`."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    mark, text = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
    try:
        wanted = _wanted(_meaning(tomllib.loads(text)), key, value)
        document = tomlkit.parse(text)
        if document.as_string() != text:
            raise ValueError("the order of its tables cannot be kept")
        _set(document, key.split("."), value)
        result = document.as_string()
        # tomlkit preserves comments; its result is checked for meaning.
        if _meaning(tomllib.loads(result)) != wanted:
            raise ValueError("the entry cannot be changed in place")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, TOMLKitError) as error:
        raise DiscoverError(
            f"{path} cannot be changed ({' '.join(str(error).split())[:200]}). Fix it by hand: "
            "`discover config` lists what is wrong. Nothing was changed."
        ) from error
    return mark + result


def _set(document: Any, path: list[str], value: Any) -> None:
    import tomlkit

    found = _holder(document, path)
    if found is not None:
        holder, name = found
        if value is None:
            del holder[name]
            _drop_empty(document, _heading_of(path))
        else:
            holder[name] = value
    elif value is not None:
        if len(path) == 1:
            # Before the first heading, or it would belong to that.
            document[path[0]] = value
            return
        if len(_heading_of(path)) > 1:
            _set_below(document, path, value)
            return
        heading, name = path[0], ".".join(path[1:])
        if heading not in document:
            before = document.as_string()
            if before and not before.endswith("\n"):
                document.add(tomlkit.nl())
            if before:
                document.add(tomlkit.nl())
            document[heading] = tomlkit.table()
        elif getattr(document[heading], "is_super_table", bool)():
            # A new heading must not take the comment of the one below.
            document[heading].trivia.comment = ""
        document[heading][name] = value


def _heading_of(path: list[str]) -> list[str]:
    """The heading of a setting: each context has its own, `[contexts.NAME]`."""
    return path[:2] if path[0] == "contexts" and len(path) > 2 else path[:1]


def _set_below(document: Any, path: list[str], value: Any) -> None:
    """Set a value under a heading of two parts."""
    import tomlkit

    heading, below = _heading_of(path)
    if heading not in document:
        if before := document.as_string():
            document.add(tomlkit.nl())
            if not before.endswith("\n"):
                document.add(tomlkit.nl())
        document[heading] = tomlkit.table(is_super_table=True)
    table = document[heading]
    if below not in table:
        table[below] = tomlkit.table()
    table[below][".".join(path[2:])] = value


def _drop_empty(table: Any, heading: list[str]) -> None:
    """Remove a heading with nothing under it, not even a comment."""
    name, *below = heading
    found = table.get(name)
    if found is None or not hasattr(found, "trivia"):
        return
    if below:
        _drop_empty(found, below)
    if not found.trivia.comment and not found.as_string().strip():
        del table[name]


def _holder(table: Any, path: list[str]) -> tuple[Any, str] | None:
    """The table that contains a setting, and its name there: a dotted name may be one name or several tables."""
    for cut in range(len(path), 0, -1):
        name = ".".join(path[:cut])
        if isinstance(table, MutableMapping) and name in table:
            if cut == len(path):
                return table, name
            found = _holder(table[name], path[cut:])
            if found is not None:
                return found
    return None


def _meaning(document: Any, before: str = "") -> dict[str, str]:
    """Dotted name -> value in words, of everything in a document."""
    found: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, dict) and value:
            found |= _meaning(value, f"{before}{name}.")
        elif value != {}:
            found[before + name] = repr(value)
    return found


def _wanted(meaning: dict[str, str], key: str, value: Any) -> dict[str, str]:
    return {name: old for name, old in meaning.items() if name != key} | (
        {} if value is None else {key: repr(value)}
    )
