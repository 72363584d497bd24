"""`demo`: the app on a made-up community and a made-up listener, through the same code as real data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tuiapp.cli.group import Options, cli, open_app, opens_app
from tuiapp.cli.output import progress_bar, say

if TYPE_CHECKING:
    from engine.paths import Folders


@cli.command()
@click.option("--fresh", is_flag=True, help="Recreate the demo's data folder.")
@click.pass_context
def demo(context: click.Context, fresh: bool) -> None:
    """Try everything on demo data, in its own folder. No network, none of your data."""
    from engine.paths import Folders

    options = context.ensure_object(Options)
    in_app = opens_app(options)
    own = options.folders
    options.data_dir = own.demo.root
    prepare(options, Folders(options.data_dir), fresh=fresh)
    if in_app:
        context.exit(open_app(options.folders, private=options.private, own=own))
    from tuiapp.cli.recommend import print_discover

    print_discover(options)


def prepare(options: Options, folders: Folders, *, fresh: bool) -> None:
    """Fill the demo's folder with listens, packs and a model; keeps what is there already."""
    from engine.privacy import Door
    from engine.session import Session
    from sample_data import demo as sample

    door = Door(folders, private=options.private)
    if fresh:
        door.remove(folders.root)
    with Session(folders, private=options.private) as session:
        if sample.is_ready(session):
            return
        say(options, "Preparing the demo: a made-up listener and community. This happens once.")
        with progress_bar(options, sample.parts()) as bar:
            sample.prepare(session, bar)
