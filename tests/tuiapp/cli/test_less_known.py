"""The less known as a list of its own, what leaning to them costs, and the reasons in exports of either list."""

from __future__ import annotations

import csv
import json

import pytest

from engine.paths import Folders
from engine.session import Session
from tests.support.commands import document
from tests.support.models import names
from tuiapp.cli.main import run


def test_the_less_known_are_a_list_that_says_what_it_costs_where_that_was_measured(place, capsys) -> None:
    plain, less = document(capsys, "recommend"), document(capsys, "recommend", "--less-known")
    assert (plain["popularity"], less["popularity"], less["popularity_cost"]) == (0.0, -0.3, None)
    assert less["items"] == document(capsys, "recommend", "--popularity", "-0.3")["items"]
    assert less["items"] != plain["items"]
    file = place / "models" / "made-by-hand" / "manifest.json"
    manifest = json.loads(file.read_bytes())
    manifest["validation"] = {"ensemble": {"dial": [[-0.4, 0.8], [-0.2, 0.9], [0.0, 1.0]]}}
    file.write_text(json.dumps(manifest))
    assert document(capsys, "recommend", "--less-known")["popularity_cost"] == pytest.approx(0.15)
    assert document(capsys, "recommend", "--less-known", "--new", "0")["popularity_cost"] is None
    assert run(["recommend", "--less-known"]) == 0
    assert "Popularity -0.3: about 15 % fewer hidden favourites." in capsys.readouterr().err
    assert run(["recommend"]) == 0
    assert "hidden favourites" not in capsys.readouterr().err
    assert run(["recommend", "--less-known", "--popularity", "0.5"]) == 2


@pytest.mark.parametrize("kind", ["discover", "less-known"])
def test_exports_carry_the_reasons_of_the_list(place, tmp_path, capsys, kind) -> None:
    asked = ["--less-known"] if kind == "less-known" else []
    assert run(["recommend", "-n", "3", *asked]) == 0
    printed = capsys.readouterr().out.splitlines()[1:]
    tempos, file = tmp_path / "tempos.csv", tmp_path / "list.csv"
    tempos.write_text("artist,track,bpm\n" + "".join(f"{name},Song,150\n" for name in names(60)))
    document(capsys, "features", "add", str(tempos))
    document(capsys, "export", "--list", kind, "-n", "3", "--out", str(file))
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    assert len(rows) == 3
    for line, row in zip(printed, rows, strict=True):
        assert line.endswith(f"  {row['Reason']}")
    document(capsys, "export", "--list", f"related:{names(60)[0]}", "--out", str(file))
    assert "Reason" not in file.read_text().splitlines()[0]


def test_a_list_of_nothing_says_why(place, capsys) -> None:
    with Session(Folders(place)) as session:
        for name in names(60):
            session.verdicts.judge("hide", name)
    assert run(["recommend"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "known, hidden or blocked. --new 0.5 lists what you know too." in shown.err
    assert document(capsys, "recommend")["items"] == []
    for new, why in (
        ("0", "nothing that you know is left"),
        ("0.5", "all that is left is hidden or blocked.\n"),
    ):
        assert run(["recommend", "--new", new]) == 0
        assert f"Nothing to list: {why}" in capsys.readouterr().err
