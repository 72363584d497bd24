"""`demo`: the app on a made-up community and a made-up listener, through the same code as real data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tuiapp.cli import Options, cli, open_app
from tuiapp.output import progress_bar, say

if TYPE_CHECKING:
    from engine.paths import Folders

# A demo is waited for: the search stops here on a slow machine; a quick one is done before.
TUNE_SECONDS = 8.0


@cli.command()
@click.option("--fresh", is_flag=True, help="Make the demo's data folder anew.")
@click.pass_context
def demo(context: click.Context, fresh: bool) -> None:
    """Try everything on made-up sample data, in a data folder of its own. No network, nothing of yours."""
    from engine.paths import Folders

    options = context.ensure_object(Options)
    options.data_dir = options.folders.root / "demo"
    prepare(options, Folders(options.data_dir), fresh=fresh)
    if sys.stdout.isatty() and not options.json:
        context.exit(open_app(options.folders, private=options.private))
    from tuiapp.commands.recommending import print_discover

    print_discover(options)


def prepare(options: Options, folders: Folders, *, fresh: bool) -> None:
    """Bring the demo's folder to where it has listens, packs and a model; what is there already stays."""
    import sample_data
    from engine.privacy import Door
    from engine.session import Session
    from tuiapp.commands.training import training_progress

    door = Door(folders, private=options.private)
    if fresh:
        door.remove(folders.root)
    session = Session(folders, private=options.private)
    try:
        status = session.status()
        packs = {pack.kind for pack in status.packs}
        if status.listens and status.model and packs >= {"community", "features"}:
            return
        say(options, "Preparing the demo: a made-up listener among a made-up community. This happens once.")
        if not status.listens:
            with progress_bar(options, "importing") as progress:
                session.import_paths(sample_data.listener_exports(), progress=progress)
        if "community" not in packs:
            session.add_community(sample_data.community(), name="sample")
        if "features" not in packs:
            session.add_features(sample_data.features(), name="sample-features")
        if not status.model:
            from engine.training.train import (
                TrainingSettings,  # only now: the second start must not wait for it
            )

            with training_progress(options) as progress:
                session.train(TrainingSettings(tune_seconds=TUNE_SECONDS), progress=progress)
    finally:
        session.close()
