"""systemd user units: the port is open from login on, even if the listener restarts."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from engine.live.token import HOST

# Units that begin so are ours to replace and to remove.
MARK = "# Written by `discover listen --install`.\n"
_SOCKET = """{mark}[Unit]
Description=discover: port for players

[Socket]
ListenStream={host}:{port}

[Install]
WantedBy=sockets.target
"""
_SERVICE = """{mark}[Unit]
Description=discover: plays come in from players
Requires=discover-listen.socket

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=5
UMask=0077
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6

[Install]
WantedBy=default.target
"""


def folder() -> Path:
    """Where systemd looks for a person's own units."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "systemd" / "user"


def units(port: int, command: Sequence[str]) -> dict[str, bytes]:
    """File name -> content. `command` starts listening."""
    line = " ".join(map(_quoted, command))
    return {
        "discover-listen.socket": os.fsencode(_SOCKET.format(mark=MARK, host=HOST, port=port)),
        "discover-listen.service": os.fsencode(_SERVICE.format(mark=MARK, command=line)),
    }


def _quoted(word: str) -> str:
    """A word of a command as systemd reads it (systemd.service(5), Command lines)."""
    for plain, written in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(plain, written)
    # A line break in the data folder's path would begin a line of the unit.
    word = re.sub(r"[\x00-\x1f\x7f]", lambda control: f"\\x{ord(control[0]):02x}", word)
    return f'"{word}"'
