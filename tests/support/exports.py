"""What exports of services look like, with made-up songs."""

# ruff: noqa: E501 - made-up files are kept as they would be

from __future__ import annotations

import csv
import json
import zipfile
from io import BytesIO, StringIO
from typing import Any

from tests.support.importing import (
    OTHER,
    SONG,
    START,
)

FOUR_BEFORE = START - 240


def as_csv(rows: list[dict[str, Any]]) -> str:
    """JSON rows as a table, null as an empty cell."""
    text = StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def account(end: str, song: tuple[str, str], ms: int) -> dict[str, Any]:
    return {"endTime": end, "artistName": song[0], "trackName": song[1], "msPlayed": ms}


LASTFM_FILES = {
    "headerless": (
        'Café Tundra,Slow Ferry,Harbour Lights,02 Mar 2024 19:01\nIda & the Oaks,,Tin Roof,"02 Mar 2024, 18:57"\n'
        "Ida & the Oaks,Weather Songs,Now Playing Song,\n"
    ),
    "ghan": (
        "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
        '"1709406060","02 Mar 2024, 19:01","Café Tundra","1","Slow Ferry","","Harbour Lights",""\n'
        '"1709405820","02 Mar 2024, 18:57","Ida & the Oaks","","","","Tin Roof",""\n'
        '"","","Ida & the Oaks","","","","Now, ""Playing""",""\n'
    ),
    "lastfmstats": (
        '\ufeffArtist;Album;AlbumId;Track;Date#someone\n"Café Tundra";"Slow Ferry";"";"Harbour Lights";"1709406060000"\n'
        '"Ida & the Oaks";"";"";"Tin Roof";"1709405820000"\n"X";"";"";"Y";""\n'
    ),
    "librefm": (
        "+ACM- Data export from Libre.fm,,,\nArtist,Track,Album,Time\nCafé Tundra,Harbour Lights,Slow Ferry,1709406060\n"
        "Ida & the Oaks,Tin Roof,,1709405820\nX,Y,,\n"
    ),
    "with row numbers": (
        '"","date","artist","track","album"\n"1",2024-03-02 19:01:00,"Café Tundra","Harbour Lights","Slow Ferry"\n'
        '"2",2024-03-02 18:57:00,"Ida & the Oaks","Tin Roof",""\n"3",,"X","Y",""\n'
    ),
    "tabs": (
        "Title\tArtist\tAlbum\tDate\tTimestamp\nHarbour Lights\tCafé Tundra\tSlow Ferry\t02 Mar 2024\t1709406060\n"
        "Tin Roof\tIda & the Oaks\t\t02 Mar 2024\t1709405820\nY\tX\t\t\t\n"
    ),
}


def api_track(song: tuple[str, str], uts: str | None, **keys: Any) -> dict[str, Any]:
    date = {"date": {"uts": uts, "#text": "02 Mar 2024, 19:01"}} if uts else {"@attr": {"nowplaying": "true"}}
    return {
        "artist": {"mbid": "", "#text": song[0]},
        "name": song[1],
        "album": {"#text": "Slow Ferry"},
        **date,
        **keys,
    }


PAGE = [
    api_track(OTHER, None),
    api_track(SONG, "1709406060"),
    api_track(OTHER, "1709405820", artist={"name": OTHER[0]}),
]


def brainz(at: Any, song: tuple[str, str], msid: str = "m", **keys: Any) -> dict[str, Any]:
    meta = {
        "artist_name": song[0],
        "track_name": song[1],
        "recording_msid": msid,
        "mbid_mapping": None,
        **keys,
    }
    return {"inserted_at": 1.5, "listened_at": at, "track_metadata": meta}


ACTIVITY = """Song Name,Album Name,Event Type,Event Start Timestamp,Event End Timestamp,Play Duration Milliseconds,Media Duration In Milliseconds,End Reason Type,Item Type,Media Type,UTC Offset In Seconds,Device Identifier
Harbour Lights,Slow Ferry,PLAY_END,2022-05-12T08:28:22.524Z,2022-05-12T08:31:17.441Z,174917,342000,PLAYBACK_MANUALLY_PAUSED,ITUNES_STORE_CONTENT,AUDIO,7200,secretphone
Harbour Lights,Slow Ferry,PLAY_END,2022-05-12T08:32:06.072Z,2022-05-12T08:32:15.176Z,9104,342000,SCRUB_BEGIN,ITUNES_STORE_CONTENT,,7200,secretphone
Harbour Lights,Slow Ferry,PLAY_END,2022-05-12T08:28:40.596Z,2022-05-12T08:32:15.176Z,214580,342000,SCRUB_END,ITUNES_STORE_CONTENT,AUDIO,7200,secretphone
Harbour Lights,Slow Ferry,PLAY_END,2022-05-12T08:32:15.600Z,2022-05-12T08:33:32.819Z,77219,342000,PLAYBACK_MANUALLY_PAUSED,ITUNES_STORE_CONTENT,AUDIO,7200,secretphone
Tin Roof,Weather Songs,LYRIC_DISPLAY,2022-05-12T08:40:00Z,2022-05-12T08:41:00Z,0,200000,NOT_APPLICABLE,ITUNES_STORE_CONTENT,AUDIO,7200,secretphone
Tin Roof,Weather Songs,PLAY_END,,2022-05-12T09:00:00Z,60000,200000,NATURAL_END_OF_TRACK,ITUNES_STORE_CONTENT,AUDIO,7200,secretphone
,,PLAY_END,2022-05-12T09:10:00Z,2022-05-12T09:11:00Z,60000,,,AGGREGATE_NON_CATALOG_PLAY_TIME,,7200,secretphone
"""
DAILY = """Country,Track Identifier,Media type,Date Played,Hours,Play Duration Milliseconds,End Reason Type,Source Type,Play Count,Skip Count,Ignore For Recommendations,Track Reference,Track Description
Denmark,1,AUDIO,20220512,"8, 9",261240,NATURAL_END_OF_TRACK,IPHONE,1,0,false,1,Café Tundra - Harbour Lights
Denmark,2,AUDIO,2022-05-13,"8",-4,TRACK_SKIPPED_FORWARDS,IPHONE,0,1,false,2,Ida & the Oaks - Tin Roof
"""
HISTORY = (
    '"Track Name","Last Played Date","Is User Initiated"\n'
    '"Ida & the Oaks - Tin Roof",1652346000000,true\n"Someone - Tin Roof",1652346000000,true\n'
)


def watched(title: str, time: str, channel: str | None = None, **keys: Any) -> dict[str, Any]:
    row = {
        "header": "YouTube Music",
        "title": title,
        "titleUrl": "https://music.youtube.com/watch?v=AbCdEfGhI_1",
        "time": time,
    }
    return {**row, **({"subtitles": [{"name": channel, "url": "u"}]} if channel else {}), **keys}


def cell(header: str, links: str, date: str) -> str:
    return (
        '<div class="outer-cell mdl-cell"><div class="mdl-grid"><div class="header-cell mdl-cell">'
        f'<p class="mdl-typography--title">{header}<br></p></div>'
        f'<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1">Watched&nbsp;{links}<br>{date}<br></div>'
        '<div class="content-cell mdl-cell mdl-typography--body-1 mdl-typography--text-right"></div></div></div>'
    )


ITUNES = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Major Version</key><integer>1</integer>
<key>Tracks</key><dict>
 <key>574</key><dict>
  <key>Track ID</key><integer>574</integer><key>Name</key><string>Harbour Lights</string><key>Artist</key><string>Café Tundra</string>
  <key>Album</key><string>Slow Ferry</string><key>Total Time</key><integer>228205</integer>
  <key>Play Count</key><integer>19</integer><key>Play Date UTC</key><date>2024-03-02T19:01:00Z</date><key>Loved</key><true/>
 </dict>
 <key>575</key><dict><key>Track ID</key><integer>575</integer><key>Name</key><string>Tin Roof</string>
  <key>Artist</key><string>Ida &amp; the Oaks</string></dict>
 <key>576</key><dict><key>Name</key><string>Talk</string><key>Artist</key><string>X</string><key>Podcast</key><true/></dict>
</dict>
<key>Playlists</key><array>
 <dict><key>Name</key><string>Library</string><key>Master</key><true/><key>Playlist Items</key><array><dict><key>Track ID</key><integer>574</integer></dict></array></dict>
 <dict><key>Name</key><string>Evening</string><key>Playlist Items</key><array><dict><key>Track ID</key><integer>575</integer></dict></array></dict>
</array></dict></plist>
"""
LASTFM_XML = """<?xml version="1.0" encoding="UTF-8"?>
<lfm status="ok"><recenttracks user="u" page="1" total="3">
<track nowplaying="true"><artist mbid="">Ida &amp; the Oaks</artist><name>Tin Roof</name><album mbid=""/></track>
<track><artist mbid="x">Café Tundra</artist><name>Harbour Lights</name><streamable>0</streamable><mbid>m1</mbid>
 <album mbid="">Slow Ferry</album><url>u</url><image size="small">i</image><date uts="1709406060">02 Mar 2024, 19:01</date></track>
<track><artist><name>Ida &amp; the Oaks</name><mbid/><url/><image size="small"/></artist><loved>1</loved><name>Tin Roof</name>
 <mbid/><album/><date uts="1709405820">02 Mar 2024, 18:57</date></track>
</recenttracks></lfm>
"""
ROCKBOX = (
    "#AUDIOSCROBBLER/1.1\n#TZ/UNKNOWN\n#CLIENT/Rockbox\n#ARTIST\t#ALBUM\t#TITLE\n"
    "Café Tundra\tSlow Ferry\tHarbour Lights #2\t1\t228\tL\t1709406060\t11111111-2222-4333-8444-555555555555\n"
    "Ida & the Oaks\tWeather Songs\tTin Roof\t4\t200\tS\t1709406300\t\n"
    "<Untagged>\t\tX\t\t20\tL\t1709406300\t\nshort\trow\nIda & the Oaks\t\tTin Roof\t4\t200\tL\t12\tno-uuid\n"
)


def koito(name: str) -> dict[str, Any]:
    return {
        "mbid": None,
        "aliases": [{"alias": "x", "is_primary": False}, {"alias": name, "is_primary": True}],
        "is_primary": True,
    }


SMALL: dict[str, Any] = {
    "maloja": {"maloja": {"export_time": 1}, "scrobbles": [
        {"time": START, "track": {"artists": ["B", f"{SONG[0]} • B"], "title": SONG[1], "album": {"albumtitle": "S"}, "length": 228},
         "duration": 211, "origin": "client:x"},
        {"time": FOUR_BEFORE, "track": {"artists": [OTHER[0]], "title": OTHER[1], "album": None, "length": None}, "duration": None},
    ]},
    "koito": {"version": "1", "exported_at": "2025-06-18T12:56:53Z", "user": "k", "listens": [
        {"listened_at": at, "client": "x", "track": {**koito(song[1]), "duration": 228}, "album": koito("S"), "artists": [koito(song[0])]}
        for at, song in (("2024-03-02T19:01:00Z", SONG), ("2024-03-02T18:57:00Z", OTHER))
    ]},
    "pano": "\n".join(
        json.dumps({"timeHuman": "x", "timeMs": at * 1000 + 933, "artist": song[0], "track": song[1], "album": "S",
                    "durationMs": 228205, "event": event})
        for at, song, event in ((START, SONG, "scrobble"), (FOUR_BEFORE, OTHER, "scrobble"), (START, OTHER, "love"))
    ),
    "multi-scrobbler": [
        {"data": {"artists": [{"name": SONG[0]}], "track": SONG[1], "duration": 228, "listenedFor": 211,
                  "playDate": "2024-03-02T19:04:31Z"}, "meta": {"source": "x", "scrobbleTsSOC": 2}},
        {"data": {"artists": [{"name": OTHER[0]}], "track": OTHER[1], "playDate": "2024-03-02T18:57:00Z"},
         "meta": {"scrobbleTsSOC": 1}},
    ],
}  # fmt: skip


def workbook(rows: list[list[Any]]) -> bytes:
    """A small xlsx: one other sheet first, shared and inline strings, numbers."""
    shared: list[str] = []
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for place, value in enumerate(row):
            at = f"{chr(65 + place)}{number}"
            if isinstance(value, float):
                cells.append(f'<c r="{at}"><v>{value}</v></c>')
            elif place % 2:
                cells.append(f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>')
            elif value is not None:
                cells.append(f'<c r="{at}" t="s"><v>{len(shared)}</v></c>')
                shared.append(f"<si><t>{value}</t></si>")
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    book = (
        f'<workbook {space} {relations}><sheets><sheet name="01_info" sheetId="1" r:id="rId1"/>'
        '<sheet name="10_listeningHistory" sheetId="2" r:id="rId2"/></sheets></workbook>'
    )
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="worksheets/sheet2.xml"/>'
        "</Relationships>"
    )
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("xl/workbook.xml", book)
        archive.writestr("xl/_rels/workbook.xml.rels", rels)
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet {space}><sheetData/></worksheet>")
        archive.writestr(
            "xl/worksheets/sheet2.xml",
            f"<worksheet {space}><sheetData>{''.join(lines)}</sheetData></worksheet>",
        )
        archive.writestr("xl/sharedStrings.xml", f"<sst {space}>{''.join(shared)}</sst>")
    return data.getvalue()


EXPORTIFY = {
    "pavelkomarov": (
        "Track URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity\n"
        'spotify:track:1a,"Harbour Lights","undefined","Café Tundra;DJ Møns",2023-09-01,228205,41\n'
        'spotify:episode:2b,"Talk","x","y",2023,1,1\n'
    ),
    "older": "Spotify ID,Artist IDs,Track Name,Album Name,Artist Name(s)\n1a,z,Harbour Lights,,Café Tundra\n,,,,\n",
    "joined without a blank": (
        "Track ID,Track Name,Album Name,Artist Name(s),Release Date\n"
        '1a,Harbour Lights,,"Café Tundra,DJ Møns",2020\n,,,,\n'
    ),
    "translated": (
        '"Titel-URI","Titelname","Interpreten-URI(s)","Interpretenname(n)","Album-URI","Albumname"'
        + ',"x"' * 13
        + "\n"
        '"spotify:track:1a","Harbour Lights","a, b","Café Tundra, Kali","c",""' + ',""' * 13 + "\n"
        '"spotify:episode:x","Y","","Z","c",""' + ',""' * 13 + "\n"
    ),
}
