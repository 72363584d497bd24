"""Keys in the settings: names, free keys, and the current keys of each action."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache

from tuiapp.settings.actions import ACTIONS, EVERYWHERE, LISTS, MUSIC, Action, written

_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_NAMED = {
    "escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown",
    "up", "down", "left", "right", *(f"f{number}" for number in range(1, 25)),
}  # fmt: skip
# Characters are named by Unicode, except these, which Textual names differently.
_CALLED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
# Reserved keys: the terminal's own, and those that move the focus.
RESERVED = {"ctrl+c": "copying", "ctrl+q": "quitting", "tab": "moving on", "shift+tab": "moving back"}
# Keys that a terminal cannot distinguish from another.
_SAME = {"ctrl+i": "tab", "ctrl+m": "enter"}

BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}


def key_named(text: str) -> str:
    """Textual's name of a key: `?` is `question_mark`, `ctrl+A` is `ctrl+a`.

    Raises ValueError with what is expected.
    """
    text = text.strip() or text[:1]
    if not text:
        raise ValueError("a key is missing")
    *modifiers, key = text.split("+") if len(text) > 1 and not text.endswith("+") else [text]
    modifiers = [modifier.lower() for modifier in modifiers]
    if unknown := [modifier for modifier in modifiers if modifier not in _MODIFIERS]:
        raise ValueError(f"{unknown[0]} is not a modifier; use {', '.join(_MODIFIERS)}")
    if len(key) == 1 and key.isprintable():
        if modifiers == ["shift"] and key.isalpha():
            raise ValueError(f"write shift and a letter as a capital: {key.upper()}")
        name = key if key.isalnum() else _name_of(key)
        name = name.lower() if modifiers else name
    else:
        name = key.lower()
        if name not in _NAMED and name not in _of_characters():
            from engine.canonical_keys import nearest

            close = nearest(name, [*_NAMED, *_CALLED.values(), "question_mark", "full_stop", "comma"], 1)
            raise ValueError("unknown key" + (f"; did you mean {close[0]}?" if close else ""))
    whole = "+".join([*(modifier for modifier in _MODIFIERS if modifier in modifiers), name])
    if whole in _SAME:
        raise ValueError(f"terminals send {_SAME[whole]} for it")
    if whole in RESERVED:
        raise ValueError(f"it is reserved for {RESERVED[whole]}")
    return whole


def keys_named(text: str) -> str:
    """Keys written with commas between them, by name and each once. Raises ValueError like `key_named`."""
    return ",".join(dict.fromkeys(key_named(part) for part in text.split(",")))


def _name_of(character: str) -> str:
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _CALLED.get(name, name)


@cache
def _of_characters() -> frozenset[str]:
    """The names of the signs a keyboard may have."""
    return frozenset(_name_of(chr(code)) for code in range(0x21, 0x2500) if not chr(code).isalnum())


# In Textual's keymap, the key of an action without one: no terminal sends it.
NO_KEY = "no_key"
# The way to every action without a key: it does not lose its own.
_PALETTE = BY_NAME["palette"]


class Keymap:
    """The keys of each action: those set, by the action's name, or its defaults that are not set for another."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self.given = dict(given or {})
        # Every key that is set, and the actions it is set for.
        self._holders: dict[str, list[Action]] = {}
        for one in ACTIONS if self.given else ():
            for key in filter(None, self._own(one).split(",")):
                self._holders.setdefault(key, []).append(one)

    def _own(self, action: Action) -> str:
        """The keys that no other action's take; empty where it has its defaults.

        Actions on music have the keys set for the first view, unless their own view has others.
        """
        set_ = self.given.get(action.name) or self.given.get(_first(action).name, "")
        return set_ or (action.keys if action is _PALETTE else "")

    def keys(self, action: Action) -> str:
        """The action's keys in Textual's names, separated by commas; empty without any."""
        if (own := self._own(action)) or not self.given:
            return own or action.keys
        return ",".join(
            key
            for key in action.keys.split(",")
            if not any(_meet(action, other) for other in self._holders.get(key, ()))
        )

    def changed(self) -> dict[str, str]:
        """The actions with changed keys, by name, and their keys as Textual takes them."""
        now = {action: self.keys(action) for action in ACTIONS}
        return {action.name: keys or NO_KEY for action, keys in now.items() if keys != action.keys}

    def first(self, action: Action | str) -> str:
        """The first of its keys as people write it; empty without any."""
        action = BY_NAME[action] if isinstance(action, str) else action
        return written(self.keys(action).split(",")[0])

    def label(self, action: Action | str) -> str:
        """What to press for it: its first key or, without any, the palette's and its name there."""
        action = BY_NAME[action] if isinstance(action, str) else action
        return self.first(action) or f"{self.first(_PALETTE)} {action.label}"

    def labels(self, action: Action) -> str:
        """All its keys as people write them; empty without any."""
        return " ".join(written(key) for key in self.keys(action).split(","))

    def hints(self, words: Mapping[str, str]) -> list[str]:
        """Keys with what they do, by the actions' names, for a line of keys: without those that have none."""
        return [f"{key} {what}" for name, what in words.items() if (key := self.first(name))]

    def lost(self) -> str:
        """A sentence on the defaults that are set for other actions; empty without any."""
        lost = {
            action: self.keys(action)
            for action in ACTIONS
            if not self._own(action) and self.keys(action) != action.keys
        }
        # What is the same in every view is named once.
        names = {
            one.name: keys for one, keys in lost.items() if _first(one) is one or _first(one) not in lost
        }
        said = [f"{name} keeps {self.labels(BY_NAME[name])}" for name, keys in names.items() if keys]
        if none := [name for name, keys in names.items() if not keys]:
            said.append(f"without a key, in the palette ({self.first(_PALETTE)}): {', '.join(none)}")
        return f"Your keys go before defaults: {'; '.join(said)}." if said else ""

    def clashes(self) -> Iterator[tuple[str, str, str]]:
        """(action whose keys are set, key, the other action it is set for that is active at the same time).

        Of two set to the same key the later one is first. No key of the palette can be set for another.
        """
        for name in reversed(self.given):
            for key, other in self._used(name, lambda key: self._holders.get(key, ())):
                yield name, key, other
                break

    def taking(self, names: Collection[str]) -> Iterator[tuple[str, str, str]]:
        """The same of these actions, but also where their keys would be taken from another's defaults."""
        others = Keymap({name: keys for name, keys in self.given.items() if name not in names})
        for name in names:
            follow = {action for action in ACTIONS if self._own(action) != others._own(action)}

            def held(key: str, but: set[Action] = follow) -> list[Action]:
                return [one for one in ACTIONS if one not in but and key in others.keys(one).split(",")]

            for key, other in self._used(name, held):
                yield name, key, other
                break

    def _used(self, name: str, held: Callable[[str], Collection[Action]]) -> Iterator[tuple[str, str]]:
        """(key, other action) where one `held` is active wherever the action, or one that follows it, is."""
        action = BY_NAME[name]
        follow = [one for one in ACTIONS if _first(one) is action and one.name not in self.given]
        for key in self.keys(action).split(","):
            for one in dict.fromkeys((action, *follow)):
                yield from (
                    (key, other.name) for other in held(key) if other is not one and _meet(one, other)
                )


def _first(action: Action) -> Action:
    """The same action in the first view with music; an action that is not shared is itself."""
    return BY_NAME[f"{MUSIC[0]}.{action.id}"] if action.shared else action


def _meet(one: Action, other: Action) -> bool:
    """Whether both can be active at the same time."""
    anywhere = {EVERYWHERE, LISTS}
    return one.scope == other.scope or one.scope in anywhere or other.scope in anywhere


# Names of settings in earlier versions, and their current names.
RENAMED = {
    "keys.contexts.new_minus": "keys.contexts.newness_minus",
    "keys.contexts.new_plus": "keys.contexts.newness_plus",
    "keys.discover.next_context": "keys.discover.pick_times",
    "keys.discover.next_taste": "keys.discover.pick_taste",
    "keys.history.next_picture": "keys.history.next_panel",
    "keys.history.show_year": "keys.history.next_panel",
    "keys.playlists.show": "keys.playlists.artist",
    "keys.related.walk": "keys.related.related",
    "keys.taste.clear": "keys.taste.remove",
    "keys.taste.new_rule": "keys.taste.new",
    "keys.taste.open_row": "keys.taste.artist",
}
