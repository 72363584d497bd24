"""The token and port for players: one file, readable by its owner only."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace

from engine.errors import unreadable
from engine.paths import Folders, bytes_of
from engine.privacy import Door

HOST = "127.0.0.1"
# Below those that outgoing connections get, so that none of these ever has it.
PORT = 17717


@dataclass(frozen=True, slots=True)
class Access:
    """The listener's address, and the token that grants access: a UUID, the form ListenBrainz gives its own."""

    token: str
    port: int = PORT

    @property
    def host(self) -> str:
        """The host with the port."""
        return f"{HOST}:{self.port}"

    def keep(self, door: Door) -> None:
        """Store it, unless stored. Raises PrivateSessionError in a private session if it is not."""
        if access(door.folders) == self:
            return
        data = json.dumps({"token": self.token, "port": self.port}).encode()
        door.write_file(door.folders.listening, data)


def access(folders: Folders) -> Access | None:
    """The stored access; null if nothing ever listened here. Raises DamagedDataError if it is invalid."""
    try:
        data = json.loads(bytes_of(folders.listening))
        if not (isinstance(data["port"], int) and 0 < data["port"] < 1 << 16):
            raise ValueError("no port has this number")
        return Access(str(data["token"]), data["port"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        damaged = (
            f"{folders.listening} is damaged. Remove it: the next `discover listen` makes another, with another token "
            "for your players."
        )
        raise unreadable(error, folders.listening, damaged) from error


def granted(folders: Folders, *, private: bool = False) -> Access:
    """The token and port of a data folder, made and stored where there are none.

    Raises PrivateSessionError where they would have to be written while a private session is on anywhere: a listener
    that started in it has others, which it stores once that is over.
    """
    if (found := access(folders)) is None:
        door = Door(folders, private=private)
        door.require_no_private_session("make a token for players")
        found = wanted(folders)
        found.keep(door)
    return found


def wanted(folders: Folders, port: int | None = None) -> Access:
    """The token and port of a data folder, or new ones, which are not written down yet."""
    found = access(folders) or Access(str(uuid.uuid4()))
    return found if port is None else replace(found, port=port)
