"""Rankers: from votes on pairs of street photos to a raw output per photo.

No HTTP and no SQL here. `model.releases.manifest` reads a release without torch; whatever holds
networks imports it.
"""
