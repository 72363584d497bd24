"""A person's own contexts, and the built-in ones as they changed them, from what their settings say."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from engine.canonical_keys import nearest
from engine.errors import UsageError
from engine.playlists.contexts import CONTEXTS, MEASURES, Context, Settings, Weights, context_named
from engine.taste.window import TimeOfWeek

_NAME = re.compile(r"[^\W_][\w -]{0,39}")
_SPAN = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)", re.ASCII)
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def _text(value: Any) -> str:
    text = str(value).strip() if isinstance(value, str | int | float) else ""
    if text and text.isprintable() and len(text) <= 80:
        return text
    raise ValueError("a line of text")


def _like(value: Any) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise ValueError("the name of a context")


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise ValueError("a number")


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("a whole number")


def _yes(value: Any) -> bool:
    found = {"true": True, "false": False}.get(str(value).casefold())
    if found is None:
        raise ValueError("true or false")
    return found


def _points(value: Any) -> list[list[float]]:
    """Points, written [[0, 0.4], [1, 0.8]] or "0:0.4, 1:0.8", or one number for a level."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [[0, _number(value)], [1, value]]
    pairs = [pair.split(":") for pair in value.split(",")] if isinstance(value, str) else value
    try:
        return [[_number(_parsed(time)), _number(_parsed(level))] for time, level in pairs]
    except (TypeError, ValueError):
        raise ValueError("points of time (0 to 1) and value, such as “0:0.4, 1:0.8”") from None


def _parsed(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value


def _list_of(value: Any) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("a list")
    return [part.strip().casefold() for part in parts]


def _days(value: Any) -> list[str]:
    days = _list_of(value)
    if days and all(day in _DAYS for day in days):
        return days
    raise ValueError(f"days, of {', '.join(_DAYS)}")


def _hours(value: Any) -> list[str]:
    spans = _list_of(value)
    if spans and all(_SPAN.fullmatch(span) for span in spans):
        return spans
    raise ValueError("hours such as 07:00-09:30")


# The fields of a context: a check, which raises ValueError with what is expected, and a description.
FIELDS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "like": (_like, "The context it is like, in everything that is not set."),
    "title": (_text, "What it is called."),
    "asks": (_text, "What it is for."),
    "bpm": (_number, "The tempo, of which the points of tempo are shares."),
    "tolerance": (_number, "How far off a tempo may be, in per cent."),
    "minutes": (_number, "Length in minutes."),
    "warm_up": (_number, "Minutes of warm-up."),
    "cool_down": (_number, "Minutes of cool-down."),
    "new": (_number, "Share of new music, 0 to 1."),
    "tempo": (_points, "Points of time (0 to 1) and tempo (share of bpm)."),
    "energy": (_points, "Points of time (0 to 1) and energy (0 to 1)."),
    "calm": (_points, "Points of time (0 to 1) and calm (0 to 1)."),
    "needs_tempo": (_yes, "Whether only tracks whose tempo fits are taken."),
    "eases": (_yes, "Whether it has warm-up and cool-down."),
    "artist_gap": (_whole, "Tracks at least between two of one artist."),
    "days": (_days, "Days of the week on which it usually is."),
    "hours": (_hours, "Hours at which it usually is."),
    **{f"weights.{name}": (_number, f"What {name} counts, 0 to 10.") for name in asdict(Weights())},
}


def name_for(title: str) -> str:
    """The name of a context of that title; empty where it has no letter or digit.

    >>> name_for("Ärger & Berge"), name_for("!")
    ('ärger berge', '')
    """
    return " ".join(re.sub(r"[^\w -]+", " ", title.casefold()).replace("_", " ").split())[:40].strip(" -")


def field_of(key: str) -> tuple[Callable[[Any], Any], str]:
    """The check and the help of a setting `NAME.FIELD` of a context. Raises ValueError with what is expected."""
    name, _, field = key.partition(".")
    if not _NAME.fullmatch(name) or name != name.casefold():
        raise ValueError(
            f"contexts.{name}: expected a name of up to 40 small letters, digits, blanks, _ and -"
        )
    if not field:
        raise ValueError(
            f"contexts.{name}: expected one of its settings, such as contexts.{name}.bpm; a context has "
            + ", ".join(FIELDS)
        )
    if field not in FIELDS:
        near = nearest(field, FIELDS, 1)
        raise ValueError(
            f"contexts.{key}: unknown setting"
            + (f"; did you mean {near[0]}?" if near else f"; a context has {', '.join(FIELDS)}")
        )
    return FIELDS[field]


def contexts_with(said: Mapping[str, Any]) -> tuple[dict[str, Context], dict[str, str]]:
    """The built-in contexts with what is `said` of them, then a person's own, by name; and of those that make no list,
    why not.

    `said` has values as the checks of `FIELDS` give them, by `NAME.FIELD`.
    """
    by_name: dict[str, dict[str, Any]] = {}
    for key, value in said.items():
        name, _, field = key.partition(".")
        by_name.setdefault(name, {})[field] = value
    found: dict[str, Context] = dict(CONTEXTS)
    wrong: dict[str, str] = {}
    waiting = dict(by_name)
    while waiting:
        # A context is read after the one it is `like`, wherever that is in the file; of two like each other, the first.
        ready = (name for name in waiting if _liked(name, waiting) in (None, name))
        name = next(ready, next(iter(waiting)))
        try:
            found[name] = _context(name, waiting.pop(name), found)
        except UsageError as error:
            wrong[name] = str(error)
    return {name: found[name] for name in (*CONTEXTS, *by_name) if name in found}, wrong


def _liked(name: str, waiting: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Which of those waiting it is like, by name or title."""
    like = waiting[name].get("like", "").casefold()
    titled = (other for other, fields in waiting.items() if fields.get("title", "").casefold() == like)
    return like if like in waiting else next(titled, None) if like else None


def _context(name: str, fields: Mapping[str, Any], contexts: Mapping[str, Context]) -> Context:
    base = contexts.get(name, Context(name, name.title(), "your own"))
    if "like" in fields:
        base = replace(
            context_named(fields["like"], contexts),
            name=name,
            title=name.title(),
            asks=f"like {fields['like']}",
        )
    defaults = {key: fields[key] for key in asdict(Settings()) if key in fields}
    weights = {key.partition(".")[2]: value for key, value in fields.items() if key.startswith("weights.")}
    plain: dict[str, Any] = {
        key: fields[key] for key in ("title", "asks", "needs_tempo", "eases", "artist_gap") if key in fields
    }
    for measure in MEASURES:
        if measure in fields:
            plain[measure] = tuple((time, level) for time, level in fields[measure])
    times = base.times
    if "days" in fields or "hours" in fields:
        days = tuple(sorted(_DAYS.index(day) for day in fields.get("days", ())))
        spans = tuple(tuple(span.split("-")) for span in fields.get("hours", ()))
        times = TimeOfWeek(name, name, days, spans)
    return replace(
        base,
        **plain,
        defaults=replace(base.defaults, **defaults),
        weights=replace(base.weights, **weights),
        times=times,
    )


def said_of(context: Context, settings: Settings) -> dict[str, Any]:
    """What to keep so that `NAME` is like a context, asked for as `settings` have it: by field."""
    usual = context.defaults
    changed = {
        name: value
        for name, value in asdict(settings).items()
        if name != "seed" and value != getattr(usual, name)
    }
    return {"like": context.name} | changed
