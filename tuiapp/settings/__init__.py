"""Actions and keys, the settings file, and the app's saved state."""
