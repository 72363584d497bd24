"""One small file of every format an import reads, made up."""

# ruff: noqa: E501 - made-up files are kept as they would be

from __future__ import annotations

import json
import plistlib
from pathlib import Path
from typing import Any

from tests.support import databases
from tests.support import exports as shapes
from tests.support.importing import SONG, START, spotify

PAGE = {"recenttracks": {"track": shapes.PAGE}}
LISTEN = shapes.brainz(START, SONG)
DEEZER = ["Song Title", "Artist", "ISRC", "Album Title", "Listening Time", "Platform Name", "Date"]
TIDAL = "artist_name,track_title,entry_date,stream_duration_ms,product_type,time_zone\n"
# One file of each format.
SAMPLES: dict[str, Any] = {
    "navidrome": databases.NAVIDROME,
    "jellyfin": databases.JELLYFIN,
    "jellyfin-csv": "DateCreated,UserId,ItemType,ItemName,PlayDuration\n2024-03-02 19:01:00,u,Audio,A - B (C),211\n",
    "jellyfin-backup": "2024-03-02 19:01:20Z\tu\ti\tAudio\tA - B (Not Known)\tDirectPlay\tc\td\t211\n",
    "tautulli": databases.TAUTULLI,
    "strawberry": databases.STRAWBERRY,
    "spotify": [spotify(START, 211_400), spotify(START + 300, 5_000)],
    "spotify-lines": json.dumps(spotify(START, 211_400))
    + "\n"
    + json.dumps(spotify(START + 300, 5_000))
    + "\n",
    "spotify-csv": shapes.as_csv([spotify(START, 211_400), spotify(START + 300, 5_000)]),
    "spotify-account": [shapes.account("2024-03-02 19:04", SONG, 211_400)],
    "spotify-account-lines": json.dumps(shapes.account("2024-03-02 19:04", SONG, 211_400)) + "\n",
    "spotify-account-csv": shapes.as_csv([shapes.account("2024-03-02 19:04", SONG, 211_400)]),
    "spotify-library": {"tracks": [{"artist": SONG[0], "track": SONG[1]}], "bannedTracks": [], "artists": []},
    "spotify-playlists": {
        "playlists": [{"name": "E", "items": [{"track": {"trackName": "T", "artistName": "A"}}]}]
    },
    "deezer": shapes.workbook([DEEZER, ["Tin Roof", "Ida", None, "", "200", "x", "2024-03-02 12:00:00"]]),
    "itunes": shapes.ITUNES,
    "itunes-binary": plistlib.dumps(plistlib.loads(shapes.ITUNES.encode()), fmt=plistlib.FMT_BINARY),
    "rhythmbox": "<?xml version='1.0'?><rhythmdb><entry type='song'><title>T</title><artist>A</artist>"
    "<play-count>3</play-count><last-played>1709406060</last-played></entry></rhythmdb>",
    "rhythmbox-playlists": "<?xml version='1.0'?><rhythmdb-playlists><playlist name='Evening' type='static'>"
    "<location>file:///music/a.ogg</location></playlist></rhythmdb-playlists>",
    "foobar2000": '<?xml version="1.0"?><PlaybackStatistics Version="3.0"><Entry ID="d1" Count="14" '
    'LastPlayed="134017270777327040"><Item Path="/Music/a.flac"/></Entry></PlaybackStatistics>',
    "youtube": [shapes.watched("Watched Harbour Lights", "2024-03-02T19:01:00.117Z", "Café Tundra - Topic")],
    "youtube-html": shapes.cell(
        "YouTube Music", '<a href="v">T</a><br><a href="c">A - Topic</a>', "Mar 2, 2024, 8:01:00 PM CET"
    ),
    "youtube-library": "Video ID,Song Title,Album Title,Artist Name 1\nAbCdEfGhI_1,Tin Roof,,Ida\n",
    "youtube-playlist": "Video ID,Playlist Video Creation Timestamp\nAbCdEfGhI_1,2024-03-02T19:01:00+00:00\n",
    "rockbox": shapes.ROCKBOX,
    "rockbox-playback": "# Playback log\n1709406060:228000:228205:/Music/Ida/01 Lark.flac\n1709406300:4000:200000:/Music/Ida/02 Roof.mp3\n",
    "maloja": shapes.SMALL["maloja"],
    "koito": shapes.SMALL["koito"],
    "pano": shapes.SMALL["pano"],
    "pano-csv": "timeHuman,timeMs,artist,track,album,event\nx,1709406060933,Ida,Lark,,scrobble\n",
    "multi-scrobbler": shapes.SMALL["multi-scrobbler"],
    "listenbrainz": json.dumps(LISTEN) + "\n" + json.dumps(LISTEN) + "\n",
    "listenbrainz-json": [LISTEN],
    "listenbrainz-feedback": '{"recording_msid": "m1", "score": 1, "created": 5}\n',
    "listenbrainz-submissions": [{"listen_type": "single", "payload": [LISTEN]}] * 2,
    "listenbrainz-submission": {"listen_type": "import", "payload": [LISTEN]},
    "listenbrainz-api": {"payload": {"count": 1, "listens": [LISTEN]}},
    "lastfm-json": [{"track": shapes.PAGE}],
    "lastfm-pages": json.dumps(PAGE) + "\n" + json.dumps(PAGE) + "\n",
    "lastfm-page": PAGE,
    "lastfmstats": {"username": "u", "scrobbles": [{"track": "T", "artist": "A", "date": START * 1000}]},
    "lastfm-xml": shapes.LASTFM_XML,
    "apple-activity": shapes.ACTIVITY,
    "apple-daily": shapes.DAILY,
    "apple-recent": "Last Modified,Track Description,Last Event Start Timestamp,Total plays,Total skips\n,Ida - Lark,2024-03-02T19:01:00Z,3,0\n",
    "apple-last-played": shapes.HISTORY,
    "apple-library": [
        {"Content Type": "Song", "Track Identifier": 7, "Title": "T", "Artist": "A", "Track Play Count": 4}
    ],
    "apple-playlists": [{"Title": "E", "Playlist Item Identifiers": [7]}],
    "apple-favorites": "Favorite Type,Item Description,Last Modified,Preference\nSONG,A - T,2024-03-02T19:01:00Z,FAVORITE\n",
    "tidal": TIDAL + "A Feat. B,T,02/03/2024 20:01,211400.0,TRACK,Europe/Copenhagen\n",
    "exportify": shapes.EXPORTIFY["pavelkomarov"],
    "ifttt": '"March 2, 2024 at 07:01PM",Lark,Ida,1a2B3c4D5e6F7g8H9i0J1k,'
    "https://open.spotify.com/track/1a2B3c4D5e6F7g8H9i0J1k\n",
    "lastfm-csv": shapes.LASTFM_FILES["headerless"],
    "lastfm": shapes.LASTFM_FILES["ghan"],
    "xspf": '<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><title>E</title><trackList>'
    "<track><creator>Ida</creator><title>Lark</title></track></trackList></playlist>",
    "jspf": {"playlist": {"title": "E", "track": [{"title": "Lark", "creator": "Ida", "duration": 228205}]}},
    "discover-playlist": {"title": "E", "tracks": [{"artist": "Ida", "track": "Lark", "known": True}]},
    "m3u": "#EXTM3U\n#EXTINF:228,Ida - Lark\nIda/01 Lark.flac\n",
    "pls": "[playlist]\nFile1=/Music/Lark.flac\nTitle1=Ida - Lark\nLength1=228\nNumberOfEntries=1\nVersion=2\n",
    "spotify-uris": "spotify:track:1a2B3c4D5e6F7g8H9i0J1k\n",
    "artist-title": "Ida - Lark\nCafé Tundra - Harbour Lights\n",
    "csv": "Played at;Song;Performer;ms_played\n2024-03-02T19:01:00Z;Harbour Lights;Café Tundra;211400\n",
    "jsonl": '{"artist": "A", "title": "T", "played_at": 1709406060}\n{"artist": "B"}\n',
}


def content_of(folder: Path, name: str) -> bytes:
    """The sample as bytes."""
    sample = SAMPLES[name]
    if isinstance(sample, bytes):
        return sample
    if isinstance(sample, str) and "CREATE TABLE" in sample:
        return databases.database(folder, "sample.db", sample).read_bytes()
    return (sample if isinstance(sample, str) else json.dumps(sample, ensure_ascii=False)).encode()
