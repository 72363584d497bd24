"""`model`: exports and adds model files."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.community.offers import who_sees
from engine.community.pack_names import data_in_words
from engine.progress import ADDING_MODEL
from engine.wording import quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import (
    OutFile,
    is_output,
    print_json,
    print_table,
    progress_bar,
    say,
    say_coverage,
    thousands,
    web_for,
)
from tuiapp.safe import shown
from tuiapp.text import came_from
from tuiapp.typed_paths import is_address

if TYPE_CHECKING:
    from engine.canonical_keys import Level
    from engine.session import Session
    from engine.training.manifest import ModelManifest

_LEVEL = click.option(
    "--level", type=click.Choice(["artists", "tracks"]), default="artists", show_default=True
)


@cli.group()
def model() -> None:
    """Models as files: train once, and others can start in a minute."""


@model.command("export")
@click.argument("file", type=OutFile())
@_LEVEL
@click.pass_obj
def export(options: Options, file: Path, level: Level) -> None:
    """Write the model in use to FILE, for others; - is standard output.

    The file holds artists or tracks with what was learned about them, and nothing about you. For related artists it
    also holds rows of the community's listeners, without names. A model of your own listening is refused:
    it would reveal what you play.
    """
    from engine.session.model_files import described

    alone = is_output(options, file)
    with options.reading() as session, progress_bar(options, {"exporting": 1}) as bar:
        made = session.model_files.export(file, level, report=bar)
    if options.json:
        document = described(made.manifest, made.bytes, made.sha256)
        print_json({"file": made.file, "listener_rows": made.listener_rows, "models": [document]})
        return
    rows = (
        f"; {quantity(made.listener_rows, 'rows')} of the community's listeners, without names, in it"
        if made.listener_rows
        else "; no listener is in it"
    )
    for line in (
        f"{shown(made.file)}: {made.bytes / 1e6:.1f} MB, {_what(made.manifest)}{rows}.",
        f"SHA-256 {made.sha256}",
    ):
        click.echo(line, err=alone)
    say(options, "Others take it with: discover model add FILE, or its address and --sha256.")


@model.command("add")
@click.argument("source", type=click.Path(), metavar="FILE|URL")
@click.option(
    "--sha256", default="", metavar="HEX", help="Digest the file must have, as published by its maker."
)
@click.option("--yes", is_flag=True, help="Skip confirmation.")
@click.pass_obj
def add(options: Options, source: str, sha256: str, yes: bool) -> None:
    """Take a model from a FILE that `model export` wrote, or from its https address, and use it.

    Shows the size, and what others see of you, before it downloads from an address. A file that is not a complete model
    is refused and changes nothing. The previous model is kept: `discover model undo` restores it.
    """
    from engine.session.model_files import described

    url = is_address(source)
    stages = {"downloading": 100.0} if url else {}
    with options.session() as session:
        session.door.require_writable("add a model")
        before = session.model_files.in_use()
        if url:
            manifest = _fetch(options, session, source, sha256, yes, stages)
        else:
            with progress_bar(options, ADDING_MODEL) as bar:
                manifest = session.model_files.add(Path(source), sha256=sha256, report=bar)
        coverage = session.coverage.of(manifest.level)
    say_coverage(options, coverage)
    origin, already = manifest.origin, manifest.id in before
    assert origin is not None  # noqa: S101 - it was added
    if options.json:
        document = described(manifest, origin.bytes, origin.sha256)
        print_json({"models": [document], "already": already, "coverage": coverage and coverage.as_dict()})
        return
    if already:
        click.echo(f"In use already: {_what(manifest)}, from {shown(origin.name)}. Nothing was changed.")
        return
    click.echo(f"Added and in use: {_what(manifest)}, from {shown(origin.name)}.")
    if not origin.checked:
        say(options, f"SHA-256 {origin.sha256}; compare it with the one its maker published.")
    say(options, "Undo: discover model undo" + ("." if manifest.level == "artists" else " --level tracks."))


def _fetch(
    options: Options, session: Session, url: str, sha256: str, yes: bool, stages: dict[str, float]
) -> ModelManifest:
    with contextlib.closing(web_for(options, "discover model add FILE")) as web:
        web.asking(url)
        offer = web.look(url)
        size = "an unknown number of bytes" if offer.bytes is None else f"{offer.bytes / 1e6:,.1f} MB"
        said = f"A model at {shown(offer.url)}, {size}. {shown(who_sees(web.contact))}"
        if not sha256:
            said += " Without --sha256 it is not checked against its maker's digest."
        say(options, said)
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(f"{said} Add --yes to download it.")
            click.confirm("Download it?", abort=True, err=True)
        with progress_bar(options, {**stages, **ADDING_MODEL}) as bar:
            return session.model_files.fetch(web, url, sha256=sha256, report=bar)


@model.command("list")
@click.pass_obj
def list_(options: Options) -> None:
    """List the models in use, and those kept from before."""
    with options.reading() as session:
        models = session.model_files.all()
    if options.json:
        print_json({"models": models})
        return
    rows = [
        (
            one["name"],
            one["level"],
            thousands(one["items"]),
            thousands(one["listeners"]),
            one["trained"][:10],
            one["source"],
            one["collected"],
            f"{one['bytes'] / 1e6:.1f} MB",
            came_from(one["from"], one["added"]),
            "in use" if one["in_use"] else "before",
        )
        for one in models
    ]
    headings = ("name", "of", "items", "listeners", "trained", "source", "collected", "size", "from", "")
    print_table(headings, rows, right=frozenset({2, 3, 7}))


@model.command("undo")
@_LEVEL
@click.pass_obj
def undo(options: Options, level: Level) -> None:
    """Go back to the model before the last training or `model add`; run it again to undo that."""
    with options.session() as session:
        manifest = session.model_files.undo(level)
        models = session.model_files.all()
    if options.json:
        print_json({"models": models})
    elif manifest is None:
        click.echo(f"No model of {level} is in use now, as before.")
    else:
        click.echo(f"In use: {_what(manifest)}.")


def _what(manifest: ModelManifest) -> str:
    of = quantity(manifest.items, manifest.level)
    if manifest.solo:
        return f"{of} of your own listening"
    data = data_in_words(manifest.packs, manifest.source, manifest.collected)
    return f"{of} of {quantity(manifest.listeners, 'listeners')} ({shown(data)})"
