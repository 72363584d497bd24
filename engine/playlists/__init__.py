"""Playlists for a context, and the files they are written to."""
