"""What the photos in a shape that somebody drew say: the same figures as those of an area."""

from app.photos.zone import TooLarge
from app.zones.counting import figures
from app.zones.picking import ZonePhotos, photos

__all__ = ["TooLarge", "ZonePhotos", "figures", "photos"]
