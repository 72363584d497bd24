"""Reads the settings file. Fast, and never fails.

The file is TOML, written by the person or by `tuiapp.settings.config_file`. A setting is named `open.service`, and may
be under a heading or have a dotted name. An invalid entry is reported with a sentence, and its default is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuiapp.settings.keys import BY_NAME, RENAMED, Keymap
from tuiapp.settings.registry import SETTINGS, Setting

if TYPE_CHECKING:
    from engine.playlists.contexts import Context
    from engine.recommend.settings import DiscoverSettings

MAX_BYTES = 1 << 20
# Prefix of contexts' settings, of which there may be any number.
_CONTEXTS = "contexts."


@dataclass(frozen=True, slots=True)
class Config:
    """The valid settings, and a sentence for each invalid entry."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> Any:
        """The value in use; a key's may be set for another action."""
        if key.startswith("keys.") and key not in self.values and key in SETTINGS:
            return self.keymap.keys(BY_NAME[key.removeprefix("keys.")])
        return self.values.get(key, setting_named(key).default)

    def where(self, key: str) -> str:
        """The value's origin: `file` or `default`."""
        return "file" if key in self.values else "default"

    @property
    def contexts(self) -> dict[str, Context]:
        """The contexts playlists are made for, the person's own among them, by name."""
        return _contexts(self.values)[0]

    @property
    def keymap(self) -> Keymap:
        """The keys given to actions."""
        return _keymap(
            tuple(
                (key.removeprefix("keys."), value)
                for key, value in self.values.items()
                if key.startswith("keys.")
            )
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what is not a mistake: defaults that gave way to the person's keys."""
        return tuple(filter(None, [self.keymap.lost()]))

    def with_values(self, changes: Mapping[str, Any], *, again: bool = False) -> Config:
        """The same with other values, or with None the defaults; `again` if they were in use before.

        Raises ValueError with what is expected, also for a key that is already taken, and for an invalid context.
        """
        values = {name: old for name, old in self.values.items() if name not in changes}
        for key, value in changes.items():
            if value is not None:
                values[key] = _used(setting_named(key), value)
        changed = Config(values, self.problems)
        keymap = changed.keymap
        new = [
            key.removeprefix("keys.")
            for key in changes
            if key.startswith("keys.") and values.get(key, self.values.get(key)) != self.values.get(key)
        ]
        for name, pressed, other in (*keymap.clashes(), *(() if again else keymap.taking(new))):
            raise ValueError(f"keys.{name} cannot be {pressed}: used by {other}")
        for name, why in _wrong_contexts(values).items():
            raise ValueError(f"contexts.{name} is not valid: {why}")
        return changed

    @property
    def discover(self) -> dict[str, Any]:
        """Discover's defaults as set, by the names of `DiscoverSettings`."""
        given = {name: self[f"discover.{name}"] for name in ("known_plays", "known_days", "half_life")}
        return given | {"from_library": self["discover.from_library"] == "yes"}

    def for_discover(self, settings: DiscoverSettings) -> DiscoverSettings:
        """The same for the app's dials, which do not include what counts as known."""
        from dataclasses import replace

        given = self.discover
        if settings.half_life is not None:
            given["half_life"] = settings.half_life
        return replace(settings, **given)


@lru_cache(maxsize=4)
def _keymap(given: tuple[tuple[str, str], ...]) -> Keymap:
    return Keymap(dict(given))


def _used(setting: Setting, value: Any) -> Any:
    try:
        return setting.check(value)
    except ValueError as error:
        raise ValueError(f"{setting.key} is {_found(value)}; expected {error}") from None


def _found(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _contexts(values: Mapping[str, Any]) -> tuple[dict[str, Context], dict[str, str]]:
    """The valid contexts by name, and what is wrong with others."""
    from engine.playlists.own_contexts import contexts_with

    own = {key.removeprefix(_CONTEXTS): value for key, value in values.items() if key.startswith(_CONTEXTS)}
    return contexts_with(own)


def _wrong_contexts(values: Mapping[str, Any]) -> dict[str, str]:
    return _contexts(values)[1] if any(key.startswith(_CONTEXTS) for key in values) else {}


def setting_named(name: str) -> Setting:
    """The setting of that name. Raises ValueError with the nearest names."""
    if name.startswith(_CONTEXTS):
        from engine.playlists.own_contexts import field_of

        check, words = field_of(name.removeprefix(_CONTEXTS))
        return Setting(name, name.removeprefix(_CONTEXTS), words, None, check)
    found = SETTINGS.get(name)
    if found is None:
        from engine.canonical_keys import nearest

        close = nearest(name, _nearby(name), 2)
        raise ValueError(
            f"{name}: unknown setting" + (f"; did you mean {' or '.join(close)}?" if close else "")
        )
    return found


@cache
def _names(keys: bool) -> tuple[str, ...]:
    return tuple(name for name in SETTINGS if name.startswith("keys.") == keys)


def _nearby(name: str) -> tuple[str, ...]:
    return _names(True) if name.startswith("keys.") else (*_names(False), "keys")


def read(path: Path) -> Config:
    """The settings of a file; without one, the defaults. Never raises: errors are in `problems`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return Config(problems=(f"{path} is larger than {MAX_BYTES >> 20} MB: ignored.",))
        content = path.read_bytes()
    except FileNotFoundError:
        return Config()
    except OSError as error:
        return Config(problems=(f"{path} cannot be read ({error.strerror}): ignored.",))
    import tomllib  # late: most people have no such file, and the first paint does not wait for the parser

    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        why = " ".join(str(error).split())[:200] if isinstance(error, ValueError) else "nested too deeply"
        return Config(problems=(f"{path} is not valid TOML ({why}): ignored.",))
    return read_document(document, str(path))


def read_document(document: Mapping[str, Any], file: str) -> Config:
    """The settings of a parsed document; `file` names it in problems."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in _flat(document):
        try:
            setting = setting_named(RENAMED.get(key, key))
            used = _used(setting, value)
            if key in RENAMED:
                values.setdefault(setting.key, used)
            else:
                values[setting.key] = used
        except ValueError as error:
            problems.append(f"{file}: {error}{'' if str(error).endswith('?') else '.'} Ignored.")
    dropped = []
    while clash := next(Config(values).keymap.clashes(), None):
        dropped.append(clash)
        del values[f"keys.{clash[0]}"]
    for name, pressed, other in dropped:
        left = Config(values).keymap.labels(BY_NAME[name])
        problems.append(
            f"{file}: keys.{name} is {pressed}, already used by {other}; expected a free key. "
            + (f"Still {left}." if left else "It has none.")
        )
    for name, why in _wrong_contexts(values).items():
        values = {key: value for key, value in values.items() if not key.startswith(f"{_CONTEXTS}{name}.")}
        problems.append(f"{file}: contexts.{name}: {why} Ignored.")
    return Config(values, tuple(problems))


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of everything in a document; a table with a setting's name is that setting's value, and an
    empty one of a context is kept."""
    for name, value in table.items():
        key = before + name
        table_of_more = isinstance(value, Mapping) and (value or before != _CONTEXTS)
        if table_of_more and key not in SETTINGS and before.count(".") < 8:
            yield from _flat(value, f"{key}.")
        else:
            yield key, value
