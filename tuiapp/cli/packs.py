"""`community` and `features`: packs of community data and of track features."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from engine.canonical_keys import Level
from engine.community.offers import MIN_LISTENERS, SOURCES
from engine.errors import sentence
from engine.wording import quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import feature_packs, name_argument, one_of, packs
from tuiapp.cli.output import new_folder, print_json, print_table, progress_bar, say, thousands, web_for
from tuiapp.import_report import packs_in_words
from tuiapp.safe import shown
from tuiapp.text import came_from

if TYPE_CHECKING:
    from engine.community.offers import Source
    from engine.community.packs import PackInfo
    from engine.session import Session


FORMATS = {
    "hetrec": "HetRec 2011's Last.fm",
    "million-playlists": "slices of the Million Playlist Dataset",
    "taste-profile": "Taste Profile triplets",
    "audioscrobbler": "Audioscrobbler of 2005",
    "matrix": "0 and 1 by listener and artist",
    "playlists": "a table of playlist, artist and track",
    "plays": "a table of user, artist and plays, or Last.fm 360K or 1K",
    "listenbrainz": "ListenBrainz' statistics of artists",
    "listenbrainz-tracks": "of recordings",
    "features": "a table of artist, track and tempo or energy",
    "genres": "MusicBrainz' artists as JSON",
}

# The command for a file that could not be downloaded.
_INSTEAD = "discover community add PATH"

_min_listeners = click.option(
    "--min-listeners",
    type=click.IntRange(min=1),
    default=MIN_LISTENERS,
    show_default=True,
    metavar="N",
    help="Refuse a dump with fewer, and take an older one.",
)


def _source_called(name: str) -> Source | None:
    """A data set that can be downloaded; `hetrec` is short for the one of 2011."""
    return SOURCES.get({"hetrec": "artists-2011"}.get(name, name))


@cli.group()
def community() -> None:
    """Packs of community data, to train on."""


def _add(options: Options, path: Path, format_name: str | None, name: str | None) -> None:
    """Add everything in a file, and print what that was."""
    with options.session() as session:
        before = {pack.name: pack for pack in session.packs.all()}
        with progress_bar(options, {"reading data": 1}) as bar:
            added = session.packs.add(
                path, format=format_name, name=name, progress=partial(bar, "reading data")
            )
        coverage = session.packs.tempo_coverage()
        packs = [session.coverage.described(pack) for pack in added.packs]
    document = {
        "packs": packs,
        "rows": added.features.rows if added.features else 0,
        "matched": coverage.matched,
        "tracks_with_tempo": added.features.tracks_with_tempo if added.features else 0,
        "coverage": coverage.share,
        **added.as_dict(),
    }
    if options.json:
        print_json(document)
    else:
        click.echo(packs_in_words({"packs": packs, "tempo": coverage.as_dict(), **added.as_dict()}))
        for pack in added.packs:
            if (gone := before.get(pack.name)) is not None:
                held = (
                    quantity(gone.listeners, "listeners")
                    if gone.kind == "community"
                    else f"{gone.kind} of {quantity(gone.items, gone.level)}"
                )
                click.echo(
                    f"It takes the place of what was called {shown(gone.name)}: {held}, from "
                    f"{shown(gone.source)}. To keep both, add with --name."
                )


@community.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    shell_complete=one_of(FORMATS),
    help=f"Take only this: {'; '.join(f'{name} ({what})' for name, what in FORMATS.items())}.",
)
@click.option("--name", metavar="N", help="Name of the pack.  [default: from the file]")
@click.pass_obj
def add(options: Options, path: Path, format_name: str | None, name: str | None) -> None:
    """Add everything in a file, folder or archive: community data, tempo and other track features."""
    _add(options, path, format_name, name)


@community.command()
@click.argument(
    "what",
    default="artists",
    metavar="[artists|tracks|tempo|genres|artists-2011]",
    shell_complete=one_of(("artists", "tracks", "tempo", "genres", "artists-2011")),
)
@click.option(
    "--url",
    metavar="BASE",
    help="Another address, such as a mirror's: the folder that holds fullexport/ (artists, tracks), sha256sums (tempo) "
    "or LATEST (genres); for artists-2011 that of the file.",
)
@_min_listeners
@click.option("--name", metavar="N", help="Name of the pack.  [default: after its source]")
@click.option("--yes", is_flag=True, help="Skip confirmation.")
@click.pass_obj
def fetch(
    options: Options, what: str, url: str | None, min_listeners: int, name: str | None, yes: bool
) -> None:
    """Download community data, tempo or genres. First shows what it is, where from and how large."""
    source = _source_called(what)
    if source is None:
        raise click.UsageError(f"No known data set is called {what}. Known: {', '.join(SOURCES)}.")
    with options.session() as session, contextlib.closing(web_for(options, _INSTEAD)) as web:
        session.door.require_writable("download anything")
        _agree(options, session.packs.offered(web, source, url=url).said, yes)
        stages = {"downloading": 3, "reading data": 1} if source.form == "file" else {"downloading": 1}
        with progress_bar(options, stages) as bar:
            packs = session.packs.fetch(
                web, source, url=url, min_listeners=min_listeners, name=name, report=bar
            )
        _print_packs(options, session, packs, session.packs.with_damaged()[1])


def _agree(options: Options, what: str, yes: bool) -> None:
    """Show what would be downloaded, and ask unless `--yes` is given."""
    said = shown(what)
    say(options, said)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"{said} Add --yes to download it.")
        click.confirm("Download it?", abort=True, err=True)


@community.command()
@click.argument("newer", type=click.Path(), default="artists", metavar="[FILE|artists|tracks]")
@click.option(
    "--level",
    type=click.Choice(["artists", "tracks"]),
    help="For a FILE: what it contains.  [default: artists]",
)
@click.option(
    "--name", metavar="N", shell_complete=packs, help="The pack to update.  [default: the only one]"
)
@click.option("--url", metavar="BASE", help="As for `community fetch`.")
@_min_listeners
@click.option("--yes", is_flag=True, help="Skip confirmation.")
@click.pass_obj
def update(
    options: Options,
    newer: str,
    level: Level | None,
    name: str | None,
    url: str | None,
    min_listeners: int,
    yes: bool,
) -> None:
    """Update a pack with newer data, from a FILE or downloaded by name, and show what is new.

    What is new to the model in use is added to it at once; if that is much, training again is suggested.
    """
    source = _source_called(newer)
    if source is not None and source.level is None:
        raise click.UsageError(
            f"{newer} has no newer data: community fetch downloads it again. Known here: artists, tracks."
        )
    of: Level = level or (source.level if source is not None and source.level else "artists")
    with options.session() as session, contextlib.closing(web_for(options, _INSTEAD)) as web:
        session.door.require_writable("update a pack")
        before, newer_there = session.updates.updated_pack(of, name), True
        if source is not None:
            said, newer_there = session.updates.offered(
                web, source, before, url=url, min_listeners=min_listeners
            )
            if newer_there:
                _agree(options, said, yes)
            else:
                say(options, shown(said))
        with progress_bar(options, {"reading data": 3, "downloading": 3, "joining": 1}) as bar:

            def take(pack: str) -> None:
                if source is not None:
                    session.packs.fetch(
                        web, source, url=url, min_listeners=min_listeners, name=pack, report=bar
                    )
                else:
                    session.packs.add(Path(newer), name=pack, progress=partial(bar, "reading data"))

            news = session.updates.update(of, take if newer_there else None, name=name, report=bar)
        pack = session.coverage.described(news.pack)
    if options.json:
        print_json(
            {
                "packs": [pack],
                "new": {
                    "items": news.items,
                    "listeners": news.pack.listeners - news.listeners_before,
                    "joined": news.joined,
                    "share": news.share,
                    "rebuild": news.rebuild,
                },
            }
        )
        return
    click.echo(f"{shown(news.pack.name)}: {shown(news.in_words())}")
    if news.rebuild:
        say(options, "Train again: discover train" + ("." if of == "artists" else " --level tracks."))


@community.command("export")
@click.option(
    "--parquet",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    callback=new_folder,
    metavar="DIR",
    help="A new folder.",
)
@click.option("--level", type=click.Choice(["artists", "tracks"]), default="artists", show_default=True)
@click.pass_obj
def export(options: Options, folder: Path, level: Level) -> None:
    """Write the packs of a level as Parquet, for a cluster: plays by listener and item number, and item names."""
    with options.reading() as session, progress_bar(options, {"exporting": 1}) as bar:
        made = session.packs.export(folder, level, progress=partial(bar, "exporting"))
        exported = [pack for pack in session.packs.all() if pack.name in made["packs"]]
        packs = [session.coverage.described(pack) for pack in exported]
    if options.json:
        print_json({"folder": str(folder), **made, "packs": packs})
        return
    click.echo(
        f"{shown(str(folder))}: {quantity(made['interactions'], 'plays')} of "
        f"{quantity(made['listeners'], 'listeners')} and {quantity(made['items'], level)}."
    )


@community.command("list")
@click.pass_obj
def list_(options: Options) -> None:
    """List the packs, and the share of your plays each one covers."""
    with options.reading() as session:
        _print_packs(options, session, *session.packs.with_damaged())


@community.command("remove")
@name_argument("name", packs)
@click.pass_obj
def remove(options: Options, name: str) -> None:
    """Remove a pack. A model trained on it stays in use until the next training."""
    with options.session() as session:
        session.packs.remove(name)
        for sentence in session.models.removed_packs():
            say(options, shown(sentence))
        _print_packs(options, session, *session.packs.with_damaged())


def _some(count: int) -> str:
    """A count, empty if it does not apply."""
    return thousands(count) if count else ""


def _print_packs(
    options: Options, session: Session, packs: Sequence[PackInfo], unread: Mapping[str, str]
) -> None:
    """Print some packs, and say of all there which cannot be read."""
    for said in unread.values():
        say(options, shown(said))
    if options.json:
        print_json({"packs": [session.coverage.described(pack) for pack in packs]})
        return
    if not packs and not unread:
        say(options, "No packs. Add what you have: discover community add FILE.")
    known = [session.coverage.of_pack(pack) for pack in packs]
    rows = [
        (p.name, p.level if p.kind == "community" else p.kind, _some(p.listeners), thousands(p.items),
         p.source, p.collected, f"{p.bytes / 1e6:.1f} MB", of.percent if of else "")
        for p, of in zip(packs, known, strict=True)
    ]  # fmt: skip
    # What fits 80 columns: the rest is in sentences, and in the document.
    headings = ("name", "of", "listeners", "items", "source", "collected", "size", "your plays")
    print_table(headings, rows, right=frozenset({2, 3, 5, 6, 7}))
    for pack in packs:
        if said := " ".join(filter(None, (pack.licence and sentence(pack.licence), pack.checked))):
            click.echo(f"{shown(pack.name)}: {shown(said)}")
    for level in get_args(Level):
        model = session.models.manifest(level)
        if model is not None and model.origin is not None:
            came = came_from(model.origin.name, model.origin.added)
            click.echo(f"The model of {level} in use was {shown(came)}: it needs no pack.")


@cli.group()
def features() -> None:
    """Packs of track features (tempo, energy), for context playlists."""


@features.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", metavar="N", help="Name of the pack.  [default: from the file]")
@click.pass_obj
def add_features(options: Options, path: Path, name: str | None) -> None:
    """Add everything in a file, as `community add` does; columns for artist, track and tempo are found by name."""
    _add(options, path, None, name)


@features.command("list")
@click.pass_obj
def list_features(options: Options) -> None:
    """List the packs of features, and how many of your tracks have a tempo."""
    from engine.community.feature_catalog import read_manifest

    with options.reading() as session:
        (packs, unread), coverage = _of_features(session), session.packs.tempo_coverage()
        with session.packs.features() as known:
            sources = known.sources
        if not options.json:
            _print_packs(options, session, packs, unread)
    manifests = [read_manifest(options.folders.packs / pack.name) for pack in packs]
    if options.json:
        print_json(
            {
                "packs": [asdict(pack) for pack in packs],
                "rows": sum(pack.items for pack in packs),
                "matched": coverage.matched,
                "tracks_with_tempo": sum(int(str(of["tracks_with_tempo"])) for of in manifests),
                "coverage": coverage.share,
                "trusted": sources,
            }
        )
        return
    if coverage.tracks:
        tracks = quantity(coverage.tracks, "tracks")
        say(options, f"{thousands(coverage.with_tempo)} of your {tracks} have a tempo.")
    if len(sources) > 1:
        say(options, f"Where several know it, the first counts: {', '.join(sources)}.")


@features.command("remove")
@name_argument("name", feature_packs)
@click.pass_obj
def remove_features(options: Options, name: str) -> None:
    """Remove a pack of features."""
    with options.session() as session:
        session.packs.remove(name, kind="features")
        _print_packs(options, session, *_of_features(session))


def _of_features(session: Session) -> tuple[list[PackInfo], dict[str, str]]:
    packs, unread = session.packs.with_damaged()
    return [pack for pack in packs if pack.kind == "features"], unread
