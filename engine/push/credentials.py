"""Who the person is to their servers: one file in the data folder, readable by its owner alone, by service and address.

By address, so that what one server is told no other is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import DamagedDataError, UsageError
from engine.paths import Folders
from engine.privacy import Door


@dataclass(frozen=True, slots=True)
class Credentials:
    """A `user`, empty where the `secret` says who it is, a password or key, and whether to send a password `plain`."""

    user: str
    secret: str
    plain: bool = False


def credentials(folders: Folders, service: str, address: str) -> Credentials | None:
    """Those for a server, null where none are kept. Raises DamagedDataError, UsageError where others can read them."""
    one = _kept(folders).get(f"{service} {address}")
    return None if one is None else Credentials(str(one["user"]), str(one["secret"]), bool(one["plain"]))


def keep_credentials(door: Door, service: str, address: str, known: Credentials) -> None:
    """Write them down. Raises PrivateSessionError in a private session."""
    kept = {**_kept(door.folders), f"{service} {address}": asdict(known)}
    door.write_file(door.folders.servers, json.dumps(kept, indent=1).encode())


def _kept(folders: Folders) -> dict[str, dict[str, Any]]:
    path = folders.servers
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError(f"Others can read {path}, which holds passwords. Run: chmod 600 {path}")
        kept = json.loads(path.read_bytes())
        if not all(one.keys() >= {"user", "secret", "plain"} for one in kept.values()):
            raise ValueError("something is missing")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedDataError(
            f"{path} is damaged. Remove it, and give the password again with --remember."
        ) from error
    return dict(kept)
