"""Shared by commands for the person's own servers: addresses and logins."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.community.fetch import Web
    from engine.push.credentials import Credentials
    from engine.push.matching import Server
    from engine.session import Session
    from tuiapp.cli.group import Options
    from tuiapp.settings.config import Config

Command = TypeVar("Command", bound=Callable[..., Any])
_VARIABLE = "DISCOVER_PUSH_PASSWORD"
_OPTIONS = (
    click.option(
        "--user", metavar="NAME", help="Your user name there; a token or API key of your own needs none."
    ),
    click.option("--password-stdin", is_flag=True, help="Read the password from standard input."),
    click.option(
        "--plain-password",
        is_flag=True,
        help="Send the password itself, to a server that accepts no digest of it; over https or on this machine only.",
    ),
    click.option(
        "--remember",
        is_flag=True,
        help=(
            "Remember name and password for this address: in the system's keyring, else in a file that only "
            "you can read."
        ),
    ),
)


def of_server(where: str, default: str) -> Callable[[Command], Command]:
    """Adds the options for a server's address (`where`, `default`) and login to a command."""

    def given(command: Command) -> Command:
        for option in reversed(_OPTIONS):
            command = option(command)
        return click.option("--url", metavar="ADDRESS", help=f"{where}.  [default: {default}]")(command)

    return given


def opened(
    options: Options, web: Web, service: str, who: Mapping[str, Any]
) -> tuple[Server, Credentials | None]:
    """The server given by the options of `of_server`, not connected yet, and the login given."""
    from engine.push.asking import NotLetInError
    from engine.push.credentials import Credentials
    from engine.push.servers import server_for
    from tuiapp.settings.config import read

    typed, user = None, who["user"]
    if (secret := _secret(who["password_stdin"])) is not None:
        typed = Credentials(user or "", secret, who["plain_password"])
    elif user is not None and sys.stdin.isatty():
        typed = Credentials(user, click.prompt("Password", hide_input=True, err=True), who["plain_password"])
    places = _places(read(options.folders.config), service, who["url"])
    try:
        return server_for(web, options.folders, service, places, typed), typed
    except NotLetInError as error:
        raise UsageError(
            f"{error} Give --user, and the password, token or key in {_VARIABLE} or with --password-stdin; "
            "--remember keeps both."
        ) from error


def keep(session: Session, server: Server, who: Mapping[str, Any], typed: Credentials | None) -> None:
    """Store the login, with `--remember`."""
    from engine.push.credentials import keep_credentials

    if who["remember"] and typed is not None:
        keep_credentials(session.door, server.service, server.address, typed)


def _secret(password_stdin: bool) -> str | None:
    """The password given; null if none was."""
    if not password_stdin:
        return os.environ.get(_VARIABLE) or None
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError("There is no password on standard input.")
    return line


def _places(config: Config, service: str, url: str | None) -> Sequence[str]:
    """The server's addresses, by option or else by setting."""
    from tuiapp.settings import checks
    from tuiapp.settings.servers import places

    if url is None:
        if found := places(config, service):
            return found
        raise UsageError(f"Where is the server? Give --url, or: discover config set push.{service} ADDRESS.")
    if service == "mpd":
        if "@" in url[1:]:
            raise UsageError(f"Leave the password out of the address: put it in {_VARIABLE}.")
        try:
            checks.mpd(url)
        except ValueError as error:
            raise UsageError(f"{url} is not an address of MPD: give {error}.") from error
    return (url,)
