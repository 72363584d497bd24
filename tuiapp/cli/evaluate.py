"""`evaluate`: how well Discover guesses this person, in figures and in words."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import click

from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, print_table, progress_bar, say, say_coverage
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.canonical_keys import Level
    from engine.recommend.backtest import Backtest


@cli.command()
@click.option("--level", type=click.Choice(["artists", "tracks"]), default="artists", show_default=True)
@click.pass_obj
def evaluate(options: Options, level: Level) -> None:
    """Backtest: how well Discover would have predicted your new music, quarter by quarter."""
    with options.session() as session:
        model = session.models.manifest(level)
        if model is not None and model.solo:
            _print_solo(options, model.validation.get("ensemble") or {}, level)
            return
        with progress_bar(options, {"looking back": 1}) as tell:
            found = session.evaluation.measure(
                level, lambda share: tell("looking back", round(share * 100), 100)
            )
        coverage, removed = session.coverage.of(level), session.models.removed_packs()
    say_coverage(options, coverage)
    for sentence in removed:
        say(options, shown(sentence))
    if options.json:
        print_json(
            {
                "split": [{"at": cut.at, "known": cut.known, "new": cut.new} for cut in found.cuts],
                "methods": [{"name": name, **measures} for name, measures in found.methods.items()],
                "half_life": found.half_life,
                "coverage": coverage and coverage.as_dict(),
            }
        )
        return
    rows = [
        (name, f"{measures['recall@20']:.3f}", f"{measures['ndcg@20']:.3f}", f"{measures['map@20']:.3f}")
        for name, measures in found.methods.items()
    ]
    print_table(("", "recall@20", "nDCG@20", "MAP@20"), rows, right=frozenset({1, 2, 3}))
    click.echo()
    for sentence in _in_words(found, level):
        click.echo(sentence)


def _print_solo(options: Options, measured: dict[str, Any], level: Level) -> None:
    """Without a community: how often what is hidden from one of the latest sessions is among the first ten."""
    from engine.errors import NothingYetError

    if not measured:
        raise NothingYetError(
            f"Your history has too few listening sessions of several {level} to measure. Import more, "
            "or add community data: discover community add PATH."
        )
    members: dict[str, float] = measured["members"]
    best = max(members, key=lambda name: members[name])
    hits = members | {"Discover": measured["ensemble"] if measured["kept"] else members[best]}
    if options.json:
        methods = [{"name": name, "hit@10": value} for name, value in hits.items()]
        print_json({"split": {"sessions": measured["sessions"]}, "methods": methods})
        return
    print_table(
        ("", "hit@10"), [(name, f"{value:.3f}") for name, value in hits.items()], right=frozenset({1})
    )
    click.echo()
    click.echo(
        f"Measured on your latest {measured['sessions']} listening sessions: how often one of its "
        f"{level}, when hidden, is in the top ten predicted from the others. The model and its weights "
        "saw earlier sessions only."
    )
    click.echo(
        f"Together they find more than {best} alone."
        if measured["kept"]
        else f"Nothing beats {best} alone for you, so Discover ranks by that."
    )
    click.echo("New music cannot be measured without community data.")


def _in_words(found: Backtest, level: Level) -> list[str]:
    """What the figures say, also where they are against us."""
    from engine.recommend.backtest import DISCOVER, NDCG, NEIGHBOURS, POPULARITY

    days = [datetime.datetime.fromtimestamp(cut.at, datetime.UTC).date().isoformat() for cut in found.cuts]
    new = sum(cut.new for cut in found.cuts)
    lines = [
        f"Measured at {', '.join(days)}: from earlier plays, Discover predicted the {new} {level} you "
        "first played in the next 90 days."
    ]
    used = found.methods[DISCOVER]
    if found.half_life is not None:
        used = found.methods[f"{DISCOVER}, half-life {found.half_life:g} days"]
    if level == "tracks":
        fade = "count the same" if found.half_life is None else f"halve every {found.half_life:g} days"
        lines.append(f"Plays {fade}, as for artists.")
    elif found.half_life is not None:
        lines.append(
            f"A half-life of {found.half_life:g} days predicted best, of four tried on these same "
            "quarters; Discover now uses it."
        )
    else:
        lines.append("Favouring recent plays did not clearly help; Discover counts all plays the same.")
    for name in (POPULARITY, NEIGHBOURS):
        if name not in found.methods:
            lines.append(
                f"The data the model was trained on is not here, so {name} could not be measured beside it."
            )
            continue
        other = found.methods[name][NDCG]
        if used[NDCG] > other:
            lines.append(f"Discover ranks better than {name} for you ({used[NDCG]:.3f} against {other:.3f}).")
        else:
            lines.append(f"For you {name} ranks at least as well ({other:.3f} against {used[NDCG]:.3f}).")
    if new < 30:
        lines.append(f"With only {new} new {level} to predict, these figures are rough.")
    return lines
