"""Logs plays as they happen: reports of players on this machine, stored, or dropped in a private session."""
