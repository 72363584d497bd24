"""Playlists sent to servers of the person's own: matched there by names, shown first, replaced only where made here."""
