"""`contexts`: lists the contexts for playlists and Discover, the person's own included."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, print_table, say
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.playlists.contexts import Context
    from engine.playlists.routine_contexts import OwnContext


@cli.command()
@click.pass_obj
def contexts(options: Options) -> None:
    """List the contexts for `playlist` and `recommend --context`: built in, set by you, and found in your history."""
    from engine.playlists.contexts import CONTEXTS
    from tuiapp.settings.config import read

    config = read(options.folders.config)
    with options.reading() as session:
        found = [own for own in session.routines.all() if own.context.name not in config.contexts]
    known = [
        (context, "built in" if CONTEXTS.get(name) == context else "your settings")
        for name, context in config.contexts.items()
    ]
    if options.json:
        entries = [_entry(context, source) for context, source in known]
        entries += [_entry(one.context, "your history") | _measured(one) for one in found]
        print_json({"contexts": entries})
        return
    rows = [(context, source, "") for context, source in known]
    rows += [(one.context, "your history", f"{one.sessions:,} sessions") for one in found]
    print_table(
        ("name", "when", "what", "from", ""),
        [
            (
                shown(one.name),
                shown(one.times.spans_in_words) if one.times else "",
                shown(one.asks),
                source,
                note,
            )
            for one, source, note in rows
        ],
    )
    for own in found:
        say(options, f"{own.context.title}: {own.in_words}")


def _entry(context: Context, source: str) -> dict[str, Any]:
    return {
        "name": context.name,
        "title": context.title,
        "asks": context.asks,
        "times": context.times.spans_in_words if context.times else "",
        "source": source,
    }


def _measured(own: OwnContext) -> dict[str, Any]:
    return {"sessions": own.sessions, "artists": list(own.artists), "guessed": asdict(own.guessed)}
