"""Raw outputs of any number of photos."""
