"""Rankers: from votes on pairs of street photos to a raw output per photo.

No HTTP and no SQL here. `model.manifest` reads a release without torch; everything that holds
networks (`networks`, `features`, `fitting`, `training`, `release`, `scoring`) imports it.
"""
