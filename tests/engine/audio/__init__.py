"""Tests of the person's own audio files."""
