"""Votes: read, cleaned, split, and what raters agree on."""
