"""Playlists for contexts, mixes, and playlist files."""
