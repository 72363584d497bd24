"""`evaluate`: backtest results, in figures and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, print_table, progress_bar, say, say_coverage
from tuiapp.hindsight import in_words
from tuiapp.resurfacing import verdict
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.canonical_keys import Level
    from engine.recommend.hindsight import Backtest

# Heading -> the metric below it, and its format.
_COLUMNS = {
    "hits@20": ("hits@20", ".0f"),
    "hits@50": ("hits@50", ".0f"),
    "recall@20": ("recall@20", ".3f"),
    "nDCG@20": ("ndcg@20", ".3f"),
    "nDCG@50": ("ndcg@50", ".3f"),
}


@cli.command()
@click.option("--level", type=click.Choice(["artists", "tracks"]), default="artists", show_default=True)
@click.pass_obj
def evaluate(options: Options, level: Level) -> None:
    """Backtest: how well Discover would have predicted your new music, quarter by quarter; without community data, what
    you went back to, session by session."""
    with options.reading() as session:
        model = session.models.manifest(level)
        if model is not None and model.solo:
            _print_solo(options, model.validation.get("resurfacing"), level)
            return
        # Said first: where it is low, it may be why there is nothing to measure.
        say_coverage(options, coverage := session.coverage.of(level))
        with progress_bar(options, {"looking back": 1}) as bar:
            found = session.evaluation.measure(
                level, lambda share: bar("looking back", round(share * 100), 100)
            )
        removed = session.models.removed_packs()
    for sentence in removed:
        say(options, shown(sentence))
    if options.json:
        print_json({**_document(found), "coverage": coverage and coverage.as_dict()})
        return
    rows = [
        (name, *(f"{measures[key]:{form}}" for key, form in _COLUMNS.values()))
        for name, measures in found.methods.items()
    ]
    print_table(("", *_COLUMNS), rows, right=frozenset(range(1, 1 + len(_COLUMNS))))
    click.echo()
    for sentence in in_words(found, level):
        click.echo(sentence)


def _document(found: Backtest) -> dict[str, Any]:
    """A backtest's result as JSON: hits are numbers of artists or tracks over all splits."""
    from engine.recommend.hindsight import overall

    return {
        "split": [
            {"at": cut.at, "until": cut.until, "known": cut.known, "new": cut.new, "later": cut.later}
            for cut in found.cuts
        ],
        "methods": [
            {"name": name, **_whole_hits(measures), "later": _whole_hits(overall(found.later[name]))}
            for name, measures in found.methods.items()
        ],
        "used": found.used,
        "compared": [
            {
                "name": name,
                "found": one.found,
                "missed": one.missed,
                "difference": one.difference,
                "standard_error": one.standard_error,
                "verdict": one.verdict,
            }
            for name, one in found.against.items()
        ],
        "half_life": found.half_life,
        "ranking": found.ranking,
    }


def _whole_hits(measures: dict[str, float]) -> dict[str, float]:
    return {name: int(value) if name.startswith("hits") else value for name, value in measures.items()}


def _print_solo(options: Options, measured: dict[str, Any] | None, level: Level) -> None:
    """Solo mode: how often what a session goes back to is among the first ten of what had rested."""
    from engine.errors import NothingYetError

    if measured is None:
        raise NothingYetError(
            "The model is of an earlier version, which did not measure how well it brings back what had rested. Train "
            "again: discover train."
        )
    if not measured:
        raise NothingYetError(
            f"In no listening session yet did you go back to {level} you had not played for 30 days, so there is "
            "nothing to measure. Import more of your history, or add community data: discover community add PATH."
        )
    orders: dict[str, dict[str, float]] = measured["orders"]
    if options.json:
        methods = [{"name": name, **measures} for name, measures in orders.items()]
        split = {"sessions": measured["sessions"], "too_few": measured["too_few"]}
        print_json({"split": split, "methods": methods})
        return
    rows = [(name, f"{one['hit@10']:.3f}", f"{one['ndcg@10']:.3f}") for name, one in orders.items()]
    print_table(("", "hit@10", "nDCG@10"), rows, right=frozenset({1, 2}))
    click.echo()
    click.echo(
        f"Measured on {measured['sessions']} of your listening sessions, those that went back to {level} you had not "
        f"played for 30 days: at each, all such {level} were ranked from what you had played before it. hit@10 is how "
        "often one it played is in the top ten."
    )
    for sentence in verdict(measured):
        click.echo(sentence)
    click.echo("New music cannot be measured without community data.")
