"""The demo city: drawn street scenes with hidden qualities, for a machine without any data."""
