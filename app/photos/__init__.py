"""Photos: their files, how they come in, how they are taken away, how they are found."""
