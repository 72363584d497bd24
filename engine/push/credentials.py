"""Logins for the person's servers, by service and address, so that none is sent to another server.

Names are kept in one file of the data folder, readable by its owner alone. The secrets are in the system's keyring,
where there is one and the extra `keyring` is installed, else in that file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import DiscoverError, UsageError, unreadable
from engine.paths import Folders, bytes_of
from engine.privacy import Door

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

    from engine.job_messages import ServerTask

# What entries of a keyring are called.
_OURS = "discover"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A `user`, empty where the `secret` says who it is, a password or key, and whether to send a password `plain`."""

    user: str
    secret: str
    plain: bool = False


def credentials(folders: Folders, service: str, address: str) -> Credentials | None:
    """The login for a server, null if none is stored.

    Raises DamagedDataError, UsageError if others can read the file, DiscoverError if the keyring does not open.
    """
    one = _kept(folders).get(f"{service} {address}")
    if one is None:
        return None
    user, secret = str(one["user"]), one["secret"]
    if secret is None:
        secret = _in_keyring(service, address, user)
    return None if secret is None else Credentials(user, str(secret), bool(one["plain"]))


def keep_credentials(door: Door, service: str, address: str, known: Credentials) -> None:
    """Store a login. Raises PrivateSessionError in a private session, DiscoverError if the keyring refuses."""
    door.require_writable("keep a password")
    secret: str | None = known.secret
    if (keyring := _keyring()) is not None:
        _asked(lambda: keyring.set_password(_OURS, _name(service, address, known.user), known.secret))
        secret = None
    entry = {"user": known.user, "secret": secret, "plain": known.plain}
    kept = {**_kept(door.folders), f"{service} {address}": entry}
    door.write_file(door.folders.servers, json.dumps(kept, indent=1).encode())


def keep_known(door: Door, task: ServerTask, address: str) -> None:
    """Store the login `known` of the app's task, if there is one; as `keep_credentials`."""
    if task["known"]:
        keep_credentials(door, task["service"], address, Credentials(**task["known"]))


def where_kept() -> str:
    """Where a password would be kept, in words."""
    return "a file only you can read" if _keyring() is None else "the system's keyring"


def _keyring() -> KeyringBackend | None:
    """The system's, null without one."""
    try:
        import keyring
    except ImportError:
        return None
    found = keyring.get_keyring()
    # Those below keep what they are given in a file, or nothing at all.
    return found if found.priority >= 1 else None


def _in_keyring(service: str, address: str, user: str) -> str | None:
    keyring = _keyring()
    return (
        None
        if keyring is None
        else _asked(lambda: keyring.get_password(_OURS, _name(service, address, user)))
    )


def _name(service: str, address: str, user: str) -> str:
    return f"{user} {service} {address}".strip()


def _asked(ask: Any) -> Any:
    """What the keyring answers."""
    from keyring.errors import KeyringError

    try:
        return ask()
    except (KeyringError, OSError, RuntimeError) as error:
        why = str(error) or type(error).__name__
        raise DiscoverError(
            f"The system's keyring can't be used: {why}. Unlock it, or give the password without keeping it."
        ) from error


def _kept(folders: Folders) -> dict[str, dict[str, Any]]:
    path = folders.servers
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError(f"Others can read {path}, which holds passwords. Run: chmod 600 {path}")
        kept = json.loads(bytes_of(path))
        if not all(one.keys() >= {"user", "secret", "plain"} for one in kept.values()):
            raise ValueError("something is missing")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        damaged = f"{path} is damaged. Remove it, and give the password again with --remember."
        raise unreadable(error, path, damaged) from error
    return dict(kept)
