"""Long work as a child process: its JSON lines, its exit codes, and what a signal leaves behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.session import Session
from tests.support.communities import write_community, write_playlists
from tests.support.models import names


def start(data: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "engine.job", "--data-dir", str(data), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def messages(data: Path, *arguments: str) -> tuple[list[dict], int]:
    child = start(data, *arguments)
    out, err = child.communicate(timeout=120)
    assert err == ""
    return [json.loads(line) for line in out.splitlines()], child.returncode


def test_an_import_ends_with_its_report(tmp_path) -> None:
    export = tmp_path / "plays.csv"
    export.write_text("Burel,Slow Ferry,Harbour,02 Mar 2024 19:01\nMoire,,Tin,02 Mar 2024 18:57\n")
    lines, code = messages(tmp_path / "data", "import", str(export))
    assert code == 0
    assert [message["type"] for message in lines].count("done") == 1
    assert lines[-1]["result"]["totals"] | {"dropped": {}} == {
        "read": 2,
        "kept": 2,
        "duplicates": 0,
        "dropped": {},
    }


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import", "nowhere.zip"], 1, "nowhere.zip"),
        (["train"], 3, "community"),
        (["add", "nowhere"], 1, "not exist"),
    ],
)
def test_an_expected_failure_is_one_message_with_the_contracts_code(tmp_path, arguments, code, words) -> None:
    lines, returned = messages(tmp_path / "data", *arguments)
    assert returned == code
    assert lines[-1]["type"] == "error"
    assert lines[-1]["exit_code"] == code
    assert words in lines[-1]["message"]


def test_a_pack_and_a_training_end_with_what_they_made(tmp_path) -> None:
    community = write_community(tmp_path / "camps", artists=names(60))
    lines, code = messages(tmp_path / "data", "add", str(community))
    assert (code, [pack["name"] for pack in lines[-1]["result"]["packs"]]) == (0, ["camps"])
    lines, code = messages(tmp_path / "data", "train", "--no-tune", "--iterations", "4", "--factors", "8")
    assert code == 0
    assert [model["items"] for model in lines[-1]["result"]] == [60]
    assert [message["loss"] is not None for message in lines if message.get("stage") == "training"].count(
        True
    ) == 4


def test_several_files_are_added_by_one_job_those_of_one_name_too(tmp_path) -> None:
    files = [tmp_path / place / "tempo.csv" for place in ("a", "b")]
    for number, file in enumerate(files):
        file.parent.mkdir()
        file.write_text(f"artist,track,bpm\nBurel,Song {number},120\n")
    lines, code = messages(tmp_path / "data", "add", *map(str, files))
    assert (code, lines[-1]["result"]["packs"][-1]["items"]) == (0, 1)
    assert len(lines[-1]["result"]["packs"]) == 2
    assert [message["share"] for message in lines[:-1]] == [0.5, 1.0]


def test_a_pack_of_tracks_is_trained_on_too_also_where_nothing_is_known_of_artists(tmp_path) -> None:
    data, lists = tmp_path / "data", write_playlists(tmp_path / "lists.zip")
    assert messages(data, "add", str(lists))[1] == 0
    lines, code = messages(data, "train", "--no-tune", "--iterations", "4", "--factors", "8")
    assert code == 0
    assert [model["level"] for model in lines[-1]["result"]] == ["tracks"]
    stages = {message["stage"] for message in lines if message["type"] == "progress"}
    assert "tracks, training" in stages
    assert messages(tmp_path / "none", "train")[1] == 3


def test_a_signal_stops_training_and_the_library_is_as_before(tmp_path) -> None:
    data = tmp_path / "data"
    session = Session(Folders(data))
    session.packs.add(write_community(tmp_path / "camps", artists=names(60)))
    session.close()
    child = start(data, "train", "--iterations", "200")
    assert child.stdout is not None
    assert json.loads(child.stdout.readline())["type"] == "progress"
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 130
    assert json.loads(out.splitlines()[-1]) == {"type": "cancelled"}
    session = Session(Folders(data))
    assert session.models.manifest() is None
    assert not list((data / "models").glob("*")) if (data / "models").exists() else True
    session.close()


def test_a_download_ends_with_its_pack(tmp_path) -> None:
    from tests.support.dump_server import serving
    from tests.support.statistics_dump import listeners

    with serving() as server:
        server.add(1, "20261001-000002", {"artists_all_time": listeners(60)})
        arguments = ("fetch", "artists", "--url", server.base, "--min-listeners")
        sent, code = messages(tmp_path / "data", *arguments, "60")
        assert code == 0
        (pack,) = sent[-1]["result"]["packs"]
        assert (pack["name"], pack["listeners"], pack["items"]) == ("listenbrainz", 60, 6)
        assert pack["known"] is None, "as of a file that was added; nothing was played"
        assert {message["stage"] for message in sent[:-1]} == {"downloading"}
        sent, code = messages(tmp_path / "data", *arguments, "61")
        assert (sent[-1]["type"], code) == ("error", 1)
        assert "fewer than 61" in sent[-1]["message"]
