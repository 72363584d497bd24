"""Files are measured once, what was measured stays, and lists are made of it that players play."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.audio import measure as measuring
from engine.audio.decode import NEEDS_FFMPEG, UNREADABLE, decode
from engine.audio.measure import CRASHED, listen, measure, measured_apart
from engine.audio.tempo import RATE
from engine.errors import CancelledError, DiscoverError, NothingYetError, PrivateSessionError
from engine.paths import Folders
from engine.playlists.contexts import context_named
from engine.session import Session
from engine.store.music_files import SOUND_VERSION, Measured, MusicFile, unmeasured
from tests.support.audio import clicks, id3, loop, measured_here, touched, wav
from tests.support.listens import play

# The sounds are made and measured once, not once a worker.
pytestmark = pytest.mark.xdist_group("measure")

TEMPOS = (80, 85, 168, 170)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Click tracks and loops of known tempo, one with a tag of another octave, noise, silence, a scrap, and damage."""
    folder = tmp_path_factory.mktemp("made") / "Music"
    for number, bpm in enumerate(TEMPOS):
        made = clicks if number % 2 else loop
        tags = {"TPE1": f"Artist {number}", "TIT2": f"Beat {bpm}"} | ({"TBPM": "85"} if bpm == 170 else {})
        wav(folder / f"{bpm}.wav", made(bpm, 65.0), tags=tags)
    rng = np.random.default_rng(0)
    wav(folder / "Noise - White.wav", rng.normal(0, 0.2, 10 * RATE))
    wav(folder / "Silence - Long.wav", np.zeros(10 * RATE))
    wav(folder / "Scrap - Short.wav")
    whole = (folder / "80.wav").read_bytes()
    (folder / "Cut - Off.wav").write_bytes(whole[:4000])
    (folder / "Torn - Apart.mp3").write_bytes(id3({"TPE1": "Torn", "TIT2": "Apart"}) + rng.bytes(9_000))
    return folder


@pytest.fixture(scope="module")
def session(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """All of it added and measured in this process, two of the tracks played."""
    with Session(Folders(tmp_path_factory.mktemp("measured") / "data")) as opened:
        opened.music.add(music)
        for number in (0, 1):
            play(opened.library.connection, f"Artist {number}", f"Beat {TEMPOS[number]}", 1_700_000_000)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(measuring, "measured_apart", measured_here)
            opened.measured = opened.music.measure()  # type: ignore[attr-defined]  # for the first test
        yield opened


def test_each_file_has_the_tempo_it_was_made_at_or_none(session: Session, music: Path) -> None:
    report = session.measured  # type: ignore[attr-defined]  # made by the first test
    torn = str(music / "Torn - Apart.mp3")
    # Without ffmpeg nobody knows that nothing reads it, so it is asked again.
    reason, again = (UNREADABLE, []) if shutil.which("ffmpeg") else (NEEDS_FFMPEG, [torn])
    assert (report.measured, report.with_tempo, report.left_out) == (8, 4, {reason: [torn]})
    assert [file.path for file in unmeasured(session.library.connection)] == again
    rows = session.library.connection.execute("SELECT path, tag_bpm, bpm, other_bpm FROM music_files")
    for path, _tag, bpm, other in rows:
        wanted = Path(path).stem
        if wanted.isdigit():
            assert any(
                abs(one * f / float(wanted) - 1) < 0.02 for one in (bpm, other or bpm) for f in (0.5, 1, 2)
            )
        else:
            assert bpm is None, path
    agrees = session.music.agreement()
    assert (agrees.files, agrees.same + agrees.octave) == (1, 1)
    assert session.music.counts().with_tempo == 4


def test_a_run_at_170_is_made_of_files_and_says_where_tempo_is_from(session: Session) -> None:
    context = context_named("running")
    made = session.playlists.make(context, context.settings(bpm=170, minutes=4, new=0.5), from_library=True)
    assert made.tracks
    sources = {track.track: track.bpm_source for track in made.tracks}
    assert all((source or "").startswith(("measured", "tag")) for source in sources.values())
    for track in made.tracks:
        assert abs((track.bpm or 0) * (track.factor or 0) / 170 - 1) < 0.06
    tempos = session.packs.tempo_coverage()
    assert (tempos.tracks, tempos.with_tempo) == (2, 2)


@pytest.mark.skipif(shutil.which("mpv") is None, reason="mpv is not installed")
def test_mpv_plays_the_list_from_start_to_end(session: Session, music: Path) -> None:
    context = context_named("running")
    made = session.playlists.make(context, context.settings(bpm=170, minutes=4, new=0.5), from_library=True)
    (music / "Lists").mkdir(exist_ok=True)
    report = session.tracks.export(made.tracks, "Run", music / "Lists" / "run.m3u8")
    assert report.missing == ()
    line = [
        "mpv",
        "--no-config",
        "--load-scripts=no",
        "--no-video",
        "--ao=null",
        "--ao-null-untimed",
        "--untimed",
    ]
    done = subprocess.run(
        [*line, "--term-playing-msg=PLAYED ${path}", "run.m3u8"],
        cwd=music / "Lists",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    played = [line.removeprefix("PLAYED ") for line in done.stdout.splitlines() if line.startswith("PLAYED ")]
    names = [track.track.removeprefix("Beat ") + ".wav" for track in made.tracks]
    assert [Path(path).name for path in played] == names
    assert (done.returncode, "Exiting... (End of file)" in done.stdout) == (0, True)


def test_only_new_and_changed_files_are_measured_again(music: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Music"
    folder.mkdir()
    for name in ("85.wav", "Noise - White.wav"):
        shutil.copy2(music / name, folder / name)
    heard: list[str] = []

    def hear(
        files: list[MusicFile], _workers: int, cancelled: measuring.Cancelled
    ) -> Iterator[tuple[MusicFile, Measured]]:
        for file in files:
            if cancelled():
                raise CancelledError("stopped")
            heard.append(Path(file.path).name)
            yield file, Measured(85.0)

    with Session(Folders(tmp_path / "data")) as session:
        connection = session.library.connection
        with pytest.raises(NothingYetError):
            session.music.measure()
        session.music.add(folder)
        asked = iter([False, True])
        with pytest.raises(CancelledError):
            measure(connection, 1, cancelled=lambda: next(asked), how=hear)
        measure(connection, 1, how=hear)
        assert heard == ["85.wav", "Noise - White.wav"]
        measure(connection, 1, how=hear)
        touched(folder / "85.wav")
        session.music.scan()
        measure(connection, 1, how=hear)
        assert heard[2:] == ["85.wav"]
        connection.execute("UPDATE music_files SET measured = ?", (SOUND_VERSION - 1,))
        assert [one.measured for one in session.music.folders()] == [0]
        measure(connection, 1, how=hear)
        assert (len(heard), [one.measured for one in session.music.folders()]) == (5, [2])


def test_a_private_session_measures_nothing(tmp_path: Path) -> None:
    Session(Folders(tmp_path / "data")).close()
    with Session(Folders(tmp_path / "data"), private=True) as private, pytest.raises(PrivateSessionError):
        private.music.measure()


def test_without_the_package_it_says_what_to_install(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(DiscoverError, match="discover-music\\[audio\\]"):
        session.music.measure()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_what_libsndfile_does_not_read_ffmpeg_does(music: Path, tmp_path: Path) -> None:
    other = tmp_path / "-a b.m4a"
    subprocess.run(["ffmpeg", "-v", "error", "-i", music / "85.wav", f"file:{other}"], check=True)
    assert len(decode(str(other), 65.0)) == pytest.approx(60 * RATE, rel=0.01)
    # A list that leads elsewhere is no sound, and is not followed.
    (tmp_path / "list.m4a").write_text("#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n")
    assert listen(str(tmp_path / "list.m4a"), None) == UNREADABLE


def test_without_ffmpeg_it_says_so(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert listen(str(music / "Torn - Apart.mp3"), None) == NEEDS_FFMPEG


def _crash(path: str, _seconds: float | None) -> Measured | str:
    if "170" in path:
        import os

        os._exit(1)
    return Measured(1.0)


def test_a_file_the_decoder_dies_of_takes_no_other_with_it() -> None:
    files = [MusicFile(f"/{bpm}.wav", 1, 1) for bpm in (168, 170, 172)]
    found = dict(measured_apart(files, 1, lambda: False, _crash))
    assert {file.path: what for file, what in found.items()} == {
        "/168.wav": Measured(1.0),
        "/170.wav": CRASHED,
        "/172.wav": Measured(1.0),
    }


class _Interrupted(measuring.ProcessPoolExecutor):
    """One whose end is interrupted."""

    ended = False

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        signal.raise_signal(signal.SIGINT)
        super().shutdown(wait, cancel_futures=cancel_futures)
        type(self).ended = True


def test_a_second_interrupt_leaves_no_process_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ProcessPoolExecutor", _Interrupted)
    monkeypatch.setattr(_Interrupted, "ended", False)
    # A shell's background job is started with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(measured_apart([MusicFile("/168.wav", 1, 1)], 1, lambda: False, _crash))
    finally:
        signal.signal(signal.SIGINT, before)
    assert _Interrupted.ended


def _hang(path: str, _seconds: float | None) -> Measured | str:
    with Path(path).open("wb", buffering=0) as pipe:
        pipe.write(b"here")
        signal.pause()
    return Measured()


def _hang_apart(path: str) -> None:
    list(measured_apart([MusicFile(path, 1, 1)], 1, lambda: False, _hang))


def test_who_kills_it_leaves_no_process_behind(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    line = f"from {__name__} import _hang_apart; _hang_apart({str(pipe)!r})"
    quiet = subprocess.DEVNULL  # of semaphores the killed one left
    with (
        subprocess.Popen([sys.executable, "-c", line], stderr=quiet) as parent,
        pipe.open("rb", buffering=0) as end,
    ):
        assert end.read(4) == b"here"
        parent.kill()
        # The pipe ends when the process that has its other end does.
        assert select.select([end], [], [], 20)[0]
        assert end.read(1) == b""
