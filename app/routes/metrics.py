"""`/metrics`: what a web process has done since it began, in the text format of Prometheus."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from starlette.responses import Response

from app.routes.tile_cache import TileCache

DRAWING_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

router = APIRouter()


class TileMetrics:
    """A registry for each app, so that two in one process do not count for each other.

    asked: `hit` came from memory, `drawn` from the database, `refused` waited too long for a place.
    drawing: seconds from the first statement to the compressed tile.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.asked = Counter(
            "mirada_tiles",
            "Tiles that were asked for, by what became of it",
            ["outcome"],
            registry=self.registry,
        )
        self.hit, self.drawn, self.refused = (
            self.asked.labels(outcome) for outcome in ("hit", "drawn", "refused")
        )
        self.drawing = Histogram(
            "mirada_tile_drawing_seconds",
            "Time to draw and compress a tile",
            buckets=DRAWING_S,
            registry=self.registry,
        )

    def watch(self, cache: TileCache) -> None:
        for name, what, read in (
            ("mirada_tile_cache_bytes", "Bytes of the tiles in memory", lambda: cache.bytes),
            ("mirada_tile_cache_tiles", "Tiles in memory", lambda: len(cache)),
        ):
            Gauge(name, what, registry=self.registry).set_function(read)


@router.get("/metrics", include_in_schema=False)
def show(request: Request) -> Response:
    """Counts and times only, of nobody in particular; the proxy keeps them from the public."""
    metrics: TileMetrics = request.app.state.tile_metrics
    return Response(
        generate_latest(metrics.registry),
        headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
    )
