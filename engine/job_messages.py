"""What the app sends a job, and what the job reports at its end, as JSON has it (`engine.job`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict, final

from engine.canonical_keys import Level


class Ended(TypedDict):
    """A job's last message: `result` if it is done, `message` and the error's class (`kind`) if it failed."""

    type: Literal["done", "error", "cancelled"]
    result: NotRequired[Any]
    message: NotRequired[str]
    exit_code: NotRequired[int]
    kind: NotRequired[str]


# -- import ----------------------------------------------------------------------------------------------------------


class ImportedFile(TypedDict):
    """One file, as `engine.imports.report.FileReport` describes it."""

    path: str
    root: str
    format: str | None
    read: int
    kept: int
    duplicates: int
    dropped: dict[str, int]
    first_at: dict[str, int]
    undated: int
    unread: bool
    note: str


class ImportTotals(TypedDict):
    """Sums over all files."""

    read: int
    kept: int
    duplicates: int
    dropped: dict[str, int]


class Imported(TypedDict):
    """An import, as `engine.imports.report.Report` describes it."""

    files: list[ImportedFile]
    totals: ImportTotals
    first: int | None
    last: int | None
    artists: int
    tracks: int
    no_backup: str


# -- add, look, fetch, update ----------------------------------------------------------------------------------------


class KnownOf(TypedDict):
    """How many of the person's artists a pack knows, and tracks if it is of tracks."""

    artists: int
    of: int
    tracks: NotRequired[int]
    of_tracks: NotRequired[int]
    plays_share: float


class DescribedPack(TypedDict):
    """A pack, as `engine.community.packs.PackInfo` describes it, with what it knows of the person's music; null if
    it has no listeners."""

    name: str
    kind: str
    level: str
    listeners: int
    items: int
    interactions: int
    source: str
    date: str
    bytes: int
    collected: str
    licence: str
    checked: str
    known: KnownOf | None


class UnusableLines(TypedDict):
    """Lines of a pack's files that could not be used, and entries of others, by reason, with the first of them."""

    pack: str
    count: int
    reasons: dict[str, int]
    entries: dict[str, int]
    first: list[dict[str, Any]]


class LeftOut(TypedDict):
    """What could not be used of data that was added."""

    left_out: list[str]
    bad_lines: list[UnusableLines]


class TempoKnown(TypedDict):
    """How many of the person's tracks there are, those found in the features, and those with a tempo."""

    tracks: int
    matched: int
    with_tempo: int


class AddedData(LeftOut):
    """Community data that was added."""

    packs: list[DescribedPack]
    tempo: TempoKnown


class Offered(TypedDict):
    """A download in words, and whether it is newer than the pack it would update."""

    said: str
    newer: bool


class Updated(TypedDict):
    """What is new in a pack, in words, and whether training again is worth it."""

    pack: str
    said: str
    rebuild: bool
    newer: bool


# -- models ----------------------------------------------------------------------------------------------------------

# "from", a keyword of Python: the name of the file it came from.
DescribedModel = TypedDict(
    "DescribedModel",
    {
        "name": str,
        "level": Level,
        "items": int,
        "listeners": int,
        "factors": int,
        "trained": str,
        "source": str,
        "collected": str,
        "bytes": int,
        "digest": str,
        "from": str,
        "added": str,
    },
)


class AddedModel(DescribedModel):
    """A model that was added, and whether it was in use already."""

    already: bool


class ExportedModel(TypedDict):
    """The file a model was written to."""

    file: str
    bytes: int
    sha256: str


# -- music -----------------------------------------------------------------------------------------------------------


@final
class FoundMusic(TypedDict):
    """What a scan found: files, and the files left out by reason; of the history's tracks those with a file."""

    files: int
    left_out: dict[str, list[str]]
    unmeasured: int
    matched: int
    tracks: int


class MeasuredFiles(TypedDict):
    """Files whose tempo was measured, and those left out by reason."""

    measured: int
    with_tempo: int
    left_out: Mapping[str, Sequence[str]]


@final
class MeasuredTempo(TypedDict):
    """The measurement, and how well it agrees with the files' tags, in words."""

    tempo: MeasuredFiles
    agreement: str


# -- push, stars -----------------------------------------------------------------------------------------------------


class Login(TypedDict):
    """Who the person is on a server, and whether a password may be sent `plain`."""

    user: str
    secret: str
    plain: bool


class MatchedPlaylist(TypedDict):
    """A playlist on a server: ids of what it has, names of what it lacks, the id of an earlier list, and where a login
    would be kept."""

    playlist: str
    ids: Sequence[str]
    tracks: int
    missing: list[str]
    there: str
    address: str
    keeps: str


class ServerTask(TypedDict):
    """What to do on a server: a `service`, the addresses to try, and who is `known`, null for the stored login.

    `playlist` is for sending one, which takes what was matched, and whether to `keep` the login.
    """

    service: str
    known: Login | None
    places: NotRequired[Sequence[str]]
    playlist: NotRequired[str]
    ids: NotRequired[Sequence[str]]
    tracks: NotRequired[int]
    missing: NotRequired[list[str]]
    there: NotRequired[str]
    address: NotRequired[str]
    keeps: NotRequired[str]
    keep: NotRequired[bool]


class SentPlaylist(TypedDict):
    """How many tracks were sent."""

    sent: int


class TakenStars(TypedDict):
    """What is starred on a server, how much of it is new and became likes, and where a login would be kept."""

    stars: int
    new: int
    likes: int
    address: str
    keeps: str
