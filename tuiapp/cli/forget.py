"""`forget`: deletes for good, and proves it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from engine.wording import quantity
from tuiapp.cli.date_options import PERIOD
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import TEXT, artists, titles
from tuiapp.cli.output import print_json, thousands
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.session import Session
    from engine.session.forgetting import Forgotten
    from engine.taste.rules import Rule

_HELD = (
    "NOT gone yet: another program is using the library, so its old bytes are still in the file. Close that program, "
    "then run any discover command: it finishes this."
)
_OUT_OF_REACH = (
    "Not covered: exported and downloaded files, copies made elsewhere, and deleted bytes on the disk."
)
# A title may be a word like any other.
_NOT_FOR_TITLES = "Names of playlists are neither searched nor changed for a track's title."


@cli.command()
@click.option(
    "--artist",
    metavar="NAME",
    shell_complete=artists,
    help="Everything by this artist: plays, likes, blocks, exclusions.",
)
@click.option(
    "--track",
    metavar="TITLE",
    shell_complete=titles,
    help="Plays of tracks with this title (with --artist, by that artist).",
)
@click.option("--before", type=PERIOD, metavar="DATE", help="Plays before this date.")
@click.option(
    "--source",
    type=TEXT,
    metavar="FILE",
    help="Plays from this service, or imported file, archive or folder.",
)
@click.option(
    "--playlists",
    is_flag=True,
    help="Also remove the artist from saved playlists and their names, or the tracks from playlists.",
)
@click.option("--all", "everything", is_flag=True, help="Everything except settings and public packs.")
@click.option("--yes", is_flag=True, help="Skip confirmation.")
@click.pass_obj
def forget(options: Options, /, playlists: bool, everything: bool, yes: bool, **asked: Any) -> None:
    """Delete for good, and prove it. Deletes plays that match all options; cannot be undone."""
    named = any(value is not None for value in asked.values())
    if everything == named:
        raise click.UsageError("Choose what to forget: --artist, --track, --before, --source or --all.")
    with options.session() as session:
        session.door.require_writable("forget anything")
        if everything:
            _ask(yes, "Everything you played, liked and saved will be deleted.")
            files, bytes_gone = session.forget_all()
            if options.json:
                proof = {
                    "listens": session.status().listens,
                    "bytes_gone": bytes_gone,
                    "public": list(session.public_folders()),
                }
                print_json({"deleted": {"files": list(files)}, "proof": proof, "out_of_reach": _OUT_OF_REACH})
            else:
                click.echo(f"Deleted: {shown(', '.join(files)) or 'nothing, the library was empty'}.")
            holds = bytes_gone
        else:
            done = _forget_some(options, session, playlists=playlists, yes=yes, asked=asked)
            holds, bytes_gone = done.holds, done.bytes_gone
        if not options.json:
            if not bytes_gone:
                click.echo(_HELD)
            click.echo(_OUT_OF_REACH)
        if not holds:
            click.get_current_context().exit(1)


def _forget_some(
    options: Options, session: Session, *, playlists: bool, yes: bool, asked: dict[str, Any]
) -> Forgotten:
    from engine.taste.rules import Rule

    rule = Rule(
        artist=asked["artist"],
        track=asked["track"],
        source=asked["source"],
        until=asked["before"][0] if asked["before"] else None,
    )
    _ask(yes, _announced(session, rule))
    done = session.forget(rule, playlists=playlists)
    if options.json:
        proof = {
            "holds": done.holds,
            "searched": list(done.searched),
            "found_in": list(done.found_in),
            "places": list(done.places),
            "bytes_gone": done.bytes_gone,
            "taste_is_as_if_never": done.taste_is_as_if_never,
            "public": list(done.public),
        }
        deleted = {**done.deleted, "backups": done.backups, "files": list(done.files)}
        beyond = f"{_NOT_FOR_TITLES} {_OUT_OF_REACH}" if rule.track else _OUT_OF_REACH
        said = {"no_backup": done.no_backup, "out_of_reach": beyond}
        print_json({"deleted": deleted, "proof": proof} | said)
    else:
        parts = [f"{thousands(count)} {kind}" for kind, count in done.deleted.items() if count]
        if done.backups:
            parts.append(f"what {quantity(done.backups, 'backups')} held of it")
        counts = ", ".join(parts)
        if done.resumed:
            click.echo("A forget that was interrupted before was finished.")
        click.echo(f"Deleted: {counts or 'nothing more'}.")
        if done.no_backup:
            click.echo(shown(done.no_backup))
        if done.files:
            click.echo(f"Also deleted, as derived from your plays: {shown(', '.join(done.files))}.")
        where = f"still in {shown(', '.join(done.found_in))}" if done.found_in else "not found"
        if done.searched:
            what = (
                "the name" if done.names == 1 else f"{quantity(done.names, 'names')} that are no longer in it"
            )
            click.echo(f"Searched {quantity(len(done.searched), 'files')} for {what}: {where}.")
        if done.places:
            click.echo(f"The library still has it in: {shown(', '.join(done.places))}.")
        exact = "exactly" if done.taste_is_as_if_never else "NOT"
        click.echo(f"Your taste is {exact} what it would be had this never been played.")
        if done.public:
            click.echo(f"Not searched, because they are public: {shown(', '.join(done.public))}.")
        if any("playlist" in place for place in done.places) and not playlists:
            click.echo("Saved playlists still contain it; add --playlists to remove it there.")
        if rule.track:
            click.echo(_NOT_FOR_TITLES)
    return done


def _announced(session: Session, rule: Rule) -> str:
    plays = f"{quantity(session.forgettable(rule), 'plays')} will be deleted"
    copies = session.backups_holding(rule)
    also = f", and what {quantity(copies, 'backups hold', 'backup holds')} of it" if copies else ""
    return f"{plays}{also}: {shown(rule.in_words())}."


def _ask(yes: bool, what: str) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what} This cannot be undone: add --yes.")
    click.confirm(f"{what} This cannot be undone. Continue?", abort=True)
