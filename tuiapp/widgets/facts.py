"""A model in words and bars: what from, how tuned, how good beside the baselines, what ranks, how the index does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from engine.community.pack_names import data_in_words
from engine.wording import percent, quantity
from tuiapp.cells import fitted
from tuiapp.hindsight import in_a_line, in_words
from tuiapp.safe import shown
from tuiapp.text import bar, came_from

if TYPE_CHECKING:
    from engine.recommend.hindsight import Backtest
    from engine.training.artifact import ModelManifest

_MUTED = "$foreground-muted"


def in_short(model: ModelManifest, width: int) -> Content:
    """What a model knows and how good it is, in a line or two."""
    source = (
        quantity(model.listeners, "listening sessions")
        if model.solo
        else f"{quantity(model.listeners, 'listeners')} of {_data(model)}"
    )
    lines = [Content.styled(_broken(f"{quantity(model.items, model.level)}, {source}", width), "bold")]
    if model.origin is not None:
        lines.append(Content(_came(model, width)))
    if quality := _found(model.validation):
        lines.append(Content(_broken(quality, width)))
    return Content("\n").join(lines)


def _data(model: ModelManifest) -> str:
    return shown(data_in_words(model.packs, model.source, model.collected))


def _came(model: ModelManifest, width: int) -> str:
    """The file a model was added from, cut where it is longer than the room there is."""
    assert model.origin is not None  # noqa: S101 - asked for of those that have one
    return fitted(shown(came_from(model.origin.name, model.origin.added)), width).rstrip()


def _found(measured: dict[str, Any]) -> str:
    """How much of what was held out it finds, beside popularity; of solo models, in their sessions."""
    ensemble = measured.get("ensemble") or {}
    if "sessions" in ensemble:
        what, found, plain = "plays", ensemble["ensemble"], ensemble["members"].get("popularity")
    elif "recall@20" in measured:
        popularity = measured["baselines"].get("popularity", {})
        what, found, plain = "favourites", measured["recall@20"], popularity.get("recall@20")
    else:
        return ""
    beside = "" if plain is None else f", popularity alone {plain * 100:.0f}"
    return f"finds {found * 100:.0f} of 100 hidden {what}{beside}"


def facts(model: ModelManifest, width: int) -> Content:
    """All of it, a block each with a line between, no wider than `width` from 44 cells on: lines break at commas."""
    cells = max(4, min(24, width - 41))
    blocks = [
        _source(model, width),
        _quality(model.validation, cells),
        _ensemble(model, cells),
        _tuning(model.tuned, width),
        _index(model.index, width),
    ]
    return Content("\n\n").join([block for block in blocks if block.plain])


def own_past(found: Backtest, width: int, *, detailed: bool) -> Content:
    """How well the person's own past was predicted: in a line, or all that `discover evaluate` says in words."""
    if not detailed:
        return Content(_broken(in_a_line(found), width))
    return Content.assemble(
        Content.styled("your own past", _MUTED), *(f"\n{line}" for line in in_words(found, "artists"))
    )


def _broken(text: str, width: int, indent: str = "") -> str:
    """A line as several where it is too long: after commas, what follows set in."""
    lines = [""]
    for part in text.split(", "):
        if not lines[-1]:
            lines[-1] = indent + part
        elif len(lines[-1]) + len(part) + 3 <= width:
            lines[-1] += f", {part}"
        else:
            lines[-1] += ","
            lines.append(f"{indent}  {part}")
    return "\n".join(lines)


def _source(model: ModelManifest, width: int) -> Content:
    source = "your own listening" if model.solo else _data(model)
    items, rows = quantity(model.items, model.level), "sessions" if model.solo else "listeners"
    first = _broken(f"{items}, {quantity(model.listeners, rows)} of {source}", width)
    confidence = model.confidence
    cell = {"log": "log(1 + plays)", "binary": "played or not", "linear": "plays"}[confidence.transform]
    # A fit that has settled ends early; one that tells no loss makes them all.
    sweeps = quantity(len(model.loss) or model.iterations, "sweeps")
    growing = f" × n^{model.frequency_exponent:g}" if model.frequency_exponent else ""
    tuned = "tuned on held-out plays" if model.tuned.get("searched") else "not tuned"
    return Content.assemble(
        Content.styled(items, "bold"),
        f"{first.removeprefix(items)}\n",
        f"{_came(model, width)}\n" if model.origin is not None else "",
        Content.styled(
            _broken(f"{model.factors} factors, {sweeps}, {tuned}", width)
            + "\n"
            + _broken(
                f"c = 1 + {confidence.alpha:.3g} × {cell}, lambda {model.regularization:.3g}{growing}", width
            ),
            _MUTED,
        ),
    )


def _table(heading: str, rows: list[tuple[str, float, str]], cells: int) -> Content:
    """Names with a bar of `cells`, a figure and a note each; the best one says so."""
    best = max(value for _, value, _ in rows)
    parts: list[Content | str] = [Content.styled(heading, _MUTED)]
    for name, value, note in rows:
        parts += [
            f"\n{shown(name):<13}",
            Content.styled(bar(value / best if best else 0.0, cells), "$text-accent"),
            f" {value:.3f}",
            Content.styled("  best" if value == best else "      ", "bold"),
            Content.styled(f"  {note}" if note else "", _MUTED),
        ]
    return Content.assemble(*parts)


def _quality(measured: dict[str, Any], cells: int) -> Content:
    if "ndcg@20" not in measured:
        return Content("")
    rows = [("this model", measured), *measured["baselines"].items()]
    return _table(
        "nDCG@20 on held-out plays",
        [
            (name, it["ndcg@20"], f"recall {it['recall@20']:.3f}" if "recall@20" in it else "")
            for name, it in rows
        ],
        cells,
    )


def _ensemble(model: ModelManifest, cells: int) -> Content:
    ensemble = model.validation.get("ensemble")
    if not ensemble or "members" not in ensemble:
        return Content("")
    rows = [
        (name, value, f"weight {model.ensemble.get(name, 0.0):+.2f}")
        for name, value in ensemble["members"].items()
    ]
    of = (
        "hit rate in the top ten, last sessions"
        if "sessions" in ensemble
        else "nDCG@20 on held-out listeners"
    )
    return _table(f"what ranks, {of}", [("all together", ensemble["ensemble"], ""), *rows], cells)


def _tuning(tuned: dict[str, Any], width: int) -> Content:
    from engine.training.tuning_summary import in_words

    tried = in_words(tuned)
    if not tried:
        return Content("")
    heading = f"{quantity(len(tuned['trials']), 'settings')} tried, nDCG@20 of the best on a held-out tenth"
    lines = [_broken(heading, width), *(_broken(line, width, "  ") for line in tried)]
    return Content.styled("\n".join(lines), _MUTED)


def _index(index: dict[str, Any], width: int) -> Content:
    serves = (
        "the exact scan answers" if index.get("serves", {}).get("best") == "exact" else "the trees answer"
    )
    return Content.styled(
        _broken(
            f"index: {quantity(index['trees'], 'trees find', 'tree finds')} {percent(index['recall'])} of the nearest, "
            f"{index['bytes'] / 1e6:.1f} MB on disk, {serves} at this size",
            width,
        ),
        _MUTED,
    )
