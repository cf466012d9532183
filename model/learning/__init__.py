"""How rankers learn from votes, on a frozen trunk or with it."""
