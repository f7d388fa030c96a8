"""Reads pictures from files or memory as upright sRGB arrays."""

import os
import struct
import warnings
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image, ImageCms, ImageOps

from jamflow.errors import UserError
from jamflow.media.coded_colours import BT2020, CodedColours, coded_colours
from jamflow.media.files import existing_file
from jamflow.media.high_range import HDR_NAMES, ToneMap

MAX_PIXELS = 64_000_000
MIN_SIDE_PX = 64
_HEAD_BYTES = 1 << 16  # where files say how their colours are coded

PictureSource = str | os.PathLike[str] | bytes | Image.Image | np.ndarray

# Raster pictures only: formats that start an interpreter (EPS) or hold no single picture stay out.
_FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error)  # what Pillow raises for broken files
# Warning filters are global to the process, and two threads must not decode the same Pillow image.
_ONE_AT_A_TIME = Lock()


def picture_rgb(source: PictureSource) -> np.ndarray:
    """A picture in any supported form as (H, W, 3) uint8 sRGB, in memory of its own.

    Args:
        source: the path of a file, the bytes of one, a Pillow image, or an array of grey (H, W) or (H, W, 1), RGB (H, W, 3) or
            RGBA (H, W, 4), uint8 or uint16. Transparency is laid over white, 16 bits are scaled to 8.

    Raises:
        UserError: `source` is none of these, or for the reasons of `read_image`.
    """
    if isinstance(source, np.ndarray):
        return _of_array(source)
    if isinstance(source, Image.Image):
        return _decoded(source, "")
    if isinstance(source, bytes):
        if not source:
            raise UserError("The picture is empty.", "Give the bytes of a PNG, JPEG or WebP.")
        return _opened(BytesIO(source), "")
    if isinstance(source, str | os.PathLike):
        return read_image(source)
    raise UserError(
        f"A picture cannot be given as {type(source).__name__}.", "Give a path, the bytes of a file, a Pillow image or an array."
    )


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """The picture in a file as (H, W, 3) uint8 sRGB, turned as its EXIF tag says, transparency over white.

    Of an animation, reads the first frame.

    Raises:
        UserError: the file is no picture, is damaged, has more than ``MAX_PIXELS`` pixels (checked before anything is decoded) or
            a side below ``MIN_SIDE_PX``.
    """
    path = existing_file(Path(path), "picture")
    return _opened(path, f" {path}")


def _of_array(array: np.ndarray) -> np.ndarray:
    if array.dtype not in (np.uint8, np.uint16):
        raise UserError(
            f"The picture is an array of {array.dtype}, not of uint8.", "Scale it to 0 to 255, round it and use .astype('uint8')."
        )
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise UserError(
            f"The picture is an array of shape {array.shape}.", "Give (H, W) for grey, (H, W, 3) for RGB or (H, W, 4) for RGBA."
        )
    height, width = array.shape[:2]
    _check_size("", width, height)
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(array[..., 0] if array.ndim == 3 and channels == 1 else array))
    return np.array(_to_srgb(image, ""), dtype=np.uint8)


def _opened(file: Path | BytesIO, where: str) -> np.ndarray:
    """where: the path for a UserError, with a space before it; empty for a picture in memory."""
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warning on large pictures; `_check_size` is stricter
            image = Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(where) from error
    except Image.UnidentifiedImageError as error:
        raise UserError(f"The file{where} is not a readable picture.", "Give a PNG, JPEG or WebP.") from error
    except _DAMAGE as error:
        raise _damaged(where) from error
    with image:
        return _decoded(image, where, coded_colours(_head(file)))


def _head(file: Path | BytesIO) -> bytes:
    if isinstance(file, BytesIO):
        return file.getbuffer()[:_HEAD_BYTES].tobytes()
    with file.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _decoded(image: Image.Image, where: str, coded: CodedColours | None = None) -> np.ndarray:
    _check_size(where, *image.size)
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd tags and palettes
            image.load()
            upright = ImageOps.exif_transpose(image)
            if coded is not None and coded.transfer in HDR_NAMES:
                upright = _to_sdr(upright, where, coded)
            return np.array(_to_srgb(upright, where), dtype=np.uint8)
    except Image.DecompressionBombError as error:  # the frame is larger than the file says
        raise _too_large(where) from error
    except _DAMAGE as error:
        raise _damaged(where) from error


def _check_size(where: str, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(where)
    if min(width, height) < MIN_SIDE_PX:
        raise UserError(f"The picture{where} has only {width} x {height} pixels.", "Give a larger one.")


def _too_large(where: str) -> UserError:
    millions = MAX_PIXELS // 1_000_000
    return UserError(f"The picture{where} has more than {millions} million pixels.", "Make it smaller first.")


def _damaged(where: str) -> UserError:
    return UserError(f"The picture{where} is damaged or cut short.", "Save it again as PNG.")


def _to_sdr(image: Image.Image, where: str, coded: CodedColours) -> Image.Image:
    """An HDR picture (PQ or HLG) in the colours of usual screens, with its transparency."""
    if coded.primaries != BT2020:
        name = HDR_NAMES[coded.transfer]
        raise UserError(f"The picture{where} is HDR ({name}) with other colours than BT.2020.", "Save it as a usual JPEG or PNG.")
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.int64).clip(0, 65535).astype(np.uint16)
        return Image.fromarray(ToneMap(coded.transfer)(np.repeat(grey[..., None], 3, axis=2)))
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    rgb = ToneMap(coded.transfer)(257 * np.asarray(image.convert("RGB")).astype(np.uint16))
    sdr = Image.fromarray(rgb)
    if alpha is not None:
        sdr.putalpha(alpha)
    return sdr


def _to_srgb(image: Image.Image, where: str) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip to 255 instead of scaling
        image = Image.fromarray((np.asarray(image).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8))
    elif image.mode == "F":
        raise UserError(f"The picture{where} has floating-point pixels.", "Scale them to 0 to 255 and save it as PNG.")
    elif image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    elif image.mode != "CMYK":
        image = image.convert("RGB")
    if profile:
        image = _apply_profile(image, profile)
    return image.convert("RGB")


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """From the picture's own colour profile (such as Display P3 or print CMYK) to sRGB."""
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, BytesIO(profile), srgb, outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError):  # the profile is broken or for another mode: the colours stay unchanged
        return image
