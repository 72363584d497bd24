"""Pictures: the logo and the screenshots the README shows."""
