"""ListenBrainz's API for clients.

Pure: bytes in, an answer and a report out. More lenient than ListenBrainz if a refusal would lose a play or make the
client retry forever: readable listens of a batch are stored, unreadable fields ignored. It reveals nothing: a request
for listens gets none. Facts: FORMATS.md, Listens sent by players.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec

from engine.imports.listenbrainz import Listen, submitted
from engine.imports.record import Play
from engine.imports.times import EARLIEST
from engine.store.play import MAX_ID, UNKNOWN, Ids

# The user name of a valid token, which clients expect.
USER = "me"
# ListenBrainz takes so many bytes.
MAX_BODY = 10_240_000
# Of browsers only extensions may send requests, since web pages run scripts too.
_EXTENSIONS = ("chrome-extension://", "moz-extension://", "safari-web-extension://")
# Clients put the version's path in different places.
_BASES = ("apis/listenbrainz/1/", "1/")
_CLIENT = re.compile(r"[\w .+-]{1,40}")


@dataclass(frozen=True, slots=True)
class Request:
    """One request; names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`like`, `hide` or null, nothing any more, of the recording with these ids, or the one `named`."""

    verdict: str | None
    ids: Ids = ()
    named: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A client's report: plays and verdicts. `single`: one play, perhaps just made; several are from a queue.
    `playing`: artist and title of what it plays now. `watched`: of a player that this process watches, whose plays end
    as they come in."""

    client: str
    plays: tuple[Play, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    single: bool = False
    playing: tuple[str, str] | None = None
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer once the `report` is stored or dropped: JSON, or plain text."""

    status: int
    document: Mapping[str, Any] | str
    report: Report | None = None


class _Submission(msgspec.Struct):
    listen_type: str = "single"
    payload: list[msgspec.Raw] = []


class _Feedback(msgspec.Struct):
    score: int
    recording_mbid: str | None = None
    recording_msid: str | None = None


_submission = msgspec.json.Decoder(_Submission)
_listen = msgspec.json.Decoder(Listen)
_feedback = msgspec.json.Decoder(_Feedback, strict=False)
_OK: Mapping[str, Any] = {"status": "ok"}
# Lists in objects in lists, at most; a string, in which brackets are text; what begins or ends a level.
_MAX_DEPTH = 100
_NESTING = re.compile(rb'"(?:[^"\\]|\\.?)*+"?|[\[\]{}]', re.DOTALL)


T = TypeVar("T")
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode a body, also with a lone surrogate, a byte order mark, in UTF-16, nested too deep, or with `NaN`, which is
    no JSON, since a refusal would lose plays. Raises one of _BROKEN."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise  # readable, and something else
    except _BROKEN as error:
        try:
            plain = json.dumps(_lenient(body), ensure_ascii=False)
        except (ValueError, RecursionError):
            raise error from None
    return decoder.decode(plain.encode(errors="replace"))


def _lenient(body: bytes) -> object:
    def nothing(_: str) -> None: ...

    try:
        return json.loads(body, parse_constant=nothing)
    except RecursionError:
        return json.loads(_flattened(body), parse_constant=nothing)


def _flattened(body: bytes) -> bytes:
    """A body with null for what is nested deeper than any listen, so that it costs itself only."""
    kept, depth, since = bytearray(), 0, 0
    for found in _NESTING.finditer(body):
        if found[0] in b"[{":
            depth += 1
            if depth == _MAX_DEPTH:
                kept += body[since : found.start()] + b"null"
        elif found[0] in b"]}":
            depth -= 1
            if depth == _MAX_DEPTH - 1:
                since = found.end()
    return bytes(kept) + (body[since:] if depth < _MAX_DEPTH else b"")


def failure(status: int, why: str) -> Answer:
    """An error in ListenBrainz's form; some clients only read the code in the document."""
    return Answer(status, {"code": status, "error": why})


def foreign(headers: Mapping[str, str], port: int) -> Answer | None:
    """Why a request is not from a program on this machine; null if it is.

    A web page may resolve its name to this machine (DNS rebinding), visible in the host, or send cross-origin requests,
    visible in the origin.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    names = ("127.0.0.1", "localhost", "[::1]")
    if host.lower() not in {f"{name}:{port}" for name in names} | (set(names) if port == 80 else set()):
        return failure(403, f"This is 127.0.0.1:{port} and answers to no other name.")
    if origin is not None and not origin.startswith(_EXTENSIONS):
        return failure(403, "Pages of the web are not answered.")
    return None


def answer(request: Request, token: str, latest: int) -> Answer:
    """The answer to a request that is not `foreign`. No play can be later than `latest`, in seconds UTC."""
    where, _, asked = request.target.partition("?")
    path = re.sub("/+", "/", where).strip("/")
    for base in _BASES:
        path = path.removeprefix(base)
    if path == "validate-token" and request.method == "GET":
        return _validated(_given(request), token)
    calls = {method: handle for method, pattern, handle in _CALLS if pattern.fullmatch(path)}
    if not calls:
        return failure(404, "There is no such call here.")
    if request.method not in calls:
        return failure(405, f"That is asked by {' or '.join(calls)}.")
    return refused(request, token) or calls[request.method](request, _query(asked), latest)


def refused(request: Request, token: str) -> Answer | None:
    """Why a request is not let in; null if it has the token."""
    given = _given(request)
    if given is None:
        return failure(401, "You need to provide an Authorization header.")
    if not _is(given, token):
        return failure(401, "Invalid authorization token: `discover listen --how` prints the one to use.")
    return None


def _query(asked: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(asked).items()}


def _given(request: Request) -> str | None:
    """The token: the second word of the header, whatever the first one is, as ListenBrainz reads it."""
    words = request.headers.get("authorization", "").split()
    return words[1] if len(words) > 1 else _query(request.target.partition("?")[2]).get("token")


def _is(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), token.encode())


def _validated(given: str | None, token: str) -> Answer:
    if given is None:
        return failure(400, "You need to provide an Authorization header.")
    if _is(given, token):
        return Answer(200, {"code": 200, "message": "Token valid.", "valid": True, "user_name": USER})
    return Answer(200, {"code": 200, "message": "Token invalid.", "valid": False})


# -- reports -------------------------------------------------------------------------------------------


def _submit(request: Request, query: Mapping[str, str], latest: int) -> Answer:
    try:
        submission = _decoded(_submission, request.body)
    except _BROKEN as error:
        return failure(400, f"This is not a submission of listens: {error}.")
    if submission.listen_type not in ("single", "playing_now", "import"):
        return failure(400, "`listen_type` is single, playing_now or import.")
    listens = [listen for raw in submission.payload if (listen := _read(raw)) is not None]
    client = _client(request.headers, listens)
    if submission.listen_type == "playing_now":
        # Not a play: the song may be skipped, and a play is reported later. It has no date.
        listens = [msgspec.structs.replace(listen, listened_at=latest) for listen in listens]
    plays = [play for listen in listens if (play := _play(listen, latest)) is not None]
    if submission.listen_type == "playing_now":
        named = {"recording_msid": _no_id()} if query.get("return_msid") else {}
        playing = (plays[0].artist, plays[0].title) if plays else None
        return Answer(200, {**_OK, **named}, Report(client, playing=playing))
    # Some send what was just played as an import, of one.
    return Answer(200, _OK, Report(client, tuple(plays), single=len(plays) == 1))


def _read(raw: msgspec.Raw) -> Listen | None:
    """One listen of a batch; null where it is not one."""
    try:
        return _listen.decode(raw)
    except _BROKEN:
        pass
    try:
        return _listen.decode(msgspec.json.encode(_without_details(msgspec.json.decode(raw))))
    except _BROKEN:
        return None


def _without_details(listen: Any) -> Any:
    """A listen with names and time only."""
    track = listen.get("track_metadata") if isinstance(listen, dict) else None
    if not isinstance(track, dict):
        return None
    names = {key: track[key] for key in ("artist_name", "track_name") if key in track}
    return {"listened_at": listen.get("listened_at"), "track_metadata": names}


def _play(listen: Listen, latest: int) -> Play | None:
    play = submitted(listen)
    if not isinstance(play, Play):
        return None
    play.artist, play.title = play.artist.strip(), play.title.strip()
    # Some stamp the start, some the moment they send it, some the end.
    play.basis = UNKNOWN
    return dated(play, latest)


def dated(play: Play, latest: int) -> Play:
    """The play, without an impossible time."""
    if play.started_at is not None and not EARLIEST <= play.started_at <= latest:
        play.started_at = None
    return play


def _client(headers: Mapping[str, str], listens: Sequence[Listen]) -> str:
    """The client's name."""
    track = listens[0].track_metadata if listens else None
    said = (track and track.additional_info and track.additional_info.submission_client) or ""
    for name in (said, headers.get("user-agent", "").partition("/")[0]):
        if found := _CLIENT.match(name.strip()):
            return found[0].strip().casefold() or "unknown"
    return "unknown"


def _judge(request: Request, _query: Mapping[str, str], _latest: int) -> Answer:
    try:
        report = _decoded(_feedback, request.body)
    except _BROKEN as error:
        return failure(400, f"This is not feedback on a recording: {error}.")
    pairs = (("mb_recording", report.recording_mbid), ("lb_msid", report.recording_msid))
    ids: Ids = tuple((scheme, value) for scheme, value in pairs if value and len(value) <= MAX_ID)
    if not ids or report.score not in (-1, 0, 1):
        return failure(400, "A recording's id and a score of -1, 0 or 1 belong here.")
    verdict = {1: "like", -1: "hide", 0: None}[report.score]
    return Answer(200, _OK, Report(_client(request.headers, ()), verdicts=(Verdict(verdict, ids),)))


def _delete(_request: Request, _query: Mapping[str, str], _latest: int) -> Answer:
    """The history is deleted by the person, not by a program that has the token to add to it; who asks is told."""
    return failure(403, "Plays are deleted in discover alone: discover forget --help.")


# -- queries --------------------------------------------------------------------------------------------


def _no_id() -> str:
    """An id that names nothing."""
    return "00000000-0000-0000-0000-000000000000"


_Handle = Callable[[Request, Mapping[str, str], int], Answer]


def _nothing(document: Mapping[str, Any]) -> _Handle:
    return lambda _request, _query, _latest: Answer(200, document)


_NO_LISTENS = {"count": 0, "user_id": USER, "latest_listen_ts": 0, "oldest_listen_ts": 0, "listens": []}
_NOT_PLAYING = {"count": 0, "user_id": USER, "playing_now": True, "listens": []}
_NEVER = {"musicbrainz_id": USER, "latest_import": 0, "status": {"status": "", "count": 0}, "error": None}
_CALLS: tuple[tuple[str, re.Pattern[str], _Handle], ...] = tuple(
    (method, re.compile(path), handle)
    for method, path, handle in (
        ("POST", "submit-listens", _submit),
        ("POST", "feedback/recording-feedback", _judge),
        ("POST", "delete-listen", _delete),
        # What looks for a recording's id finds none; a refusal would make it ask again.
        ("GET", "metadata/lookup", _nothing({})),
        ("GET", "user/[^/]+/listens", _nothing({"payload": _NO_LISTENS})),
        ("GET", "user/[^/]+/playing-now", _nothing({"payload": _NOT_PLAYING})),
        ("GET", "user/[^/]+/listen-count", _nothing({"payload": {"count": 0}})),
        ("GET", "latest-import", _nothing(_NEVER)),
        ("POST", "latest-import", _nothing(_OK)),
        ("POST", "playing-now/delete", _nothing(_OK)),
    )
)
