"""Releases on disk: written, read, described."""
