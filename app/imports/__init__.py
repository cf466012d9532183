"""How data is brought in: layers of areas, folders of photos, tables of scores.

Every import is one transaction, can be run again, and ends in a `Summary` that says of each row or
file what became of it.
"""
