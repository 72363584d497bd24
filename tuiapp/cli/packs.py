"""`community` and `features`: packs of what others play and of what tracks sound like."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, print_table, progress_bar, say, thousands
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.community.packs import PackInfo


@cli.group()
def community() -> None:
    """Packs of community data, to train on."""


@community.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "format_name", metavar="NAME", help="Read it as this format, without detection.")
@click.option("--name", metavar="N", help="Name of the pack.  [default: from the file]")
@click.pass_obj
def add(options: Options, path: Path, format_name: str | None, name: str | None) -> None:
    """Add community data from a local file, folder or archive."""
    with options.session() as session, progress_bar(options, "reading") as progress:
        info = session.packs.add_community(path, format=format_name, name=name, progress=progress)
    _print_packs(options, [info])


@community.command()
@click.argument("what", default="artists", metavar="[artists]")
@click.option("--url", metavar="URL", help="Download from this address instead.")
@click.option("--name", metavar="N", help="Name of the pack.  [default: from the file]")
@click.option("--yes", is_flag=True, help="Skip confirmation.")
@click.pass_obj
def fetch(options: Options, what: str, url: str | None, name: str | None, yes: bool) -> None:
    """Download community data, the only command that goes online. Shows address and size first."""
    from engine.community.fetch import KNOWN, look

    if url is None and what not in KNOWN:
        raise click.UsageError(
            f"No known address for {what}. Known: {', '.join(KNOWN)}. Or give one with --url."
        )
    known, terms = KNOWN.get(what, ("", ""))
    with options.session() as session:
        session.door.require_writable("download anything")
        offer = look(url or known)
        size = "of unknown size" if offer.bytes is None else f"{offer.bytes / 1e6:.1f} MB"
        said = f"{shown(offer.url)}, {size}{'' if url else f', {terms}'}"
        say(options, said)
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(f"{said}. Add --yes to download it.")
            click.confirm("Download it?", abort=True, err=True)
        with progress_bar(options, "downloading") as progress:
            info = session.packs.fetch_community(url or known, name=name, progress=progress)
    _print_packs(options, [info])


@community.command("list")
@click.pass_obj
def list_(options: Options) -> None:
    """List the packs."""
    from engine.community.packs import list_packs

    _print_packs(options, list_packs(options.folders))


@community.command("remove")
@click.argument("name")
@click.pass_obj
def remove(options: Options, name: str) -> None:
    """Remove a pack. A model trained on it stays in use until the next training."""
    with options.session() as session:
        session.packs.remove(name)
        left = session.packs.all()
    _print_packs(options, left)


def _print_packs(options: Options, packs: Sequence[PackInfo]) -> None:
    if options.json:
        print_json({"packs": [asdict(pack) for pack in packs]})
        return
    rows = [
        (p.name, p.level if p.kind == "community" else p.kind, thousands(p.listeners), thousands(p.items),
         thousands(p.interactions), p.source, p.date, f"{p.bytes / 1e6:.1f} MB")
        for p in packs
    ]  # fmt: skip
    headings = ("name", "of", "listeners", "items", "interactions", "source", "added", "size")
    print_table(headings, rows, right=frozenset({2, 3, 4, 7}))


@cli.group()
def features() -> None:
    """Packs of track features (tempo, energy), for context playlists."""


@features.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", metavar="N", help="Name of the pack.  [default: from the file]")
@click.pass_obj
def add_features(options: Options, path: Path, name: str | None) -> None:
    """Add track features from a CSV, plain or zipped; columns for artist, track and tempo are found by name."""
    with options.session() as session:
        with progress_bar(options, "reading") as progress:
            report = session.packs.add_features(path, name=name, progress=progress)
        coverage = session.packs.tempo_coverage()
    document = {
        "rows": report.rows,
        "matched": coverage.matched,
        "tracks_with_tempo": report.tracks_with_tempo,
        "coverage": coverage.share,
    }
    if options.json:
        print_json(document)
        return
    click.echo(
        f"{thousands(report.rows)} rows read, {thousands(report.tracks_with_tempo)} tracks with tempo."
    )
    click.echo(f"{thousands(coverage.matched)} of your {thousands(coverage.tracks)} tracks now have a "
        f"tempo ({coverage.share:.0%}).")  # fmt: skip
