"""`compare`: compares two rankings by which rows of Discover the person acts on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import name_argument, rankings
from tuiapp.cli.output import print_json, say
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.session import Session
    from engine.session.comparisons import Standing


@cli.group(invoke_without_command=True)
@click.pass_context
def compare(context: click.Context) -> None:
    """Which ranking is better for you? Compare two in Discover.

    Discover's list is then made from both, picking in turn, without showing which picked what. What you open, like or
    play later counts for the one that picked it. All of it stays in your library; a private session mixes and records
    nothing.
    """
    if context.invoked_subcommand is None:
        with context.obj.reading() as session:
            _print(context.obj, session)


@compare.command()
@name_argument("name", rankings)
@click.pass_obj
def start(options: Options, name: str) -> None:
    """Mix the ranking NAME into Discover; `discover compare` lists the available ones."""
    with options.session() as session:
        session.comparisons.begin(name)
        _print(options, session)


@compare.command()
@click.option(
    "--keep", metavar="NAME", shell_complete=rankings, help="Rank by this one of the two from now on."
)
@click.pass_obj
def stop(options: Options, keep: str | None) -> None:
    """End the comparison; Discover is as before, or ranks by the one you keep."""
    with options.session() as session:
        kept = session.comparisons.end(keep)
        say(options, f"Discover ranks by “{kept.name}” from now on: {kept.about}.")
        _print(options, session)


@compare.command()
@click.pass_obj
def undo(options: Options) -> None:
    """Undo the last start or stop."""
    with options.session() as session:
        say(options, f"Undone: {session.comparisons.undo()}.")
        _print(options, session)


def _print(options: Options, session: Session) -> None:
    standing, in_force = session.comparisons.standing(), session.comparisons.in_force()
    choices = session.comparisons.choices()
    if options.json:
        others = [{"name": one.name, "about": one.about} for one in choices]
        print_json(
            {
                "ranking": in_force.name,
                "rankings": [{"name": in_force.name, "about": in_force.about}, *others],
                "comparison": standing and _document(standing),
            }
        )
        return
    from tuiapp.comparing import in_words

    for sentence in in_words(standing) if standing is not None else ():
        click.echo(shown(sentence))
    if standing is None or standing.ended is not None:
        click.echo(f"Discover ranks by “{in_force.name}”: {in_force.about}. Compare it with:")
        for one in choices:
            click.echo(f"  {one.name}: {one.about}")
        say(options, "Begin with: discover compare start NAME.")
    else:
        say(options, "End it with: discover compare stop, and --keep NAME for the one that should rank.")


def _document(standing: Standing) -> dict[str, Any]:
    tally = standing.tally
    return {
        "usual": standing.usual.name,
        "other": standing.other.name,
        "started": standing.started,
        "ended": standing.ended,
        "kept": standing.kept.name if standing.ended is not None else None,
        "shown": {"usual": tally.shown_usual, "other": tally.shown_other},
        "taken_up": {"usual": tally.usual, "other": tally.other},
        "share": tally.share if tally.acts else None,
        "interval": list(tally.interval),
        "better": tally.better,
    }
