"""Listens as they happen: what players on this machine tell, counted, kept, or let go in a private session."""
