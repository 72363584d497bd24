"""Requests to servers with JSON APIs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import DiscoverError, sentence

if TYPE_CHECKING:
    from engine.community.fetch import Web

BAD_REQUEST, NOT_THERE = 400, 404
# Status codes of a server that is asked too much, and from here on of its own errors.
_TOO_MANY, _SERVER_ERROR = 429, 500

_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")


class RefusedError(DiscoverError):
    """The server understood a request and did not do it."""


class NotLetInError(RefusedError):
    """The server rejected the login: name, password, token or key."""


class NoDigestError(DiscoverError):
    """The server does not accept a digest, only the password itself."""


def ask_json(
    web: Web,
    address: str,
    method: str,
    path: str,
    headers: dict[str, str],
    *,
    fields: Sequence[tuple[str, str]] = (),
    document: object = None,
) -> dict[str, Any] | None:
    """The server's JSON object, empty if the answer is empty; null if not found.

    Raises NotLetInError if the login is rejected, DiscoverError for other refusals and invalid answers.
    """
    status, data = web.ask(method, f"{address}{path}", fields=fields, headers=headers, document=document)
    return read_json(address, path, status, data)


def read_json(address: str, path: str, status: int, data: bytes) -> dict[str, Any] | None:
    """What a server answered to a question; as `ask_json`."""
    if status == NOT_THERE:
        return None
    try:
        answer = json.loads(data) if data.strip() else {}
    except (ValueError, RecursionError):
        answer = None
    if fails(status):
        raise server_error(address, status)
    if status >= 300:
        said = answer.get("error") if isinstance(answer, dict) else None
        why = f": {str(said)[:200]}" if said else ""
        refused = sentence(f"{address} refused {path} with {status}{why}")
        if status in (401, 403):
            raise NotLetInError(f"{refused} Check the token or key.")
        raise RefusedError(refused)
    if isinstance(answer, list):
        answer = {"all": answer}
    if not isinstance(answer, dict):
        raise DiscoverError(f"What {address} answers to {path} is not what was expected. Check the address.")
    return answer


def fails(status: int) -> bool:
    """Whether a server says that it cannot answer now, not that it does not want to."""
    return status == _TOO_MANY or status >= _SERVER_ERROR


def server_error(address: str, status: int) -> DiscoverError:
    """What to raise where a server says that it `fails`."""
    return DiscoverError(f"{address} answers with an error ({status}). Try again later.")


def id_in(value: Any) -> str:
    """An id in an answer that may be a part of an address; empty for anything else, which could lead elsewhere there.

    >>> id_in("5b2c-7"), id_in("../Users"), id_in(["a"])
    ('5b2c-7', '', '')
    """
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a list in an answer; none of what is not a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
