"""Encoded tiles of the current versions, kept in the memory of a web process up to a bound."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass

from cachetools import LRUCache

OVERHEAD_BYTES = 1_000
"""What a tile takes beside its content (620 were measured), so that empty ones are bounded too."""


@dataclass(frozen=True)
class Tile:
    """content: as it is sent, compressed if that was asked for; etag: of just these bytes."""

    content: bytes
    etag: str
    is_current: bool


class TileCache:
    """The longest unused tile goes first. A key names the version, so no old one is ever found.

    For the event loop and the tiles' threads alike.
    """

    def __init__(self, max_bytes: int) -> None:
        self._lock = threading.Lock()
        self._tiles: LRUCache[Hashable, Tile] = LRUCache(max_bytes, getsizeof=_size)

    def get(self, key: Hashable) -> Tile | None:
        with self._lock:
            return self._tiles.get(key)

    def keep(self, key: Hashable, tile: Tile) -> None:
        """Does nothing for a tile that is larger than all that may be kept."""
        with self._lock:
            if _size(tile) <= self._tiles.maxsize:
                self._tiles[key] = tile

    def clear(self) -> None:
        with self._lock:
            self._tiles.clear()

    @property
    def bytes(self) -> int:
        with self._lock:
            return int(self._tiles.currsize)

    def __len__(self) -> int:
        with self._lock:
            return len(self._tiles)


def _size(tile: Tile) -> int:
    return len(tile.content) + OVERHEAD_BYTES
