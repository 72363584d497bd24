"""The app around the views: undo, jobs, quitting, the private session, the palette, the player."""
