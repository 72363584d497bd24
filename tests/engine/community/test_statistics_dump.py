"""Fetching ListenBrainz' statistics from a made-up server: which dump is taken, what breaks, what is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.community.fetch import Web
from engine.community.listenbrainz import ARTISTS, TRACKS
from engine.community.pack import Pack
from engine.community.statistics_dump import Read, read_newest
from engine.errors import CancelledError, DiscoverError, PrivateSessionError
from engine.paths import Folders
from engine.privacy import Door
from tests.support.dump_server import CERTIFICATE, DumpServer, serving, tls
from tests.support.statistics_dump import artist, line, listeners, recording
from tuiapp.cli.main import run

STAMP, OLDER = "20261001-000002", "20260915-000002"
STAMP_FILE = f"listenbrainz-statistics-dump-{STAMP}.tar.zst"
COUNT = 60


def long_lists() -> bytes:
    """Sixty listeners of the same six artists, and each of hundreds nobody else plays: half a megabyte packed."""
    rng = np.random.default_rng(3)
    rare = b"".join(
        line(1000 + n, [artist(int(i), f"Rare {i}", 5) for i in rng.integers(9, 1 << 44, 400)])
        for n in range(COUNT)
    )
    return listeners(COUNT) + rare


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    # What follows the member is what must not be downloaded.
    rest = np.random.default_rng(4).bytes(24 << 20)
    tracks = b"".join(line(n, [recording(1, "Slow Ferry", "Snow", 4)]) for n in range(30))
    return {"artists_all_time": long_lists(), "recordings_all_time": tracks, "releases_all_time": rest}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(Folders(tmp_path / "data"))


class Waiting:
    """Notes how long one would have waited."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, seconds: float) -> None:
        self.seconds += seconds


def fetch(door: Door, server: DumpServer, **options) -> Read:
    web = Web(
        wait=options.pop("wait", Waiting()),
        cancelled=options.get("cancelled"),
        report=options.pop("report", None),
    )
    try:
        return read_newest(
            door, web, server.base, options.pop("statistics", ARTISTS), **{"min_listeners": 50, **options}
        )
    finally:
        web.close()


def right(found: Read) -> bool:
    return found.content.plays.shape == (COUNT, 6) and float(found.content.plays.sum()) == COUNT * 30


# -- which dump ---------------------------------------------------------------------------------------


def test_the_newest_is_read_only_as_far_as_its_member(server: DumpServer, door: Door, members) -> None:
    server.add(2663, OLDER, members)
    data = server.add(2679, STAMP, members)
    seen: list[tuple[int, int]] = []
    found = fetch(door, server, progress=lambda done, total: seen.append((done, total)))
    assert right(found)
    assert (found.dump.number, found.dump.day, found.content.collected) == (2679, "2026-10-01", "2026-10-01")
    assert found.download.bytes < len(data) / 4
    assert server.sent < len(data) / 2, "hung up"
    assert found.checked.startswith("Not checked against the publisher's digest: only the first ")
    assert len(found.download.sha256) == len(found.download.member_sha256) == 64
    assert found.download.etag == '"one"'
    assert seen
    assert all(0 < done <= total for done, total in seen)
    assert not door.folders.downloads.exists()


def test_it_walks_back_to_the_newest_dump_that_holds_and_says_why(server: DumpServer, door: Door) -> None:
    good = {"artists_all_time": listeners(COUNT)}
    server.add(9, "20261106-000000", None)
    server.add(8, "20261105-000000", good, digest=None)
    server.add(7, "20261104-000000", {})
    server.add(6, "20261103-000000", {"artists_all_time": listeners(49)})
    server.add(5, "20261102-000000", {"artists_all_time": listeners(COUNT)[:-30]})
    with pytest.raises(DiscoverError) as failed:
        fetch(door, server)
    said = str(failed.value)
    for text in (
        "dump 9 has no listenbrainz-statistics-dump-20261106-000000.tar.zst",
        "dump 8 has no listenbrainz-statistics-dump-20261105-000000.tar.zst.sha256",
        "dump 7: listenbrainz-statistics-dump-20261104-000000.tar.zst",
        "has 0 listeners, fewer than 50",
        "has 49 listeners, fewer than 50",
        "ends within a line",
    ):
        assert text in said
    server.add(4, "20261101-000000", good)
    server.add(3, "20261030-000000", good)
    reports: list[str] = []
    found = fetch(door, server, report=reports.append)
    assert found.dump.number == 4
    assert right(found)
    passed = [note for note in found.content.notes if note.startswith("Passed over: dump ")]
    assert [note.split()[3].rstrip(":") for note in passed] == ["9", "8", "7", "6", "5"], (
        "the pack says so, too"
    )
    assert [said.split()[3] for said in reports] == ["2026-11-04", "2026-11-03", "2026-11-02"]


def test_it_looks_at_six_dumps_and_no_more(server: DumpServer, door: Door) -> None:
    for number in range(2, 9):
        server.add(number, f"2026100{number}-000000", None)
    server.add(1, STAMP, {"artists_all_time": listeners(COUNT)})
    with pytest.raises(DiscoverError, match="no complete dump now"):
        fetch(door, server)
    assert len(server.asked("GET", "-full/")) == 6


def test_numbers_count_and_not_their_letters(server: DumpServer, door: Door) -> None:
    server.add(999, OLDER, {"artists_all_time": listeners(COUNT)})
    server.add(1000, STAMP, {"artists_all_time": listeners(COUNT)})
    assert fetch(door, server).dump.number == 1000


def test_an_archive_read_whole_is_held_against_its_digest(server: DumpServer, door: Door) -> None:
    server.add(2, STAMP, {"artists_all_time": listeners(COUNT)}, digest="0" * 64)
    server.add(1, OLDER, {"artists_all_time": listeners(COUNT)}, digest="true")
    found = fetch(door, server)
    assert found.dump.number == 1
    assert found.checked == "The archive's SHA-256 is the publisher's."


def test_tracks_are_had_the_same_way(server: DumpServer, door: Door, members) -> None:
    server.add(1, STAMP, members)
    found = fetch(door, server, statistics=TRACKS, min_listeners=30)
    assert (found.content.level, found.content.plays.shape) == ("tracks", (30, 1))


# -- what breaks --------------------------------------------------------------------------------------


def test_what_breaks_off_goes_on_where_it_stopped(server: DumpServer, door: Door, members) -> None:
    server.add(1, STAMP, members)
    server.drops = 2
    server.faults = [("cut", 100_000), ("drop",), ("busy",), ("cut", 0), ("cut", 70_001)]
    waiting = Waiting()
    found = fetch(door, server, wait=waiting)
    assert right(found)
    ranges = [headers.get("range") for headers in server.asked("GET", ".tar.zst")]
    assert ranges == [None, *["bytes=100000-"] * 4, "bytes=170001-"]
    assert all(headers["if-range"] == '"one"' for headers in server.asked("GET", ".tar.zst")[1:])
    # Twice for the handshakes; after the first break four tries, then one.
    assert waiting.seconds == (1 + 2) + (1 + 2 + 4 + 8) + 1


@pytest.mark.parametrize("etag", ['"one"', ""])
def test_a_server_without_ranges_sends_again_what_is_kept(
    server: DumpServer, door: Door, members, etag
) -> None:
    server.add(1, STAMP, members)
    server.etag = etag
    server.faults = [("cut", 300_000), ("all",)]
    assert right(fetch(door, server))


def test_handshakes_that_break_off_are_tried_again(
    door: Door, members, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    waiting = Waiting()
    with serving(tls()) as server:
        server.add(1, STAMP, members)
        server.handshakes = 3
        server.faults = [("cut", 100_000)]
        assert server.base.startswith("https:")
        found = fetch(door, server, wait=waiting)
        assert right(found)
        assert found.dump.url.startswith("https:")
        assert server.handshakes == 0
        assert waiting.seconds == (1 + 2 + 4) + 1
        server.handshakes = 6
        with pytest.raises(DiscoverError, match="can't be reached"):
            fetch(door, server, wait=waiting)
        assert server.handshakes == 0, "six tries and no more"


def test_a_certificate_that_is_not_trusted_is_said_at_once(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    waiting = Waiting()
    with serving(tls()) as server, pytest.raises(DiscoverError, match="can't be trusted"):
        fetch(door, server, wait=waiting)
    assert server.seen == []
    assert waiting.seconds == 0


def test_two_downloads_do_not_write_one_place(server: DumpServer, door: Door, members) -> None:
    server.add(1, STAMP, members)
    at_once: list[str] = []

    def another(_done: int, _total: int) -> None:
        if not at_once:
            with pytest.raises(DiscoverError) as refused:
                fetch(door, server)
            at_once.append(str(refused.value))

    assert right(fetch(door, server, progress=another))
    (said,) = at_once
    assert said.startswith(f"Process {os.getpid()} has been downloading {STAMP_FILE} since ")
    assert said.endswith("Wait for it or stop it, then try again.")
    assert len(server.asked("GET", ".tar.zst")) == 1
    assert right(fetch(door, server)), "it is free again"


def test_a_download_that_was_killed_keeps_nobody_out(server: DumpServer, door: Door, members) -> None:
    server.add(1, STAMP, members)
    server.faults = [("cut", 100_000)]
    script = (
        "import os, sys; from pathlib import Path\n"
        "from engine.community.fetch import Web; from engine.community.remote import remote_file\n"
        "from engine.paths import Folders; from engine.privacy import Door\n"
        "with remote_file(Door(Folders(Path(sys.argv[1]))), Web(), sys.argv[2]) as remote:\n"
        "    remote.read(50_000)\n"
        "    os._exit(9)\n"
    )
    (path,) = (path for path in server.files if path.endswith(".tar.zst"))
    url = server.base.removesuffix("/pub/") + path
    killed = subprocess.run([sys.executable, "-c", script, door.folders.root, url], check=False)
    assert killed.returncode == 9
    assert (door.folders.downloads / "by.json").exists()
    came = (door.folders.downloads / "part").stat().st_size
    assert came > 0
    assert right(fetch(door, server))
    assert server.asked("GET", ".tar.zst")[-1].get("range") == f"bytes={came}-"


def test_another_file_under_the_same_name_is_started_over(server: DumpServer, door: Door, members) -> None:
    data = server.add(1, STAMP, members)
    server.faults = [("cut", 300_000)]

    def changes(_seconds: float) -> None:
        if server.etag == '"one"':
            server.etag = '"two"'
            other = {**members, "artists_all_time": listeners(COUNT) + members["artists_all_time"]}
            assert server.add(1, STAMP, other) != data

    found = fetch(door, server, wait=changes)
    assert found.content.plays.shape == (2 * COUNT, 6)
    assert found.download.etag == '"two"'


def test_what_is_sent_again_is_held_against_what_is_kept(server: DumpServer, door: Door, members) -> None:
    data = server.add(1, STAMP, members)
    (path,) = (path for path in server.files if path.endswith(".tar.zst"))
    # As long, and without a mark: only the bytes tell that it is another.
    server.etag = ""
    server.files[path] = data[:299_990] + b"another" + data[299_997:]
    server.faults = [("cut", 300_000), ("all",), ("all",)]
    found = fetch(door, server, wait=lambda _: server.files.__setitem__(path, data))
    assert right(found)
    assert len(server.asked("GET", ".tar.zst")) == 3


def test_lengths_that_are_too_long_are_found_out(server: DumpServer, door: Door, members) -> None:
    small = {"artists_all_time": members["artists_all_time"]}
    server.add(1, STAMP, small)
    server.faults = [("long", 5000)]
    assert right(fetch(door, server))


def test_lengths_that_are_too_short_are_an_archive_that_ends_early(
    server: DumpServer, door: Door, members
) -> None:
    short = server.add(2, STAMP, {"artists_all_time": members["artists_all_time"]})
    server.add(1, OLDER, members)
    server.faults = [("short", len(short) // 2)]
    found = fetch(door, server)
    assert found.dump.number == 1
    assert right(found)
    (why,) = (note for note in found.content.notes if note.startswith("Passed over"))
    assert why.endswith("Is the file complete?")


def test_what_was_stopped_goes_on_in_the_next_call(server: DumpServer, door: Door, members) -> None:
    server.add(1, STAMP, members)
    stopping = [False]
    server.faults = [("cut", 200_000)]
    with pytest.raises(CancelledError):
        fetch(door, server, wait=lambda _: stopping.__setitem__(0, True), cancelled=lambda: stopping[0])
    assert (door.folders.downloads / "part").stat().st_size == 200_000
    assert right(fetch(door, server))
    assert [headers.get("range") for headers in server.asked("GET", ".tar.zst")] == [None, "bytes=200000-"]
    assert not door.folders.downloads.exists()


def test_what_is_kept_of_another_dump_is_not_gone_on_with(server: DumpServer, door: Door, members) -> None:
    server.add(1, OLDER, members)
    server.always = ("cut", 0)
    server.faults = []
    with pytest.raises(DiscoverError, match="can't be reached"):
        fetch(door, server)
    server.always = None
    server.add(2, STAMP, members)
    assert right(fetch(door, server))
    assert server.asked("GET", f"{STAMP}.tar.zst")[0].get("range") is None


def test_it_gives_up_after_six_tries_and_keeps_what_came(server: DumpServer, door: Door, members) -> None:
    server.add(1, STAMP, members)
    server.faults = [("cut", 150_000), *[("drop",)] * 6]
    waiting = Waiting()
    with pytest.raises(DiscoverError, match=r"can't be reached.* continues where it stopped"):
        fetch(door, server, wait=waiting)
    assert waiting.seconds == 1 + 2 + 4 + 8 + 16
    assert (door.folders.downloads / "part").stat().st_size == 150_000


def test_a_full_disk_is_said_before_anything_is_downloaded(server: DumpServer, door: Door, members) -> None:
    server.add(1, STAMP, members)
    with pytest.raises(DiscoverError, match=r"takes about 1\.1 GB, .* has 0\.0 GB left"):
        fetch(door, server, free=lambda _: 1000)
    assert server.asked("GET", ".tar.zst") == []


def test_nothing_is_asked_in_a_private_session(server: DumpServer, tmp_path: Path) -> None:
    with pytest.raises(PrivateSessionError):
        fetch(Door(Folders(tmp_path / "data"), private=True), server)
    assert server.seen == []


# -- the command --------------------------------------------------------------------------------------


def test_the_command_shows_what_it_is_asks_and_lists_what_is_known(
    server: DumpServer, tmp_path: Path, members, capsys: pytest.CaptureFixture[str]
) -> None:
    server.add(2679, STAMP, members)
    root = ["--data-dir", str(tmp_path / "data")]
    command = [*root, "community", "fetch", "--url", server.base, "--min-listeners", "50"]
    assert run(command) == 2
    said = capsys.readouterr().err
    for text in ("of 2026-10-01", "CC0 1.0", "sees your address", "are read", "--yes"):
        assert text in said
    assert server.asked("GET", ".tar.zst") == []
    assert run([*command, "--yes"]) == 0
    assert "Not checked against the publisher's digest" in capsys.readouterr().out
    assert run([*root, "--json", "community", "list"]) == 0
    (pack,) = json.loads(capsys.readouterr().out)["packs"]
    assert (pack["name"], pack["collected"], pack["licence"]) == ("listenbrainz", "2026-10-01", "CC0 1.0")
    manifest = Pack(tmp_path / "data" / "packs" / "listenbrainz").manifest
    assert manifest.download is not None
    assert manifest.download.url.endswith(f"{STAMP}.tar.zst")
    assert run([*root, "audit", "doctor"]) == 0
    assert manifest.download.sha256 in capsys.readouterr().out
    for _, _, headers in server.seen:
        assert set(headers) <= {"host", "user-agent", "accept-encoding", "connection", "range", "if-range"}
        assert headers["user-agent"].startswith("discover/")


def test_the_set_of_2011_says_so_wherever_it_is_named() -> None:
    from engine.community.offers import SOURCES

    old = {name: source for name, source in SOURCES.items() if source.form == "file"}
    assert old
    for name, source in old.items():
        assert all("2011" in said for said in (name, source.terms, source.title))
