"""A model in words and bars: data, tuning, quality beside the baselines, ensemble, index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from engine.community.pack_names import data_in_words
from engine.wording import percent, quantity
from tuiapp import resurfacing
from tuiapp.cells import fitted
from tuiapp.hindsight import in_a_line, in_words
from tuiapp.safe import shown
from tuiapp.text import bar, came_from

if TYPE_CHECKING:
    from engine.recommend.hindsight import Backtest
    from engine.training.manifest import ModelManifest

_MUTED = "$foreground-muted"


def in_short(model: ModelManifest, width: int) -> Content:
    """A model's size and quality, in a line or two."""
    source = (
        quantity(model.listeners, "listening sessions")
        if model.solo
        else f"{quantity(model.listeners, 'listeners')} of {_data(model)}"
    )
    lines = [Content.styled(_broken(f"{quantity(model.items, model.level)}, {source}", width), "bold")]
    if model.origin is not None:
        lines.append(Content(_came(model, width)))
    quality = resurfacing.in_short(_resurfaced(model)) if model.solo else _found(model.validation)
    if quality:
        lines.append(Content(_broken(quality, width)))
    return Content("\n").join(lines)


def _data(model: ModelManifest) -> str:
    return shown(data_in_words(model.packs, model.source, model.collected))


def _came(model: ModelManifest, width: int) -> str:
    """The file a model was added from, cut to the width."""
    assert model.origin is not None  # noqa: S101 - asked for of those that have one
    return fitted(shown(came_from(model.origin.name, model.origin.added)), width).rstrip()


def _found(measured: dict[str, Any]) -> str:
    """How many held-out items it finds, beside popularity."""
    if "recall@20" not in measured:
        return ""
    plain = measured["baselines"].get("popularity", {}).get("recall@20")
    beside = "" if plain is None else f", popularity alone {plain * 100:.0f}"
    return f"finds {measured['recall@20'] * 100:.0f} of 100 hidden favourites{beside}"


def _resurfaced(model: ModelManifest) -> dict[str, Any] | None:
    """A solo model's measurements; empty if there was nothing to measure, null if that was not tried."""
    found: dict[str, Any] | None = model.validation.get("resurfacing")
    return found


def facts(model: ModelManifest, width: int) -> Content:
    """All facts, in blocks separated by a line, no wider than `width` (at least 44): lines break at commas."""
    cells = max(4, min(24, width - 41))
    blocks = [
        _source(model, width),
        _quality(model.validation, cells),
        _resurfacing(model, cells) if model.solo else _ensemble(model, width, cells),
        _tuning(model.tuned, width),
        _index(model.index, width),
    ]
    return Content("\n\n").join([block for block in blocks if block.plain])


def own_past(found: Backtest, width: int, ranking: str, *, detailed: bool) -> Content:
    """The backtest's result: in a line, or all that `discover evaluate` says. `ranking` is the name of the ranking in
    use."""
    if not detailed:
        return Content(_broken(in_a_line(found), width))
    return Content.assemble(
        Content.styled("your own past", _MUTED),
        *(f"\n{line}" for line in in_words(found, "artists", ranking)),
    )


def _broken(text: str, width: int, indent: str = "") -> str:
    """A line broken after commas if it is too long, with a hanging indent."""
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
    cells = {"log": "log(1 + plays)", "binary": "played or not", "linear": "plays", "rank": "rank of plays"}
    cell = cells[confidence.transform]
    # A converged fit ends early; one without loss runs all sweeps.
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


def _table(
    heading: str, rows: list[tuple[str, float, str]], cells: int, *, says_best: bool = True
) -> Content:
    """Names with a bar of `cells`, a figure and a note each; the best is marked, if there are several."""
    best = max(value for _, value, _ in rows)
    names = max(13, *(len(name) + 1 for name, _, _ in rows))
    cells = max(4, cells - (names - 13))
    parts: list[Content | str] = [Content.styled(heading, _MUTED)]
    for name, value, note in rows:
        parts += [
            f"\n{shown(name):<{names}}",
            Content.styled(bar(value / best if best else 0.0, cells), "$text-accent"),
            f" {value:.3f}",
            Content.styled("  best" if says_best and value == best else "      ", "bold"),
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


def _ensemble(model: ModelManifest, width: int, cells: int) -> Content:
    from engine.training.tuning_summary import factors_in_words

    ensemble = model.validation.get("ensemble")
    if not ensemble or "members" not in ensemble:
        return Content("")
    rows = [
        (name, value, f"weight {model.ensemble.get(name, 0.0):+.2f}")
        for name, value in ensemble["members"].items()
    ]
    heading = "what ranks, nDCG@20 on held-out listeners"
    table = _table(heading, [("all together", ensemble["ensemble"], ""), *rows], cells)
    factors = factors_in_words(model.tuned)
    return Content("\n").join([table, Content.styled(_broken(factors, width), _MUTED)]) if factors else table


def _resurfacing(model: ModelManifest, cells: int) -> Content:
    """A solo model's weights, and its quality beside the plain orders."""
    from engine.model.ensemble import member_name

    weights = ", ".join(
        f"{member_name(name, solo=True)} {weight:.1f}" for name, weight in model.ensemble.items()
    )
    ranked = Content.styled(f"ranked by {weights}", _MUTED)
    measured = _resurfaced(model)
    if not measured:
        return ranked
    too_few = f", {resurfacing.TOO_FEW}" if measured["too_few"] else ""
    rows = [
        (name, one[resurfacing.HIT], f"nDCG {one['ndcg@10']:.3f}") for name, one in measured["orders"].items()
    ]
    table = _table(
        f"hit rate in the top ten, {quantity(measured['sessions'], 'sessions')}{too_few}",
        rows,
        cells,
        says_best=not too_few,
    )
    return Content("\n").join([ranked, table])


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
