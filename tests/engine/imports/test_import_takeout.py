"""Google Takeout in the languages it ships: verbs, dates, clocks and zones, every row recognized for what it is."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from engine.imports.local_dates import LocalDates
from tests.support.exports import watched
from tests.support.importing import SONG, START, bring, listens, write

NAMES = ("Lark", "Tin Roof", "Low Tide", "Paper Kites", "Night Bus", "Slow Ferry")


def page(*cells: str, head: str = "") -> str:
    return f"<html><head>{head}</head><body>{''.join(cells)}</body></html>"


def cell(line: str, date: str, more: str = "") -> str:
    """A cell whose title replaces `{}` in `line`."""
    link = '<a href="https://music.youtube.com/watch?v=AbCdEfGhI_1">Harbour Lights</a>'
    return (
        '<div class="outer-cell mdl-cell"><div class="header-cell mdl-cell">'
        '<p class="mdl-typography--title">YouTube Music<br></p></div>'
        '<div class="content-cell mdl-cell mdl-typography--body-1">'
        f'{line.format(link)}<br><a href="https://www.youtube.com/channel/UCx">Café Tundra - Topic</a><br>'
        f"{date}<br></div>"
        f'<div class="content-cell mdl-typography--caption">{more}</div></div>'
    )


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("Watched {}", "Mar 2, 2024, 8:01:00\u202fPM CET"),
        ("Watched {}", "2 Mar 2024, 7:01:00 pm GMT"),
        ("Watched {}", "Mar. 2, 2024, 2:01:00 p.m. EST"),
        ("{} angesehen", "02.03.2024, 20:01:00 MEZ"),
        ("Vous avez regardé {}", "2 mars 2024, 20:01:00 CET"),
        ("Vous avez regardé {}", "2 mars 2024, 14 h 01 min 00 s HNE"),
        ("Has visto {}", "2 mar 2024, 20:01:00 CET"),
        ("Viste {}", "2 mar 2024, 1:01:00 p.m. GMT-6"),
        ("Assistiu a {}", "2 de mar. de 2024, 16:01:00 BRT"),
        ("Hai guardato {}", "2 mar 2024, 20:01:00 CET"),
        ("{} bekeken", "2 mrt 2024, 20:01:00 CET"),
        ("Så {}", "2. mar. 2024 20.01.00 CET"),
        ("Katsottu {}", "2.3.2024 klo 21.01.00 UTC+2"),
        ("Просмотрено {}", "2 мар. 2024 г., 22:01:00 MSK"),
        ("{} を視聴しました", "2024/03/03 4:01:00 JST"),
        ("{} 을(를) 시청했습니다.", "2024. 3. 3. 오전 4:01:00 KST"),
        ("已观看 {}", "2024年3月3日 GMT+8 03:01:00"),
        ("已觀看 {}", "2024年3月3日 凌晨3:01:00 [CST]"),
        ("تمت مشاهدة {}", "\u200f٠٢\u200f/٠٣\u200f/٢٠٢٤، ١٠:٠١:٠٠ م GMT+3"),
        ("{} izlendi", "2 Mar 2024 22:01:00 TRT"),
        ("צפית ב-{}", "2 במרץ 2024, 21:01:00 IST"),
        ("ดู {}", "3 มี.ค. 2567 02:01:00 ICT"),
        ("Đã xem {}", "02:01:00 GMT+7 3 thg 3, 2024"),
        ("{} देखा", "3 मार्च 2024, 12:31:00 am IST"),
        ("Zhlédli jste {}", "2. 3. 2024 20:01:00 SEČ"),
        ("Obejrzano: {}", "2 mar 2024, 20:01:00 CET"),
        ("Megnézve: {}", "2024. márc. 2. 20:01:00 CET"),
        ("Je hebt {} bekeken", "2 mrt 2024, 20:01:00 CET"),
        ('Вы посмотрели видео "{}"', "2 мар. 2024 г., 22:01:00 MSK"),
        ("觀看了「{}」", "2024年3月3日凌晨3:01:00 [CST]"),
        ("{} を視聴しました", "2024年3月3日午前4:01:00 JST"),
        ("已观看 {}", "2024年3月3日 GMT+05:30 00:31:00"),
        ("Så {}", "3. mar. 2024 00.31.00 GMT+05:30"),
        ("{}", "2 Mawrth 2024, 19:01:00 GMT"),
        ("{}", "2 Márta 2024, 19:01:00 GMT"),
        ("{}", "ମାର୍ଚ୍ଚ 3, 2024, 12:31:00 AM GMT+5:30"),
        ("{}", "2024 মাৰ্চ 2, অপৰাহ্ন 7.01.00 GMT"),
        ("Words of no language known {}", "3 mars 2024 00:31:00 GMT+05:30"),
    ],
)
def test_takeout_pages_of_every_language(
    db: sqlite3.Connection, tmp_path: Path, line: str, date: str
) -> None:
    report = bring(db, write(tmp_path, "watch-history.html", page(cell(line, date))))
    assert [row[:3] for row in listens(db)] == [(START, *SONG)], date
    assert report.files[0].read == 1
    assert report.files[0].note == ""


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("7 ago 2024, 22:11:49 CEST", 1723061509),
        ("2 août 2024, 20:01:00 CEST", 1722621660),
        ("12 lip 2024, 12:00:00 UTC", 1720785600),
        ("12. lip 2024. 12:00:00 UTC", 1718193600),
        ("Jan 1, 2024, 12:00:00 AM NZDT", 1704020400),
        ("Jan 1, 2024, 12:00:00 PM SGT", 1704081600),
        ("31. apr. 2024 20:00:00 UTC", None),
        ("2 Smarch 2024 20:00:00 UTC", None),
        ("2024年3月2日下午8:01:00 CST", 1709380860),
        ("2024年3月2日午後8時01分00秒 JST", 1709377260),
        ("Mar 2, 2024", None),
    ],
)
def test_local_dates(text: str, at: int | None) -> None:
    assert LocalDates().read(text) == at


def test_a_zone_nobody_knows_is_said(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "watch-history.html", page(cell("Watched {}", "Mar 2, 2024, 7:01:00 PM XQT")))
    [file] = bring(db, path, dry_run=True).files
    assert "XQT (1)" in file.note
    assert "--zone" in file.note
    [file] = bring(db, path, zone="Asia/Tokyo").files
    assert file.note == ""
    assert listens(db)[0][0] == START - 9 * 3600


def test_an_ambiguous_abbreviation_is_that_of_the_zone_named(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "watch-history.html", page(cell("Watched {}", "Mar 3, 2024, 3:01:00 AM CST")))
    bring(db, path, zone="Asia/Shanghai")
    assert listens(db)[0][0] == START


def test_the_head_of_a_page_is_not_a_row(db: sqlite3.Connection, tmp_path: Path) -> None:
    style = "<style>.mdl-typography--title{color:red}.header-cell{margin:0}</style>"
    [file] = bring(
        db,
        write(tmp_path, "a.html", page(cell("Watched {}", "Mar 2, 2024, 8:01:00 PM CET"), head=style)),
    ).files
    assert (file.read, file.kept, file.dropped) == (1, 1, {})


def test_an_advert_is_one_in_its_language_too(db: sqlite3.Connection, tmp_path: Path) -> None:
    kept = "<b>Warum?</b><br>&emsp;Diese Aktivität wurde in deinem Google-Konto gespeichert."
    [file] = bring(
        db,
        write(
            tmp_path,
            "a.html",
            page(
                cell("{} angesehen", "02.03.2024, 20:01:00 MEZ", kept),
                cell(
                    "{} angesehen",
                    "02.03.2024, 20:09:00 MEZ",
                    "<b>Details:</b><br>&emsp;Von Google Anzeigen<br>",
                ),
            ),
        ),
    ).files
    assert (file.kept, file.dropped) == (1, {"advert": 1})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Watched ", ""),
        ("Has visto ", ""),
        ("Assistiu a ", ""),
        ("Hai guardato ", ""),
        ("", " bekeken"),
        ("", " angesehen"),
        ("", " を視聴しました"),
        ("Просмотрено ", ""),
        ("Je hebt ", " bekeken"),
        ("Je hebt naar ", " gekeken"),
        ("تمت مشاهدة ", " ."),
        ('Вы посмотрели видео "', '"'),
        ("觀看了「", "」"),
        ("观看了", ""),
        ("已觀看《", "》"),
        ("Vous avez regarde\u0301\u202f", ""),
        ("\u200fتمت مشاهدة\u200f ", ""),
        ("Unbekannt gesehn: ", ""),
    ],
)
def test_one_odd_row_takes_the_verb_from_no_other(
    db: sqlite3.Connection, tmp_path: Path, before: str, after: str
) -> None:
    rows = [
        watched(f"{before}{name}{after}", f"2024-03-02T1{number}:01:00Z", "Café Tundra - Topic")
        for number, name in enumerate(NAMES)
    ]
    rows += [
        {
            **watched("Viewed a post by Lark", "2024-03-02T09:00:00Z"),
            "titleUrl": "https://www.youtube.com/post/Ugk",
        },
        {
            **watched("Searched for lark", "2024-03-02T08:00:00Z"),
            "titleUrl": "https://www.youtube.com/results?search_query=lark",
        },
        {
            **watched("Visited Lark", "2024-03-02T07:00:00Z"),
            "titleUrl": "https://music.youtube.com/channel/UCx",
        },
        watched("Liked Tin Roof", "2024-03-02T06:00:00Z", "Café Tundra - Topic"),
        watched("Answered a question of Tin Roof", "2024-03-02T05:00:00Z", "Café Tundra - Topic"),
    ]
    [file] = bring(db, write(tmp_path, "watch-history.json", rows)).files
    assert {row[2] for row in listens(db)} == set(NAMES)
    assert file.dropped == {
        "post": 1,
        "search": 1,
        "visit of a channel or page": 1,
        "a like, not a play": 1,
        "other activity": 1,
    }


@pytest.mark.parametrize(
    "line",
    [
        "{} izlənildi",
        "{} katsottiin",
        "Je hebt naar {} gekeken",
        "Ви дивилися відео {}",
        "را تماشا کردید {}",
        "Megtekintette a következőt: {}",
        "تمت مشاهدة {} .",
        "Anda telah menonton {}",
        "Du har set {}",
        "Du har sett {}",
        "Du har sett på {}",
        "ดู {} แล้ว",
        "Du har tittat på {}",
    ],
)
def test_a_single_row_has_its_verb_taken(db: sqlite3.Connection, tmp_path: Path, line: str) -> None:
    row = watched(line.format("Lark"), "2024-03-02T19:01:00Z", "Café Tundra - Topic")
    bring(db, write(tmp_path, "watch-history.json", [row]))
    assert [one[2] for one in listens(db)] == ["Lark"]


def test_a_verb_longer_than_the_one_known_is_taken_as_a_whole(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [
        watched(
            f"Har tittat på klippet {name} nyss", f"2024-03-02T1{number}:01:00Z", f"Ida {number % 3} - Topic"
        )
        for number, name in enumerate(NAMES)
    ]
    bring(db, write(tmp_path, "watch-history.json", rows))
    assert {one[2] for one in listens(db)} == {*NAMES}


def test_titles_of_one_channel_may_begin_alike(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [
        watched(f"Watched Suite No. 1: {name}", f"2024-03-02T1{number}:01:00Z", "Ida - Topic")
        for number, name in enumerate(NAMES)
    ]
    bring(db, write(tmp_path, "watch-history.json", rows))
    assert {one[2] for one in listens(db)} == {f"Suite No. 1: {name}" for name in NAMES}


@pytest.mark.parametrize(
    "address", ["https://www.youtube.com/shorts/AbCdEfGhI_1", "https://youtu.be/AbCdEfGhI_1", ""]
)
def test_the_verb_goes_whatever_leads_to_the_video(
    db: sqlite3.Connection, tmp_path: Path, address: str
) -> None:
    row = {**watched("Hai guardato Lark", "2024-03-02T19:01:00Z", "Café Tundra - Topic"), "titleUrl": address}
    bring(db, write(tmp_path, "watch-history.json", [row]))
    assert [one[2] for one in listens(db)] == ["Lark"]


def test_what_cannot_be_read_keeps_its_place(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [
        watched(f"Watched {name}", f"2024-03-02T1{number}:01:00Z", "Ida - Topic")
        for number, name in enumerate(NAMES)
    ]
    text = json.dumps(rows[:3])[:-1] + ', "no row", ' + json.dumps(rows[3:])[1:-40]
    [file] = bring(db, write(tmp_path, "watch-history.json", text)).files
    assert (file.read, file.kept, file.dropped) == (7, 5, {"unreadable record": 2})
    assert file.first_at == {"unreadable record": 4}
    assert file.note.startswith("cut off after record 6")


@pytest.mark.parametrize("channel", ["Music Library Uploads", "Release - Topic", "Release – Thema"])
def test_a_channel_that_is_nobodys_is_not_an_artist(
    db: sqlite3.Connection, tmp_path: Path, channel: str
) -> None:
    rows = [
        watched(f"Watched {title}", f"2024-03-02T19:{minute}:00Z", channel)
        for title, minute in (("Harbour Lights", "01"), (" – ".join(SONG), "11"))
    ]
    path = write(tmp_path, "watch-history.json", rows)
    assert bring(db, path).files[0].dropped == {"no artist in the file": 1}
    assert [row[:3] for row in listens(db)] == [(START + 600, *SONG)]
    # The library of the same Takeout says whose it is.
    songs = f"Video ID,Song Title,Album Title,Artist Name 1\nAbCdEfGhI_1,{SONG[1]},,{SONG[0]}\n"
    bring(db, write(tmp_path, "more/watch-history.json", rows[:1]), write(tmp_path, "more/songs.csv", songs))
    assert [row[:3] for row in listens(db)] == [(START, *SONG), (START + 600, *SONG)]
