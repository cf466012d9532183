"""Photos in a folder: their files, pixels and places."""
