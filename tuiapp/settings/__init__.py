"""What the person sets: actions and their keys, the settings file, where the app was left."""
