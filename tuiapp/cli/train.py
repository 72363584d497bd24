"""`train`: fits a model and builds its index on this machine."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from engine.errors import DiscoverError, UsageError
from engine.wording import percent, quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.numbers import FloatRange
from tuiapp.cli.output import new_folder, print_json, progress_bar, say, say_coverage
from tuiapp.resurfacing import in_short

if TYPE_CHECKING:
    from engine.canonical_keys import Level
    from engine.training.manifest import ModelManifest


class Factors(click.ParamType[int | None]):
    """A number of factors, or `auto` (None): as many as measure best."""

    name = "number|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Parse, or fail with what is possible."""
        if value is None or value == "auto":
            return None
        if not str(value).isdigit() or not 1 <= int(value) <= 512:
            self.fail(f"“{value}” is not valid: enter a number from 1 to 512, or auto.", param, ctx)
        return int(value)


FACTORS = Factors()


@cli.command()
@click.option("--level", type=click.Choice(["artists", "tracks"]), default="artists", show_default=True)
@click.option(
    "--factors",
    type=FACTORS,
    default="auto",
    show_default=True,
    help="Size of the model; auto: 40, or 128 where tracks or a large catalog are ranked 2 % better with them.",
)
@click.option("--iterations", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option(
    "--tune/--no-tune",
    default=True,
    show_default=True,
    help="Tune the count transform, alpha and lambda on held-out data.",
)
@click.option(
    "--tune-seconds",
    type=FloatRange(min=0),
    default=90.0,
    show_default=True,
    help="Time limit of the tuning, in seconds.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="Where the last fit runs: here, or on Apache Spark (extra spark, Java 17).",
)
@click.option("--master", metavar="URL", help="Spark's master.  [default: local[*], this machine]")
@click.option(
    "--parquet",
    callback=new_folder,
    metavar="DIR",
    help="Where Spark reads the plays: a folder or address that all workers reach. A folder is written if missing.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.pass_obj
def train(
    options: Options,
    /,
    level: Level,
    engine: str,
    master: str | None,
    parquet: str | None,
    **asked: Any,
) -> None:
    """Train on the community packs of a level, or without any on your own listening only.

    With Spark, only the community's plays leave this machine, to the master you name.
    """
    from engine.progress import TRAINING
    from engine.training.spark_settings import SparkSettings
    from engine.training.train import TrainingSettings

    spark = SparkSettings(master or "local[*]", parquet) if engine == "spark" else None
    if spark is None and (master or parquet):
        raise UsageError("--master and --parquet are Spark's: add --engine spark.")
    settings = TrainingSettings(level=level, spark=spark, **asked)
    with options.session() as session, progress_bar(options, TRAINING) as bar:
        with suppress(DiscoverError):  # Training repairs a damaged model.
            if lost := session.models.lost_by_training(level):
                say(options, lost)
        manifest = session.training.train(
            settings, progress=lambda update: bar(update.stage, update.done, update.total)
        )
        coverage = session.coverage.of(level)
    say_coverage(options, coverage)
    if options.json:
        print_json(training_document(manifest) | {"coverage": coverage and coverage.as_dict()})
        return
    source = "your own listening" if manifest.solo else quantity(manifest.listeners, "listeners")
    click.echo(
        f"Trained on {source}, {quantity(manifest.items, manifest.level)}, in {manifest.seconds:.1f} s."
    )
    if manifest.parts:
        parts = ", ".join(f"{stage} {taken:.1f} s" for stage, taken in manifest.parts.items())
        click.echo(f"Of that: {parts}.")
    measured = manifest.validation
    if "baselines" in measured:
        baselines = ", ".join(
            f"{name} {value['ndcg@20']:.3f}" for name, value in measured["baselines"].items()
        )
        click.echo(f"Held-out nDCG@20 {measured['ndcg@20']:.3f} ({baselines}).")
    for line in chosen_in_words(manifest):
        click.echo(line)
    if manifest.index:
        click.echo(
            f"Index: {quantity(manifest.index['trees'], 'trees')}, recall {percent(manifest.index['recall'])}."
        )
    option = "" if manifest.level == "artists" else f" --level {manifest.level}"
    say(options, f"Next: discover recommend{option}, or open the app with discover.")


def chosen_in_words(manifest: ModelManifest) -> list[str]:
    """The chosen settings, with the others tried."""
    from engine.model.ensemble import member_name
    from engine.training.tuning_summary import collapsed, factors_in_words, in_words

    confidence, tuned = manifest.confidence, manifest.tuned
    growing = f" × n^{manifest.frequency_exponent:g}" if manifest.frequency_exponent else ""
    lines = [
        f"Chosen: {manifest.factors} factors, {confidence.transform} counts, alpha {confidence.alpha:.3g}, "
        f"lambda {manifest.regularization:.3g}{growing}" + ("." if tuned.get("searched") else ", untuned.")
    ]
    if engine := tuned.get("engine"):
        lines.append(f"Fitted by {engine}. {tuned.get('converted', '')}".rstrip())
    if tuned.get("trials"):
        drowned = collapsed(tuned)
        lines.append(
            f"Tried {quantity(len(tuned['trials']), 'settings')}; nDCG@20 of the best on the tuning's held-out tenth"
            + (f" ({drowned} collapsed to zero)" if drowned else "")
            + ":"
        )
        lines += [f"  {line}" for line in in_words(tuned)]
    weights = ", ".join(
        f"{member_name(name, solo=manifest.solo)} {weight:+.2f}" for name, weight in manifest.ensemble.items()
    )
    if manifest.solo:
        lines.append(f"Ranked by: {weights}; {in_short(manifest.validation.get('resurfacing', {}))}.")
    elif ensemble := manifest.validation.get("ensemble"):
        found = f"{ensemble['ensemble']:.3f}"
        factors = f"factors alone {ensemble['members'].get('factors', 0.0):.3f}"
        said = (
            f"nDCG@20 on listeners left out {found}"
            if ensemble["kept"]
            else f"no mixture did better ({found})"
        )
        lines.append(f"Ranked by: {weights}; {said}, {factors}.")
        if by_factors := factors_in_words(tuned):
            lines.append(f"{by_factors.capitalize()}.")
    return lines


def training_document(manifest: Any) -> dict[str, Any]:
    """The training's JSON."""
    return {
        "level": manifest.level,
        "solo": manifest.solo,
        "packs": manifest.packs,
        "listeners": manifest.listeners,
        "items": manifest.items,
        "interactions": manifest.interactions,
        "factors": manifest.factors,
        "iterations": manifest.iterations,
        "loss": manifest.loss,
        "seconds": manifest.seconds,
        "parts": manifest.parts,
        "tuned": manifest.tuned,
        "ensemble": manifest.ensemble,
        "validation": manifest.validation,
        "index": manifest.index,
    }
