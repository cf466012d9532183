"""How rankers are judged, and what they are held against."""
