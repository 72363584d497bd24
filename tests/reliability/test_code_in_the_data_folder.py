"""A data folder is synced, restored and shared: nothing in it is run, whatever it is called.

What a training loads is asked of the system, so the names planted here are those it looks for, however it is built.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.session import Session
from tests.support.communities import write_community
from tests.support.importing import START, lastfm, write
from tests.support.models import names

_ROOT = Path(__file__).parents[2]
_COMMANDS = (["train", "--factors", "8", "--no-tune"], ["recommend", "--json"], ["doctor"])
# Runs the commands, and writes what was loaded: libraries asked for, what is mapped to run, modules of Python.
_CHILD = """
import json, os, sys
asked = []
def heard(event, arguments):
    if event == "ctypes.dlopen":
        asked.append(str(arguments[0]))
sys.addaudithook(heard)
sys.path.append(sys.argv[2])
from tuiapp.cli.main import run
for command in json.loads(sys.argv[3]):
    assert run(["--data-dir", os.getcwd(), "--quiet", *command]) == 0, command
with open("/proc/self/maps") as lines:
    mapped = [line.split(None, 5)[5].rstrip() for line in lines if line.count("/") and "x" in line.split()[1]]
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
with open(sys.argv[1], "w") as out:
    json.dump([asked, mapped, files, sorted(sys.modules)], out)
"""
_PAYLOAD = """
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void ran(void) { close(open(%s, O_CREAT | O_WRONLY, 0600)); }
"""


@dataclass(frozen=True)
class Loaded:
    asked: list[str]
    mapped: list[str]
    files: list[str]
    modules: list[str]


def trained(folders: Folders, report: Path) -> Loaded:
    """Train there, with the data folder as where one is, and say what was loaded."""
    child = [sys.executable, "-P", "-c", _CHILD, str(report), str(_ROOT), json.dumps(_COMMANDS)]
    done = subprocess.run(child, cwd=folders.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return Loaded(*json.loads(report.read_text()))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="what is mapped is asked of Linux")
def test_no_library_and_no_module_planted_in_the_data_folder_is_ever_run(tmp_path: Path) -> None:
    compiler, marker = shutil.which("cc") or shutil.which("gcc"), tmp_path / "ran"
    if compiler is None:
        pytest.skip("there is no C compiler to make a library with")
    with Session(Folders(tmp_path / "data")) as session:
        folders = session.folders
        session.packs.add(write_community(tmp_path / "camps", artists=names(60)))
        plays = [(START + 900 * n, (name, f"Song {n}")) for n, name in enumerate(names(60)[:12])]
        session.history.import_paths([write(tmp_path, "plays.csv", lastfm(*plays))])
    first = trained(folders, tmp_path / "first.json")
    assert first.mapped
    assert first.modules

    source, library = tmp_path / "payload.c", tmp_path / "payload.so"
    source.write_text(_PAYLOAD % json.dumps(str(marker)))
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    subprocess.run(
        [sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", library], check=True
    )
    assert marker.exists(), "what is planted would show that it ran"
    marker.unlink()

    libraries = {Path(path).name for path in (*first.asked, *first.mapped) if ".so" in path}
    libraries |= {path.name for path in (_ROOT / "engine").rglob("*.so")}
    assert libraries
    modules = {name.partition(".")[0] for name in first.modules} | {"sitecustomize", "usercustomize"}
    places = [folders.root, folders.cache, folders.cache / "kernels", folders.root / "__pycache__"]
    places += [path for path in folders.root.rglob("*") if path.is_dir()]
    planted: list[Path] = []
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
        planted += [place / name for name in libraries]
    for path in planted:
        path.write_bytes(library.read_bytes())
        path.chmod(0o700)
    for name in modules - {"__main__"}:
        (folders.root / f"{name}.py").write_text(f"open({str(marker)!r}, 'w')\n")

    second = trained(folders, tmp_path / "second.json")
    assert not marker.exists()
    of_the_data = [
        path for path in (*second.asked, *second.mapped, *second.files) if path.startswith(str(folders.root))
    ]
    assert of_the_data == []
