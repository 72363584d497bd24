"""Made-up databases of music servers and players."""

# ruff: noqa: E501 - made-up files are kept as they would be

from __future__ import annotations

import sqlite3
from pathlib import Path

NAVIDROME = """
CREATE TABLE user (id TEXT, user_name TEXT);
CREATE TABLE media_file (id TEXT, title TEXT, artist TEXT, album TEXT, duration REAL, path TEXT);
CREATE TABLE scrobbles (id INTEGER, media_file_id TEXT, user_id TEXT, submission_time INTEGER);
CREATE TABLE annotation (user_id TEXT, item_id TEXT, item_type TEXT, play_count INTEGER, play_date TEXT, starred INTEGER);
INSERT INTO user VALUES ('u1', 'Ann'), ('u2', 'ben');
INSERT INTO media_file VALUES ('a', 'Harbour Lights', 'Café Tundra', 'Slow Ferry', 228.2, '/x'),
                              ('b', 'Tin Roof', 'Ida & the Oaks', NULL, NULL, '/y');
INSERT INTO scrobbles VALUES (1, 'a', 'u1', 1709406060), (2, 'gone', 'u1', 1709406060);
INSERT INTO annotation VALUES ('u1', 'a', 'media_file', 19, '2024-03-02 19:01:00+00:00', 1),
                              ('u1', 'b', 'media_file', 0, NULL, 0), ('u1', 'al', 'album', 5, NULL, 0);
"""
JELLYFIN = """
CREATE TABLE PlaybackActivity (DateCreated DATETIME, UserId TEXT, ItemId TEXT, ItemType TEXT, ItemName TEXT,
                               PlaybackMethod TEXT, ClientName TEXT, DeviceName TEXT, PlayDuration INT);
INSERT INTO PlaybackActivity VALUES
  ('2024-03-02 19:01:20.123', 'u1', 'i', 'Audio', 'Café Tundra - Harbour Lights (Slow Ferry)', 'x', 'c', 'secretphone', 211),
  ('2024-03-02 19:06:00.123', 'u1', 'i', 'Audio', 'Ida & the Oaks - Tin Roof', 'x', 'c', 'secretphone', 7),
  ('2024-03-02 19:07:00', 'u1', 'i', 'Movie', 'A film', 'x', 'c', 'd', 7000),
  ('2024-03-02 19:07:00', 'u1', 'i', 'Audio', 'Untold', 'x', 'c', 'd', 7000),
  ('yesterday', 'u1', 'i', 'Audio', 'A - B', 'x', 'c', 'd', 7000);
"""
TAUTULLI = """
CREATE TABLE session_history (id INTEGER, started INTEGER, stopped INTEGER, paused_counter INTEGER, user TEXT,
                              ip_address TEXT, media_type TEXT);
CREATE TABLE session_history_metadata (id INTEGER, title TEXT, parent_title TEXT, grandparent_title TEXT,
                                       original_title TEXT, duration INTEGER);
INSERT INTO session_history VALUES (1, 1709406060, 1709406300, 29, 'ann', '192.0.2.7', 'track'),
                                   (2, 1709409000, 1709419000, 0, 'ann', '192.0.2.7', 'episode');
INSERT INTO session_history_metadata VALUES (1, 'Harbour Lights', 'Slow Ferry', 'Various', 'Café Tundra', 228205),
                                            (2, 'E', 'S', 'Show', NULL, 1);
"""
STRAWBERRY = """
CREATE TABLE directories (path TEXT);
CREATE TABLE songs (title TEXT, artist TEXT, album TEXT, length INTEGER, playcount INTEGER, lastplayed INTEGER,
                    unavailable INTEGER);
INSERT INTO songs VALUES ('Harbour Lights', 'Café Tundra', 'Slow Ferry', 228205000000, 19, 1709406060, 0),
                         ('Tin Roof', 'Ida & the Oaks', '', 1, 4, -1, 0), ('Old', 'X', '', 1, 9, 1, 1),
                         ('New', 'X', '', 1, 0, -1, 0);
"""


def database(folder: Path, name: str, sql: str, *, log: bool = False) -> Path:
    """A SQLite file, as a server leaves it after its last checkpoint."""
    path = folder / name
    connection = sqlite3.connect(path)
    connection.executescript(("PRAGMA journal_mode = WAL;" if log else "") + sql)
    connection.close()
    return path
