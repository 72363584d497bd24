"""Of several tempos the one most trusted counts, and what is shown says where it is from."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import Folders
from engine.playlists.offer import offered
from engine.session import Session
from engine.store.music_files import Measured, put_measured, unmeasured
from tests.support.audio import song

PAIRS = {("slow ferry", title): title.title() for title in ("both", "measured", "tagged", "pack", "open")}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Tracks of which a tag, a measurement, or a pack tells a tempo, or several do."""
    opened = Session(Folders(tmp_path / "data"))
    for title, bpm in (("both", "90"), ("tagged", "95.5"), ("measured", ""), ("open", "")):
        song(tmp_path / "Music", "Slow Ferry", title, **({"TBPM": bpm} if bpm else {}))
    opened.music.add(tmp_path / "Music")
    heard = {
        "both": Measured(181.0, None, 4.0, -9.0, 0.1),
        "measured": Measured(120.0, None, 1.0, -20.0, 0.8),
        "open": Measured(85.0, 170.0, 2.0, -14.0, 0.5),
        "tagged": Measured(),
    }
    files = unmeasured(opened.library.connection)
    put_measured(opened.library.connection, [(file, heard[str(file.track)]) for file in files])
    table = tmp_path / "spotify.csv"
    rows = "".join(
        f"Slow Ferry,{title},{70 + n},0.9\n" for n, title in enumerate(("both", "measured", "pack"))
    )
    table.write_text(f"artist,track,tempo,energy\n{rows}")
    opened.packs.add(table, name="spotify")
    return opened


def test_a_tag_counts_before_a_measurement_and_that_before_a_pack(session: Session) -> None:
    with session.packs.features() as features:
        found = {key[1]: one for key, one in features.lookup(PAIRS, PAIRS).items()}
        assert features.sources == ("tag", "measured", "spotify")
    assert {title: (one.bpm, one.bpm_source) for title, one in found.items()} == {
        "both": (90.0, "tag"),
        "tagged": (95.5, "tag"),
        "measured": (120.0, "measured"),
        "open": (85.0, "measured, or 170"),
        "pack": (72.0, "spotify"),
    }


def test_the_second_reading_of_a_file_is_there_to_choose_by(session: Session) -> None:
    with session.packs.features() as features:
        pool = offered(session.library.connection, features, {})
    assert {one.track: (one.bpm, one.other_bpm) for one in pool} == {
        "both": (90.0, None),
        "tagged": (95.5, None),
        "measured": (120.0, None),
        "open": (85.0, 170.0),
    }


def test_how_loud_a_file_is_stands_in_for_an_unknown_energy_and_is_called_an_estimate(
    session: Session,
) -> None:
    with session.packs.features() as features:
        found = {key[1]: one for key, one in features.lookup(PAIRS, PAIRS).items()}
    assert {title: (one.energy, one.energy_estimated, one.calm) for title, one in found.items()} == {
        "both": (0.9, False, 0.1),
        "measured": (0.9, False, 0.8),
        "open": (pytest.approx(14 / 24), True, 0.5),
        "tagged": (None, False, None),
        "pack": (0.9, False, None),
    }
    with session.packs.features() as features:
        assert [
            one.energy_estimated for one in features.tracks_of(["slow ferry"]) if one.track == "open"
        ] == [True]


def test_a_packs_other_version_tells_what_a_file_does_not(session: Session, tmp_path: Path) -> None:
    song(tmp_path / "Music", "Slow Ferry", "pack (Remastered 2011)")
    session.music.scan()
    files = unmeasured(session.library.connection)
    pair = ("slow ferry", "pack remastered 2011")
    with session.packs.features() as features:
        (found,) = features.lookup([pair], {pair: "pack (Remastered 2011)"}).values()
        assert (found.bpm, found.bpm_source, found.energy) == (72.0, "spotify, another version", 0.9)
    put_measured(session.library.connection, [(one, Measured(71.0, None, 2.0, -4.0)) for one in files])
    with session.packs.features() as features:
        (found,) = features.lookup([pair], {pair: "pack (Remastered 2011)"}).values()
    assert (found.bpm, found.bpm_source, found.energy, found.energy_estimated) == (
        71.0,
        "measured",
        0.9,
        False,
    )


def test_what_was_known_of_a_folder_goes_with_it(session: Session, tmp_path: Path) -> None:
    session.music.remove(tmp_path / "Music")
    with session.packs.features() as features:
        found = features.lookup(PAIRS, PAIRS)
    assert {one.bpm_source for one in found.values()} == {"spotify"}
    assert session.music.agreement().files == 0


def test_another_version_of_a_file_lends_its_tempo(session: Session) -> None:
    pair = ("slow ferry", "tagged remastered 2011")
    with session.packs.features() as features:
        found = features.lookup([pair], {pair: "Tagged (Remastered 2011)"})
    assert (found[pair].bpm, found[pair].bpm_source) == (95.5, "tag, another version")


def test_agreement_is_reported_with_the_octave_apart(session: Session) -> None:
    agrees = session.music.agreement()
    assert (agrees.files, agrees.same, agrees.octave) == (1, 0, 1)
    assert "0 of 1 files, and on 1 more" in agrees.in_words()
