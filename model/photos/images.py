"""From a photo's bytes to the pixels that a network sees. No torch here: this runs in threads."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from model.errors import UnreadablePhoto

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 50_000_000

Pixels = npt.NDArray[np.uint8]
Opener = Callable[[], BinaryIO] | Path
Box = tuple[float, float, float, float]
Three = tuple[float, float, float]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Preprocessing:
    """How a photo becomes the input of a trunk; it travels in the release.

    fit: `stretch` resizes the whole photo to height × width, whatever its shape, so that
    nothing at the sides is lost; `crop` takes the largest centred box of that shape.
    cut_bottom: share of the height cut off first, for a band with a logo.
    mean, std: per channel, of values 0 to 1; the defaults are ImageNet's.
    """

    height: Annotated[int, Field(ge=32, le=1024)] = 224
    width: Annotated[int, Field(ge=32, le=1024)] = 224
    fit: Literal["stretch", "crop"] = "stretch"
    cut_bottom: Annotated[float, Field(ge=0, lt=1)] = 0.0
    mean: Three = (0.485, 0.456, 0.406)
    std: Three = (0.229, 0.224, 0.225)

    def box(self, image: Image.Image) -> Box:
        """The part of the photo that is seen, in its pixels: left, top, right, bottom."""
        width, height = float(image.width), image.height * (1 - self.cut_bottom)
        if self.fit == "stretch":
            return 0.0, 0.0, width, height
        scale = min(width / self.width, height / self.height)
        left = (width - scale * self.width) / 2
        top = (height - scale * self.height) / 2
        return left, top, width - left, height - top

    def pixels(self, image: Image.Image, box: Box) -> Pixels:
        """`box` of the photo as (height, width, 3), 0 to 255."""
        size = (self.width, self.height)
        # A box wider than one pixel: the resampler refuses an empty one.
        return np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=box))


def open_photo(opener: Opener, at_least: tuple[int, int]) -> Image.Image:
    """The photo in RGB, upright, or UnreadablePhoto.

    at_least: width and height that will be wanted. A larger JPEG is decoded at a half, a quarter
    or an eighth of its size, but never below twice of what is wanted, which leaves the resampler
    enough to smooth.
    """
    try:
        with _stream(opener) as stream, Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_large()
            longest = 2 * max(at_least)
            image.draft("RGB", (longest, longest))
            # Neither is turned nor converted what is so already: each would copy the photo.
            ImageOps.exif_transpose(image, in_place=True)
            image.load()
            return image if image.mode == "RGB" else image.convert("RGB")
    except UnreadablePhoto:
        raise
    except FileNotFoundError:
        raise UnreadablePhoto("missing", "There is no such file.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        # Pillow's own limit is the process's, so it may come before ours or after it.
        raise _too_large() from None
    except Exception as error:
        # A file that lies about itself can make a decoder raise almost anything.
        text = str(error) or type(error).__name__
        raise UnreadablePhoto("unreadable", f"Not a readable JPEG, PNG or WebP: {text}") from error


def _too_large() -> UnreadablePhoto:
    return UnreadablePhoto("too-large", f"The photo has more than {MAX_PIXELS:,} pixels.")


def _stream(opener: Opener) -> BinaryIO:
    return opener.open("rb") if isinstance(opener, Path) else opener()


def one_view(opener: Opener, preprocessing: Preprocessing) -> Pixels:
    """The photo as scoring sees it: (1, height, width, 3), 0 to 255."""
    image = open_photo(opener, (preprocessing.width, preprocessing.height))
    return preprocessing.pixels(image, preprocessing.box(image))[None]
