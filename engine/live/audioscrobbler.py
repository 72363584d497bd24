"""AudioScrobbler 1.2: requests and answers of the older protocol, in forms and plain text.

Pure, like `listenbrainz`, with the same limits and error answers. A session's id is derived from the token, so that
sessions survive a restart of the listener. Facts: FORMATS.md, Listens sent by players.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

from engine.imports.record import Play
from engine.live.listenbrainz import Answer, Report, Request, Verdict, dated, failure
from engine.store.play import UNKNOWN

_PATH = "/as12/"
# What clients call themselves; another goes by its code.
_CLIENTS = {"mdc": "mpdscribble"}
_VERDICTS = {"L": "like", "B": "hide"}
# A form has at most 50 plays of nine fields.
_MAX_FIELDS = 1000


def scrobbler_answer(request: Request, token: str, latest: int) -> Answer | None:
    """The answer to a request that is not `foreign`; null if it is not of this protocol. No play can be later than
    `latest`, in seconds UTC."""
    path, _, asked = request.target.partition("?")
    call = path.strip("/").removeprefix(_PATH.strip("/")).strip("/")
    if call not in ("", "np", "sub") or (call and not path.startswith(_PATH)):
        return None
    try:
        form = _form(request.body.decode(errors="replace") if call else asked)
    except ValueError:
        return failure(413, "Too much in one form: send 50 plays at most.")
    if not call:
        return _greeted(form, token, request.headers.get("host", "")) if form.get("hs") == "true" else None
    if request.method != "POST":
        return failure(405, "That is asked by POST.")
    client = form.get("s", "").partition(".")[0]
    if not hmac.compare_digest(form.get("s", "").encode(), _session(client, token).encode()):
        return Answer(200, "BADSESSION\n")
    if call == "sub":
        return Answer(200, "OK\n", _report(client, form, latest))
    # Not a play: the song may be skipped, and a play is reported later.
    artist, title = (form.get(key, "").strip() for key in ("a", "t"))
    playing = (artist, title) if artist and title else None
    return Answer(200, "OK\n", Report(_CLIENTS.get(client, client), playing=playing))


def _form(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, max_num_fields=_MAX_FIELDS).items()}


def _greeted(query: Mapping[str, str], token: str, host: str) -> Answer:
    """Open a session for a client that knows the token, which it sends as an MD5 of token and time."""
    known = _md5(_md5(token) + query.get("t", ""))
    if not hmac.compare_digest(query.get("a", "").lower().encode(), known.encode()):
        return Answer(200, "BADAUTH\n")
    client = "".join(filter(str.isalnum, query.get("c", "")))[:40].casefold() or "unknown"
    base = f"http://{host}{_PATH}"
    return Answer(200, f"OK\n{_session(client, token)}\n{base}np\n{base}sub\n")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _session(client: str, token: str) -> str:
    return f"{client}.{hmac.new(token.encode(), client.encode(), 'sha256').hexdigest()[:32]}"


def _report(client: str, form: Mapping[str, str], latest: int) -> Report:
    numbers = [name[2:-1] for name in form if name.startswith("a[")]
    found = [(number, play) for number in numbers if (play := _play(form, number, latest)) is not None]
    verdicts = tuple(
        Verdict(verdict, play.ids, (play.artist, play.title))
        for number, play in found
        if (verdict := _VERDICTS.get(form.get(f"r[{number}]", "")))
    )
    plays = tuple(play for _, play in found)
    return Report(_CLIENTS.get(client, client), plays, verdicts, single=len(plays) == 1)


def _play(form: Mapping[str, str], number: str, latest: int) -> Play | None:
    artist, title, album, mbid, start, length = (
        form.get(f"{key}[{number}]", "").strip() for key in ("a", "t", "b", "m", "i", "l")
    )
    if not artist or not title:
        return None
    return dated(
        Play(
            artist=artist,
            title=title,
            started_at=_number(start),
            album=album or None,
            duration_ms=(_number(length) or 0) * 1000 or None,
            ids=(("mb_recording", mbid),) if mbid else (),
            # mpdscribble stamps the end, the protocol asks for the start.
            basis=UNKNOWN,
        ),
        latest,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 12 else None
