"""`mix`: a list out of artists and tracks."""

from __future__ import annotations

from pathlib import Path

import click

from tuiapp.cli.group import Options, cli, from_library_option
from tuiapp.cli.names import TEXT, each_artist
from tuiapp.cli.output import only_what_you_have, print_json, say
from tuiapp.cli.playlists import entry, print_tracks, say_exported
from tuiapp.safe import shown


@cli.command()
@click.argument("seeds", nargs=-1, required=True, type=TEXT, metavar="SEED...", shell_complete=each_artist)
@click.option("--minutes", type=float, default=90.0, show_default=True, help="Length in minutes.")
@from_library_option
@click.option(
    "--drift",
    type=float,
    default=0.0,
    show_default=True,
    help="How far it goes away from the seeds, 0 to 1: the share of the tracks before in what comes next.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed: another number gives another list."
)
@click.option("--save", "save_as", metavar="NAME", help="Save as a playlist.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Export to a file.")
@click.pass_obj
def mix(
    options: Options,
    seeds: tuple[str, ...],
    minutes: float,
    from_library: bool | None,
    drift: float,
    seed: int,
    save_as: str | None,
    out: Path | None,
) -> None:
    """Make a playlist that goes with each SEED: an artist, or a track as "artist - title"."""
    title = f"Mix: {', '.join(seeds)}"
    with options.session() as session:
        tracks = session.mixes.mix(
            title,
            [session.tracks.written(name) for name in seeds],
            minutes,
            seed=seed,
            drift=drift,
            from_library=only_what_you_have(options, from_library),
        )
        if save_as:
            session.playlists.create(save_as, tracks)
            say(options, f"Saved as {shown(save_as)}.")
        if options.json:
            # As for a playlist; what part of it has a tempo.
            coverage = sum(track.bpm is not None for track in tracks) / max(1, len(tracks))
            print_json(
                {"context": "mix", "tracks": list(map(entry, tracks)), "coverage": coverage, "notes": []}
            )
        else:
            print_tracks(tracks)
        if out:
            say_exported(options, session.tracks.export(tracks, title, out))
