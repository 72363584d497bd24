"""The man page, written from the commands themselves: `discover --man | man -l -`."""

from __future__ import annotations

import re

import click

from engine import __version__

_ENDING = r"""
.SH ENVIRONMENT
.TP
.B DISCOVER_DATA_DIR
Folder for all of discover's data, where no \-\-data\-dir says another.
.TP
.B NO_COLOR
No colours.
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Failed; one line on standard error says what, where and what to do.
.TP
.B 2
Wrong usage.
.TP
.B 3
Nothing to work on yet: no plays, or no model.
.TP
.B 130
Interrupted. Nothing was lost.
.SH NAMES
Upper and lower case are the same. Where a name is all a command takes, its words need no quotes.
.SH COMPLETION
.nf
eval "$(_DISCOVER_COMPLETE=bash_source discover)"      # in ~/.bashrc
eval "$(_DISCOVER_COMPLETE=zsh_source discover)"       # in ~/.zshrc
_DISCOVER_COMPLETE=fish_source discover | source       # in ~/.config/fish/config.fish
.fi
"""


def manual(context: click.Context) -> str:
    """The page in the macros of man(7)."""
    group = context.command
    assert isinstance(group, click.Group)  # noqa: S101 - that of all commands
    summary, _, more = (group.help or "").partition("\n\n")
    parts = [
        f'.TH DISCOVER 1 "" "discover {__version__}"',
        f".SH NAME\ndiscover \\- {_plain(summary).rstrip('.').lower()}",
        ".SH SYNOPSIS\n.B discover\n[options] [command] ...",
        f".SH DESCRIPTION\n{_plain(summary)}\n.PP\n{_plain(more)}",
        f".SH OPTIONS\n{_options(group, context)}",
        ".SH COMMANDS",
        *(_command(command, inside) for command, inside in _walked(group, context)),
    ]
    return "\n".join(parts) + _ENDING


def _walked(group: click.Group, context: click.Context) -> list[tuple[click.Command, click.Context]]:
    """Every command of a group and of the groups in it, by name."""
    found: list[tuple[click.Command, click.Context]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inside = click.Context(command, info_name=name, parent=context)
        found.append((command, inside))
        if isinstance(command, click.Group):
            found += _walked(command, inside)
    return found


def _command(command: click.Command, context: click.Context) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    said = "\n.PP\n".join(map(_plain, re.split(r"\n\s*\n", command.help or "")))
    # Shared options are listed once, on top.
    own = _options(command, context, without=("--data-dir", "--private", "--quiet", "--json", "--help"))
    return f".SS {_plain(usage)}\n{said}" + (f"\n{own}" if own else "")


def _options(command: click.Command, context: click.Context, without: tuple[str, ...] = ()) -> str:
    records = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and not set(parameter.opts) & set(without)
        and (record := parameter.get_help_record(context)) is not None
    ]
    return "\n".join(f".TP\n.B {_plain(name)}\n{_plain(said)}".rstrip() for name, said in records)


def _plain(text: str) -> str:
    """A text on one line, with macros escaped."""
    line = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{line}" if line.startswith((".", "'")) else line
