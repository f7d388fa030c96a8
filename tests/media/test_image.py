"""Pictures, in files and in memory: every kind ends as upright RGB over white; what is no picture is refused in one sentence."""

import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from jamflow.errors import UserError
from jamflow.media.high_range import ToneMap
from jamflow.media.image import MAX_PIXELS, picture_rgb, read_image


def gradient(height: int = 80, width: int = 120) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 2, y * 3, np.full_like(x, 90)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.bmp", "a.tiff", "with space é.png"])
def test_lossless_formats_keep_every_pixel(tmp_path: Path, name: str) -> None:
    rgb = gradient()
    Image.fromarray(rgb).save(tmp_path / name, lossless=True)
    np.testing.assert_array_equal(read_image(tmp_path / name), rgb)


def test_jpeg_is_close(tmp_path: Path) -> None:
    Image.fromarray(gradient()).save(tmp_path / "a.jpg", quality=95)
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - gradient()).mean() < 2


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, suffix: str, orientation: int) -> None:
    upright = np.zeros((80, 120, 3), np.uint8)
    upright[:40, :60] = (255, 0, 0)  # red above left, so every turn and flip is told apart
    upright[:40, 60:] = (0, 255, 0)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, quality=95)
    rgb = read_image(path)
    assert rgb.shape == upright.shape
    assert np.abs(rgb.astype(int) - upright).mean() < 6


def test_transparency_becomes_white(tmp_path: Path) -> None:
    rgba = np.zeros((80, 80, 4), np.uint8)
    rgba[:40] = (10, 20, 30, 255)
    rgba[40:60] = (0, 0, 0, 128)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    rgb = read_image(tmp_path / "a.png")
    assert tuple(rgb[0, 0]) == (10, 20, 30)
    assert abs(int(rgb[50, 0, 0]) - 127) <= 1
    assert tuple(rgb[70, 0]) == (255, 255, 255)


def test_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    image = Image.new("P", (80, 80), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    image.paste(0, (0, 0, 40, 80))
    image.save(tmp_path / "a.png", transparency=0)
    rgb = read_image(tmp_path / "a.png")
    assert tuple(rgb[0, 0]) == (255, 255, 255)
    assert tuple(rgb[0, 70]) == (200, 100, 50)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65535, 100).astype(np.uint16), (80, 1))
    Image.fromarray(ramp).save(tmp_path / "a.png")
    rgb = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(rgb[..., 1], ramp >> 8)
    assert (rgb[..., 0] == rgb[..., 2]).all()


@pytest.mark.parametrize(("mode", "expected"), [("L", 180), ("1", 255), ("LA", 180)])
def test_grey_modes(tmp_path: Path, mode: str, expected: int) -> None:
    fill = {"L": 180, "1": 1, "LA": (180, 255)}[mode]
    Image.new(mode, (80, 80), fill).save(tmp_path / "a.png")  # type: ignore[arg-type]
    assert (read_image(tmp_path / "a.png") == expected).all()


def test_cmyk(tmp_path: Path) -> None:
    Image.new("CMYK", (80, 80), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    red, green, blue = read_image(tmp_path / "a.jpg")[40, 40].astype(int)
    assert red > 240
    assert max(green, blue) < 20


def test_colour_profile_is_applied_and_a_broken_one_ignored(tmp_path: Path) -> None:
    image = Image.new("RGB", (80, 80), (200, 60, 60))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, profile in {"srgb": srgb, "garbage": b"garbage", "other": lab}.items():
        image.save(tmp_path / f"{name}.png", icc_profile=profile)
        assert np.abs(read_image(tmp_path / f"{name}.png")[0, 0].astype(int) - (200, 60, 60)).max() <= 1


def test_colours_are_those_of_the_profile(tmp_path: Path) -> None:
    """A profile whose red is what others call blue."""
    other = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = (other.index(name, 128) for name in (b"rXYZ", b"bXYZ"))
    other[red : red + 4], other[blue : blue + 4] = b"bXYZ", b"rXYZ"
    Image.new("RGB", (80, 80), (200, 60, 30)).save(tmp_path / "a.png", icc_profile=bytes(other))
    assert np.abs(read_image(tmp_path / "a.png")[0, 0].astype(int) - (30, 60, 200)).max() <= 2


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (80, 80), c) for c in ((255, 0, 0), (0, 0, 255))]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    for name in ("a.webp", "a.gif"):
        assert tuple(read_image(tmp_path / name)[0, 0]) == (255, 0, 0)


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    ihdr = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [int(MAX_PIXELS**0.5) + 1, 12_000, 60_000])
@pytest.mark.filterwarnings("error")
def test_decompression_bomb_is_refused_before_decoding(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(side, side))
    with pytest.raises(UserError, match="more than 64 million pixels"):
        read_image(tmp_path / "bomb.png")


def test_bad_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    good = tmp_path / "good.jpg"
    Image.fromarray(gradient(400, 400)).save(good)
    (tmp_path / "cut.jpg").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "drawing.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n")
    (tmp_path / "empty.png").touch()
    Image.new("RGB", (500, 8)).save(tmp_path / "thin.png")
    Image.new("F", (80, 80)).save(tmp_path / "float.tiff")
    cases = {
        "cut.jpg": "damaged",
        "text.png": "not a readable picture",
        "drawing.eps": "not a readable picture",
        "empty.png": "is empty",
        "thin.png": "only 500 x 8 pixels",
        "float.tiff": "floating-point",
        "missing.png": "does not exist",
        ".": "is a folder",
        "a" * 300: "cannot be opened",
    }
    for name, words in cases.items():
        with pytest.raises(UserError, match=words) as caught:
            read_image(tmp_path / name)
        assert caught.value.exit_code == 2
        assert "\n" not in str(caught.value)
        assert caught.value.hint


def test_damage_anywhere_ends_in_a_picture_or_a_user_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for suffix in (".png", ".jpg", ".webp", ".gif", ".tiff"):
        path = tmp_path / f"a{suffix}"
        Image.fromarray(gradient()).save(path)
        whole = path.read_bytes()
        for _ in range(60):
            broken = bytearray(whole)
            for position in rng.integers(0, len(whole), 5):
                broken[position] = rng.integers(256)
            path.write_bytes(bytes(broken[: rng.integers(1, len(whole) + 1)]))
            with suppress(UserError):
                assert read_image(path).dtype == np.uint8


def test_path_bytes_pillow_and_array_are_one_picture(tmp_path: Path) -> None:
    rgb = gradient()
    Image.fromarray(rgb).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), data, Image.open(BytesIO(data)), Image.fromarray(rgb), rgb):
        np.testing.assert_array_equal(picture_rgb(source), rgb)


def test_arrays_of_every_kind() -> None:
    grey = gradient()[..., 0]
    rgba = np.dstack([gradient(), np.full(grey.shape, 255, np.uint8)])
    rgba[:5, :, 3] = 0
    for source in (grey, grey[..., None], grey.astype(np.uint16) << 8, np.asfortranarray(grey)):
        np.testing.assert_array_equal(picture_rgb(source), np.stack([grey] * 3, axis=-1))
    np.testing.assert_array_equal(picture_rgb(gradient()[:, ::-1]), gradient()[:, ::-1])
    np.testing.assert_array_equal(picture_rgb((gradient().astype(np.uint16) << 8) + 255), gradient())
    assert (picture_rgb(rgba)[:5] == 255).all()
    np.testing.assert_array_equal(picture_rgb(rgba)[5:], gradient()[5:])


def test_the_array_may_be_changed_afterwards() -> None:
    rgb = gradient()
    read = picture_rgb(rgb)
    rgb[:] = 0
    np.testing.assert_array_equal(read, gradient())


def test_pillow_images_are_upright_and_stay_as_they_are() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = BytesIO()
    Image.fromarray(gradient()).save(file, "PNG", exif=exif)
    for image in (Image.open(file), Image.fromarray(gradient()).convert("LA")):
        size, mode = image.size, image.mode
        assert picture_rgb(image).shape == ((120, 80, 3) if mode == "RGB" else (80, 120, 3))
        assert (image.size, image.mode) == (size, mode)
        image.load()  # it is still open


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (gradient() / 255, r"float64, not of uint8.*0 to 255"),
        (gradient() > 90, "bool"),
        (gradient().astype(np.int64), "int64"),
        (gradient()[None], r"shape \(1, 80, 120, 3\)"),
        (gradient()[..., :2], r"shape \(80, 120, 2\)"),
        (gradient()[0, :, 0], r"shape \(120,\)"),
        (np.zeros((0, 0, 3), np.uint8), "only 0 x 0 pixels"),
        (np.zeros((80, 63), np.uint8), "only 63 x 80 pixels"),
        (np.broadcast_to(np.uint8(0), (8_001, 8_000)), "more than 64 million"),
        (b"", "is empty"),
        (b"not a picture", "not a readable picture"),
        (png_header(80, 80), "damaged"),
        (Image.new("F", (80, 80)), "floating-point"),
        (Image.new("RGB", (80, 8)), "only 80 x 8 pixels"),
        (None, "NoneType"),
        ([[0, 0], [0, 0]], "list"),
        (3, "int"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_sentence(source: object, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        picture_rgb(source)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value) and "  " not in str(caught.value) and caught.value.hint


def test_threads_may_share_one_image_and_leave_warnings_as_they_were() -> None:
    file = BytesIO()
    Image.fromarray(gradient(800, 1200)).save(file, "PNG")
    image = Image.open(file)
    expected, before = gradient(800, 1200), list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        for rgb in pool.map(picture_rgb, [image, file.getvalue()] * 8):
            np.testing.assert_array_equal(rgb, expected)
    assert warnings.filters == before


def with_colours(png: bytes, primaries: int, transfer: int) -> bytes:
    """The same file with a cICP chunk."""
    body = b"cICP" + bytes([primaries, transfer, 0, 1])
    chunk = struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]


def encoded(image: Image.Image, kind: str) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("transfer", [16, 18])
def test_an_hdr_picture_gets_the_colours_of_usual_screens(transfer: int) -> None:
    rgb = gradient()
    png = encoded(Image.fromarray(rgb), "PNG")
    expected = ToneMap(transfer)(257 * rgb.astype(np.uint16))
    np.testing.assert_array_equal(picture_rgb(with_colours(png, 9, transfer)), expected)
    assert np.abs(expected.astype(int) - rgb).mean() > 10
    np.testing.assert_array_equal(picture_rgb(with_colours(png, 1, 13)), rgb)


def test_hdr_grey_of_16_bits_and_transparency() -> None:
    grey = np.full((80, 100), 38_000, np.uint16)  # 203 cd/m2 in PQ, the white of usual screens, which is compressed a little
    seen = picture_rgb(with_colours(encoded(Image.fromarray(grey), "PNG"), 9, 16))
    assert (seen == seen[0, 0]).all() and 180 < seen[0, 0, 0] < 240
    clear = Image.fromarray(np.dstack([gradient(), np.zeros((80, 120), np.uint8)]))
    assert (picture_rgb(with_colours(encoded(clear, "PNG"), 9, 16)) == 255).all()


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_an_hdr_avif(tmp_path: Path) -> None:
    data = bytearray(encoded(Image.fromarray(gradient()), "AVIF"))
    usual = picture_rgb(bytes(data))
    at = data.index(b"colrnclx") + 8
    data[at : at + 4] = struct.pack(">HH", 9, 18)
    (tmp_path / "a.avif").write_bytes(data)
    np.testing.assert_array_equal(read_image(tmp_path / "a.avif"), ToneMap(18)(257 * usual.astype(np.uint16)))


def test_hdr_of_other_colours_is_refused() -> None:
    with pytest.raises(UserError, match=r"HDR \(PQ\) with other colours than BT\.2020"):
        picture_rgb(with_colours(encoded(Image.fromarray(gradient()), "PNG"), 12, 16))
