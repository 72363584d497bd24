"""The library on disk: one SQLite database of artists, tracks, listens, feedback, rules and playlists."""
