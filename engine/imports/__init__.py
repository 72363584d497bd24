"""From export files to listens: one module a format, found by content."""
