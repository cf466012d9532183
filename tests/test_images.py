"""Files as strangers send them, against what Pillow itself writes and reads."""

import io
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageDraw, ImageFont

from app import images
from app.errors import RejectedFile

GPS = ExifTags.GPS


def scene(width: int = 480, height: int = 320, seed: int = 0) -> Image.Image:
    """Coarse noise: nothing even about it, and it survives JPEG."""
    blocks = np.random.default_rng(seed).integers(0, 255, (8, 12, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def with_exif(gps: dict[Any, Any] | None = None, **tags: Any) -> bytes:
    exif = Image.Exif()
    for name, value in tags.items():
        folder = exif.get_ifd(ExifTags.IFD.Exif) if name != "Orientation" else exif
        folder[ExifTags.Base[name]] = value
    if gps is not None:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    return encoded(scene(), exif=exif)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_images_are_made_smaller_and_never_larger() -> None:
    large = images.derive(encoded(scene(3000, 1500)))
    assert (large.width_px, large.height_px) == (3000, 1500)
    assert opened(large.display).size == (1600, 800)
    assert opened(large.thumbnail).size == (320, 160)
    small = images.derive(encoded(scene(200, 150)))
    assert opened(small.display).size == opened(small.thumbnail).size == (200, 150)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("WEBP", "RGB"), ("JPEG", "CMYK")])
def test_the_three_kinds_become_rgb_jpeg(kind: str, mode: str) -> None:
    derived = images.derive(encoded(scene().convert(mode), kind))
    shown = opened(derived.display)
    assert (shown.format, shown.mode) == ("JPEG", "RGB")
    assert np.abs(np.asarray(shown, int) - np.asarray(scene(), int)).mean() < 12


def test_sixteen_bits_are_scaled_not_cut_off() -> None:
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (128, 1))
    shown = np.asarray(opened(images.derive(encoded(Image.fromarray(ramp), "PNG")).display))
    assert np.abs(shown[:, :, 0].mean(axis=0) - np.arange(256)).max() < 6


def test_what_is_see_through_lies_on_white() -> None:
    picture = scene().convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 240, 320))
    shown = np.asarray(opened(images.derive(encoded(picture, "PNG")).display))
    assert shown[:, :200].min() > 240


def test_a_profile_of_wide_colours_is_applied() -> None:
    """A profile with red and blue swapped says that the stored red is meant as blue."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tmpX", 1).replace(b"bXYZ", b"rXYZ", 1)
    swapped = swapped.replace(b"tmpX", b"bXYZ", 1)
    picture = scene()
    picture.paste((230, 20, 20), (0, 0, 240, 320))
    data = encoded(picture, quality=95)
    for profile, strongest in ((srgb, 0), (swapped, 2), (b"no profile at all", 0)):
        derived = images.derive(encoded(opened(data), quality=95, icc_profile=profile))
        corner = np.asarray(opened(derived.display))[50:150, 50:150].reshape(-1, 3).mean(axis=0)
        assert corner.argmax() == strongest


def test_nothing_of_the_metadata_is_served() -> None:
    gps = {GPS.GPSLatitude: (33.0, 26.0, 0.0), GPS.GPSLatitudeRef: "S"}
    data = with_exif(gps, Orientation=6, UserComment="at home")
    picture = encoded(opened(data), exif=opened(data).getexif(), comment=b"secret words")
    assert b"secret words" in picture
    derived = images.derive(picture)
    for served in (derived.display, derived.thumbnail):
        assert not opened(served).getexif()
        for marker in (b"Exif", b"secret words", b"at home", b"ICC_PROFILE"):
            assert marker not in served


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(orientation: int) -> None:
    upright = scene(480, 320)
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(back[orientation]) if orientation in back else upright
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    derived = images.derive(encoded(stored, exif=exif, quality=95))
    assert (derived.width_px, derived.height_px) == (480, 320)
    shown = np.asarray(opened(derived.display), int)
    assert np.abs(shown - np.asarray(upright, int)).mean() < 6
    assert images.upright(encoded(stored, exif=exif)).size == (480, 320)


def test_place_and_direction_are_read() -> None:
    gps = {
        GPS.GPSLatitude: (33.0, 26.0, 24.0),
        GPS.GPSLatitudeRef: "S",
        GPS.GPSLongitude: (70.0, 39.0, 0.0),
        GPS.GPSLongitudeRef: "W",
        GPS.GPSImgDirection: 271.254,
    }
    found = images.derive(with_exif(gps)).metadata
    assert found.lat == pytest.approx(-(33 + 26 / 60 + 24 / 3600), abs=1e-7)
    assert found.lon == pytest.approx(-70.65, abs=1e-7)
    assert found.heading_deg == pytest.approx(271.25)
    assert images.derive(with_exif({GPS.GPSImgDirection: 360.0})).metadata.heading_deg == 0


@pytest.mark.parametrize(
    "gps",
    [
        {GPS.GPSLatitude: (33.0, 26.0, 24.0), GPS.GPSLongitude: (70.0, 39.0, 0.0)},
        {
            GPS.GPSLatitude: (0.0, 0.0, 0.0),
            GPS.GPSLatitudeRef: "N",
            GPS.GPSLongitude: (0.0, 0.0, 0.0),
            GPS.GPSLongitudeRef: "E",
        },
        {
            GPS.GPSLatitude: (133.0, 26.0, 24.0),
            GPS.GPSLatitudeRef: "N",
            GPS.GPSLongitude: (70.0, 39.0, 0.0),
            GPS.GPSLongitudeRef: "E",
        },
        {},
    ],
    ids=["no-letters", "null-island", "impossible", "none"],
)
def test_a_place_that_cannot_be_right_is_absent(gps: dict[Any, Any]) -> None:
    found = images.derive(with_exif(gps)).metadata
    assert (found.lat, found.lon) == (None, None)


def test_the_time_of_capture_has_a_zone() -> None:
    written = "2023:05:06 07:08:09"
    zoned = images.derive(with_exif(DateTimeOriginal=written, OffsetTimeOriginal="-04:00"))
    assert zoned.metadata.captured_at == datetime(
        2023, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=-4))
    )
    bare = images.derive(with_exif(DateTimeOriginal=written)).metadata
    assert (bare.captured_at, bare.zone_known) == (datetime(2023, 5, 6, 7, 8, 9, tzinfo=UTC), False)
    satellite = {GPS.GPSDateStamp: "2023:05:06", GPS.GPSTimeStamp: (11.0, 8.0, 9.0)}
    both = images.derive(with_exif(satellite, DateTimeOriginal=written)).metadata
    assert (both.captured_at, both.zone_known) == (datetime(2023, 5, 6, 11, 8, 9, tzinfo=UTC), True)
    assert images.derive(with_exif(DateTimeOriginal="0000:00:00")).metadata.captured_at is None


def card(width: int = 400, height: int = 300, signed: bool = False) -> Image.Image:
    """A grey card with one line of text, as a street-view service sends it."""
    picture = Image.new("RGB", (width, height), (228, 227, 223))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=max(10, width // 28))
    words = "Sorry, we have no imagery here."
    draw.text((width // 2, height // 2), words, fill=(120, 120, 120), anchor="mm", font=font)
    if signed:
        draw.text((8, height - height // 14), "Google", fill=(90, 90, 90), font=font)
        draw.text((width * 2 // 3, height - height // 18), "© 2019", fill=(90, 90, 90), font=font)
    return picture


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("quality", [30, 75, 95])
@pytest.mark.parametrize("size", [(2048, 1024), (640, 640), (600, 400), (400, 300), (200, 150)])
def test_a_card_without_imagery_is_refused_at_any_size(
    size: tuple[int, int], quality: int, signed: bool
) -> None:
    with pytest.raises(RejectedFile) as refused:
        images.derive(encoded(card(*size, signed), quality=quality))
    assert refused.value.reason == "no-imagery"


def test_photos_of_the_night_and_of_fog_are_no_cards() -> None:
    """Each has some light, or some darkness, on a tenth of it."""
    for ground, thing in (((6, 6, 10), (250, 220, 160)), ((215, 216, 218), (90, 90, 92))):
        picture = Image.new("RGB", (480, 360), ground)
        ImageDraw.Draw(picture).rectangle((0, 0, 479, 49), fill=thing)
        assert images.derive(encoded(picture)).width_px == 480


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "text": (b"filename,lat,lon\na.jpg,1,2\n", "not-an-image"),
    "zeros": (bytes(5000), "not-an-image"),
    "gif": (encoded(scene(), "GIF"), "unsupported-kind"),
    "tiff": (encoded(scene(), "TIFF"), "unsupported-kind"),
    "heic": (b"\x00\x00\x00\x18ftypheic" + bytes(100), "unsupported-kind"),
    "half a jpeg": (encoded(scene())[:-4000], "truncated"),
    "a jpeg's first bytes": (encoded(scene())[:40], "truncated"),
    "half a png": (encoded(scene(), "PNG")[:-4000], "truncated"),
    "half a webp": (encoded(scene(), "WEBP")[:-2000], "truncated"),
    "small": (encoded(scene(300, 99)), "too-small"),
    "card": (encoded(card()), "no-imagery"),
    "black": (encoded(Image.new("RGB", (400, 300))), "no-imagery"),
    "51 megapixels": (encoded(Image.new("1", (7200, 7100)), "PNG"), "too-large"),
    "a bomb": (encoded(Image.new("1", (20_000, 20_000)), "PNG"), "too-large"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_photo_is_refused_by_reason(name: str) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(RejectedFile) as refused:
        images.derive(data)
    assert refused.value.reason == reason


def test_a_file_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(RejectedFile) as refused:
        images.derive(b"\xff\xd8\xff" + bytes(images.MAX_BYTES))
    assert refused.value.reason == "too-large"


def test_damage_anywhere_never_escapes_as_another_error() -> None:
    """Each of 300 damaged copies is either read or refused by a reason."""
    chance = np.random.default_rng(7)
    kinds = [encoded(scene(160, 120), kind) for kind in images.KINDS]
    kinds.append(with_exif({GPS.GPSLatitude: (33.0, 26.0, 24.0), GPS.GPSLatitudeRef: "S"}))
    outcomes = set()
    for turn in range(300):
        data = bytearray(kinds[turn % len(kinds)])
        for at in chance.integers(3, min(len(data), 600), 8):
            data[at] = chance.integers(0, 256)
        try:
            images.derive(bytes(data))
            outcomes.add("read")
        except RejectedFile as refused:
            outcomes.add(refused.reason)
    assert {"read", "truncated"} <= outcomes


def test_real_street_photos_are_all_read(shared_data: Any) -> None:
    files = sorted((shared_data / "street_photos" / "photos").iterdir())[::24]
    assert len(files) == 24
    for file in files:
        derived = images.derive(file.read_bytes())
        assert (derived.width_px, derived.height_px) == (480, 410)
    for file in (shared_data / "place_pulse" / "images").iterdir():
        assert images.derive(file.read_bytes()).width_px == 400
