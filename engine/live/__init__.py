"""Listens as they happen: what players on this machine report, counted, kept, or let go in a private session."""
