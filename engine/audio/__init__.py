"""The person's own audio files: found, their tags read, what they sound like measured."""
