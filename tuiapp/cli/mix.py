"""`mix`: playlists from seeds, for a taste, of one's own music, or from one artist to another."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.errors import UnknownNameError, UsageError
from tuiapp.cli.group import Options, cli, from_library_option
from tuiapp.cli.names import TEXT, artists, each_artist, playlists
from tuiapp.cli.output import OutFile, only_what_you_have, print_json, print_table, say
from tuiapp.cli.playlists import entry, exported, track_row
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.playlists.mix import Mix, MixSeeds
    from engine.session import Session


@cli.command()
@click.argument("seeds", nargs=-1, type=TEXT, metavar="[SEED]...", shell_complete=each_artist)
@click.option(
    "--to",
    metavar="SEED",
    type=TEXT,
    shell_complete=artists,
    help="A bridge from SEED to this one, in steps of similar artists.",
)
@click.option("--daily", is_flag=True, help="The mix of the day for one of your tastes.")
@click.option(
    "--taste", type=click.IntRange(min=1), metavar="N", help="Which taste, for --daily.  [default: 1]"
)
@click.option("--forgotten", is_flag=True, help="Your favourites that you have not played for half a year.")
@click.option("--on-this-day", is_flag=True, help="What you played on this day in past years.")
@click.option("--minutes", "--length", type=float, default=90.0, show_default=True, help="Length in minutes.")
@from_library_option
@click.option(
    "--drift",
    type=float,
    default=0.0,
    show_default=True,
    help="How far it drifts from the seeds, 0 to 1: how much each track follows the ones before it.",
)
@click.option(
    "--not-played-in", type=int, default=0, metavar="DAYS", help="Nothing you played in the last DAYS days."
)
@click.option("--more", is_flag=True, help="Continue the last mix of these seeds; no track is repeated.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed: another number gives another list."
)
@click.option("--save", "save_as", metavar="NAME", shell_complete=playlists, help="Save as a playlist.")
@click.option("--out", type=OutFile(), metavar="FILE", help="Export to a file.")
@click.pass_obj
def mix(
    options: Options,
    seeds: tuple[str, ...],
    to: str | None,
    daily: bool,
    taste: int | None,
    forgotten: bool,
    on_this_day: bool,
    minutes: float,
    from_library: bool | None,
    drift: float,
    not_played_in: int,
    more: bool,
    seed: int,
    save_as: str | None,
    out: Path | None,
) -> None:
    """Make a playlist that goes with each SEED: an artist, a track as "artist - title", a saved playlist or a genre.

    "playlist:NAME", "genre:NAME" and "artist:NAME" say which, if several have that name. Without a SEED: a mix for
    one of your tastes (--daily), or your own music to play again (--forgotten, --on-this-day).
    """
    from engine.playlists.mix import MixSettings

    again = [forgotten, on_this_day]
    _check(seeds, to=to, daily=daily, taste=taste, again=again, more=more, drift=drift)
    settings = MixSettings(
        minutes=minutes,
        seed=seed,
        drift=drift,
        from_library=only_what_you_have(options, from_library),
        not_played_in=not_played_in,
    )
    with options.session() if save_as else options.reading() as session:
        if to is not None:
            made = session.bridges.bridge(seeds[0], to, settings)
        elif daily:
            made = session.mixes.daily(taste or 1, settings)
        elif forgotten:
            made = session.replays.forgotten(settings)
        elif on_this_day:
            made = session.replays.on_this_day(settings)
        else:
            made = session.mixes.mix(_seeds(session, seeds), settings, more=more)
        if save_as:
            session.playlists.create(save_as, made.tracks)
            say(options, f"Saved as {shown(save_as)}.")
        with exported(options, session, made, out) as of_file:
            _print(options, session, made, taste or 1, of_file)


def _seeds(session: Session, words: tuple[str, ...]) -> MixSeeds:
    """What the words name, each of them or, where one names nothing, all together as a name without quotes."""
    try:
        return session.seeds.of(words)
    except UnknownNameError:
        if len(words) > 1:
            with contextlib.suppress(UnknownNameError):
                return session.seeds.of([" ".join(words)])
        raise


def _check(
    seeds: tuple[str, ...],
    *,
    to: str | None,
    daily: bool,
    taste: int | None,
    again: list[bool],
    more: bool,
    drift: float,
) -> None:
    """Refuse options that exclude each other."""
    kinds = [bool(seeds), daily, *again]
    if sum(kinds) != 1:
        raise UsageError(
            "Name what the mix starts from (SEED), or choose one of --daily, --forgotten and --on-this-day."
        )
    if to is not None and len(seeds) != 1:
        raise UsageError("A bridge goes from one SEED --to another.")
    if taste is not None and not daily:
        raise UsageError("--taste is for --daily.")
    if more and (to is not None or not seeds):
        raise UsageError("--more goes on with a mix of SEEDs.")
    if drift and any(again):
        raise UsageError("--drift is for mixes that start from something.")


def _print(options: Options, session: Session, made: Mix, taste: int, of_file: dict[str, Any]) -> None:
    document: dict[str, Any] = {"context": made.kind, "title": made.title}
    if made.kind == "daily":
        tastes = session.mixes.tastes()
        document |= {
            "taste": taste,
            "tastes": [{"name": one.name, "share": one.share} for one in tastes],
        }
        others = [f"{number} {one.name}" for number, one in enumerate(tastes, 1) if number != taste]
        say(options, shown(made.title))
        if others:
            say(options, shown(f"Other tastes, with --taste N: {', '.join(others)}."))
    for note in made.notes:
        say(options, shown(note))
    if options.json:
        likeness = made.similarities or (None,) * len(made.tracks)
        tracks = [
            entry(track)
            | ({"reason": track.reason} if track.reason else {})
            | ({"similarity": like} if like is not None else {})
            for track, like in zip(made.tracks, likeness, strict=True)
        ]
        # As for a playlist; what part of it has a tempo.
        coverage = sum(track.bpm is not None for track in made.tracks) / max(1, len(made.tracks))
        known = {"tracks": tracks, "coverage": coverage, "notes": list(made.notes)}
        print_json(document | known | of_file)
        return
    why = {number: track.reason for number, track in enumerate(made.tracks) if track.reason}
    why |= {number: f"{like:z.2f}" for number, like in enumerate(made.similarities) if like is not None}
    heading = "similarity" if made.similarities else "why"
    rows = [
        (*track_row(number + 1, track), *((why.get(number, ""),) if why else ()))
        for number, track in enumerate(made.tracks)
    ]
    columns = ("", "artist", "track", "bpm", "length", "", *((heading,) if why else ()))
    right = frozenset({0, 3, 4, 6}) if made.similarities else frozenset({0, 3, 4})
    print_table(columns, rows, right=right)
