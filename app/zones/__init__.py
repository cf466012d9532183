"""What the photos in a shape that somebody drew say: the same figures as those of an area."""

from app.zones.counting import figures
from app.zones.picking import ZonePhotos, photos
from app.zones.reading import MOST_PHOTOS_READ, TooLarge

__all__ = ["MOST_PHOTOS_READ", "TooLarge", "ZonePhotos", "figures", "photos"]
