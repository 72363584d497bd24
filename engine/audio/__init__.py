"""The person's own audio files: finding them, reading tags, measuring tempo and calm."""
