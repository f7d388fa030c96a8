"""A picture file becomes an upright sRGB array, or one sentence that says why it cannot."""

import struct
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from jamflow.errors import UserError
from jamflow.media.files import existing_file

MAX_PIXELS = 64_000_000
MIN_SIDE_PX = 64

# Photographs and their close kin; formats that start an interpreter (EPS) or hold no single picture stay out.
_FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error)  # what Pillow raises on broken files


def read_image(path: str | Path) -> np.ndarray:
    """The picture as (H, W, 3) uint8 sRGB, turned as its EXIF tag says, transparency over white.

    Reads the first frame of an animation. Raises UserError for what is no picture, is damaged, has more
    than ``MAX_PIXELS`` pixels (checked before anything is decoded) or a side under ``MIN_SIDE_PX``.
    """
    path = existing_file(path, "picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warning on large pictures; the limit below is stricter
            with Image.open(path, formats=_FORMATS) as image:
                _check_size(path, *image.size)
                image.load()
                return np.array(_to_srgb(ImageOps.exif_transpose(image)), dtype=np.uint8)
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except Image.UnidentifiedImageError as error:
        raise UserError(f"The file {path} is not a readable picture.", "Give a PNG, JPEG or WebP.") from error
    except _DAMAGE as error:
        raise UserError(f"The picture {path} is damaged or cut short.", "Save it again as PNG.") from error


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(path)
    if min(width, height) < MIN_SIDE_PX:
        raise UserError(f"The picture {path} has only {width} x {height} pixels.", "Give a larger one.")


def _too_large(path: Path) -> UserError:
    millions = MAX_PIXELS // 1_000_000
    return UserError(f"The picture {path} has more than {millions} million pixels.", "Make it smaller first.")


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip to 255 instead of scaling
        image = Image.fromarray((np.asarray(image).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("floating-point pixels")
    elif image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    elif image.mode != "CMYK":
        image = image.convert("RGB")
    if profile:
        image = _apply_profile(image, profile)
    return image.convert("RGB")


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """From the picture's own colour profile (Display P3 of telephones, print CMYK) to sRGB."""
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, BytesIO(profile), srgb, outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError):  # broken, or for another mode: the colours stay as they are
        return image
