import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.errors import UnreadablePhoto
from model.photos.images import Preprocessing, one_view, open_photo

WHOLE = Preprocessing(height=64, width=64)


def jpeg(image: Image.Image, **options: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95, **options)
    stream.seek(0)
    return stream


def halves(width: int, height: int) -> Image.Image:
    """Black on the left, white on the right."""
    image = Image.new("RGB", (width, height))
    image.paste((255, 255, 255), (width // 2, 0, width, height))
    return image


def test_pixels_are_rows_of_three_channels() -> None:
    pixels = one_view(lambda: jpeg(halves(320, 240)), Preprocessing(height=48, width=80))
    assert pixels.shape == (1, 48, 80, 3)
    assert pixels.dtype == np.uint8
    assert pixels[0, :, :38].max() < 20
    assert pixels[0, :, 42:].min() > 235


def test_stretch_keeps_the_sides_and_crop_does_not() -> None:
    image = Image.new("RGB", (320, 240))
    image.paste((255, 0, 0), (0, 0, 30, 240))
    stretched = one_view(lambda: jpeg(image), WHOLE)
    cropped = one_view(lambda: jpeg(image), Preprocessing(height=64, width=64, fit="crop"))
    assert stretched[0, :, 0, 0].min() > 200
    assert cropped.max() < 40


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (100, 100), (33, 97)])
def test_crop_is_the_largest_centred_box(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size)
    left, top, right, bottom = Preprocessing(height=64, width=96, fit="crop").box(image)
    assert (right - left) / (bottom - top) == pytest.approx(1.5)
    assert (left + right, top + bottom) == pytest.approx(size)
    assert max((right - left) / size[0], (bottom - top) / size[1]) == pytest.approx(1)


def test_a_logo_band_is_cut_off() -> None:
    image = Image.new("RGB", (100, 100))
    image.paste((255, 255, 255), (0, 90, 100, 100))
    assert one_view(lambda: jpeg(image), WHOLE).max() > 200
    assert one_view(lambda: jpeg(image), Preprocessing(64, 64, cut_bottom=0.12)).max() < 40


def test_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    pixels = one_view(lambda: jpeg(halves(100, 80), exif=exif), WHOLE)
    assert pixels[0, :28].max() < 30
    assert pixels[0, 36:].min() > 225


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("L", "LA", "RGBA", "P", "1", "I;16")),
        *(("JPEG", mode) for mode in ("L", "CMYK")),
        *(("WEBP", mode) for mode in ("L", "RGBA", "P")),
    ],
)
def test_any_mode_becomes_rgb(kind: str, mode: str) -> None:
    image = halves(80, 80)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    stream = io.BytesIO()
    (image if mode == "I;16" else image.convert(mode)).save(stream, kind)
    stream.seek(0)
    pixels = one_view(lambda: stream, WHOLE)
    assert pixels[0, :, :28].max() < 30
    assert pixels[0, :, 36:].min() > 225


def test_a_large_jpeg_is_not_decoded_in_full() -> None:
    stream = jpeg(Image.effect_noise((3000, 2000), 50))
    image = open_photo(lambda: stream, (64, 64))
    assert image.size == (375, 250)


def test_decoding_less_gives_almost_the_same_pixels() -> None:
    gradient = Image.linear_gradient("L").resize((2000, 1500)).convert("RGB")
    stream = jpeg(gradient)
    whole = WHOLE.pixels(gradient, WHOLE.box(gradient)).astype(int)
    assert np.abs(one_view(lambda: stream, WHOLE)[0].astype(int) - whole).max() <= 2


def test_each_unreadable_photo_says_why(tmp_path: Path) -> None:
    truncated = jpeg(Image.effect_noise((200, 200), 90)).getvalue()[:-2000]
    path = tmp_path / "photo.jpg"
    for content in (b"", b"only text", b"GIF89a" + bytes(40), truncated):
        path.write_bytes(content)
        with pytest.raises(UnreadablePhoto, match="Not a readable JPEG") as refused:
            one_view(path, WHOLE)
        assert refused.value.code == "unreadable"


def test_a_missing_photo_and_a_huge_one_say_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto) as missing:
        one_view(tmp_path / "gone.jpg", WHOLE)
    assert missing.value.code == "missing"
    huge = tmp_path / "huge.png"
    Image.new("1", (8000, 7000)).save(huge)
    with pytest.raises(UnreadablePhoto, match="more than 50,000,000 pixels") as large:
        one_view(huge, WHOLE)
    assert large.value.code == "too-large"
    Image.new("1", (20000, 10000)).save(huge)
    with pytest.raises(UnreadablePhoto) as larger:
        one_view(huge, WHOLE)
    assert larger.value.code == "too-large"
