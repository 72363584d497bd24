"""Two faces of one engine: the command line and the Textual app."""
