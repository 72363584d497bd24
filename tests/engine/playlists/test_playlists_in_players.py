"""Lists of files, opened in real players: mpv and MPD list, and mpv plays, what was written.

They run where Debian's mpv, mpd and mpc are installed. mpv reads no XSPF.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.playlists.files import write
from engine.playlists.playlist import PlaylistTrack

MISSING = [program for program in ("mpv", "mpd", "mpc") if shutil.which(program) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING) and os.environ.get("DISCOVER_PLAYERS") != "required",
    reason=f"{', '.join(MISSING)} not installed",
)
# MPD rejects a name that begins with a blank in any list, one with a sign of URIs none in XSPF.
NAMES = ["Café Tundra/01 Harbour Lights.wav", "日本 & <b>, [it's].wav", "שלום = 1+1;.wav"]
SIGNS = ["#1 Roof?.wav", "100%25.wav"]
BLANK = " Lark.wav"


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of short files, and a list of them in each format, one track in the midst without a file."""
    folder = tmp_path_factory.mktemp("players") / "Music"
    tracks = []
    for number, name in enumerate([*NAMES, *SIGNS, BLANK]):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(file), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(800))
        tracks.append(
            PlaylistTrack(f"Artist {number}", f"Title {number}", seconds=0.05, ids=(("file", str(file)),))
        )
    tracks.insert(1, PlaylistTrack("Nobody", "Missing"))
    for ending in ("m3u8", "pls", "xspf"):
        (folder / f"list.{ending}").write_bytes(write(tracks, "Evening", ending, folder=folder).data)
    return folder


@pytest.mark.parametrize("ending", ["m3u8", "pls"])
def test_mpv_plays_every_file_of_a_list_to_its_end(music: Path, ending: str) -> None:
    levels = "all=error,cplayer=info"
    command = [
        "mpv",
        "--no-config",
        "--ao=null",
        "--untimed",
        f"--msg-level={levels}",
        f"--playlist=list.{ending}",
    ]
    ran = subprocess.run(command, cwd=music, capture_output=True, text=True, timeout=60, check=False)
    played = [
        line.removeprefix("Playing: ") for line in ran.stdout.splitlines() if line.startswith("Playing: ")
    ]
    assert [path.removeprefix("./") for path in played] == [*NAMES, *SIGNS, BLANK]
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "End of file" in ran.stdout


@pytest.fixture(scope="module")
def listed_by_mpd(music: Path) -> Iterator[Callable[[str], list[str]]]:
    """What an MPD of its own has in its queue once a list was loaded."""
    state = music.parent / "mpd"
    state.mkdir()
    (state / "conf").write_text(
        f'music_directory "{music}"\nplaylist_directory "{state}"\ndb_file "{state}/db"\n'
        f'bind_to_address "{state}/socket"\nlog_file "{state}/log"\n'
        'audio_output {\n  type "null"\n  name "null"\n  mixer_type "null"\n}\n'
    )

    def mpc(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["mpc", f"--host={state}/socket", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def listed(name: str) -> list[str]:
        assert mpc("clear").returncode == 0
        assert mpc("load", name).returncode == 0
        return mpc("playlist", "--format=%file%").stdout.splitlines()

    mpd = subprocess.Popen(["mpd", "--no-daemon", str(state / "conf")], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while mpc("version").returncode and time.monotonic() < deadline:
            time.sleep(0.05)
        assert mpc("update", "--wait").returncode == 0
        yield listed
    finally:
        mpd.terminate()
        mpd.wait(timeout=30)


@pytest.mark.parametrize(
    ("ending", "expected"), [("m3u8", [*NAMES, *SIGNS]), ("pls", [*NAMES, *SIGNS]), ("xspf", NAMES)]
)
def test_mpd_lists_every_file_of_a_list(
    listed_by_mpd: Callable[[str], list[str]], ending: str, expected: list[str]
) -> None:
    assert listed_by_mpd(f"list.{ending}") == expected
