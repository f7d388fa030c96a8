"""Which colours a picture file is coded in, by numbers (ITU-T H.273): PNG says so in a cICP chunk, AVIF in a colr box."""

from dataclasses import dataclass

BT2020 = 9
_PNG, _HEADER_BYTES = b"\x89PNG\r\n\x1a\n", 8
_AVIF_COLOURS = b"colrnclx"


@dataclass(frozen=True)
class CodedColours:
    """primaries, transfer: numbers of ITU-T H.273."""

    primaries: int
    transfer: int


def coded_colours(head: bytes) -> CodedColours | None:
    """Reads them from the beginning of a file; None where it does not say."""
    if head.startswith(_PNG):
        return _of_png(head)
    at = head.find(_AVIF_COLOURS)
    if head[4:8] != b"ftyp" or at < 0 or len(head) < at + 12:
        return None
    return CodedColours(*(int.from_bytes(head[k : k + 2], "big") for k in (at + 8, at + 10)))


def _of_png(head: bytes) -> CodedColours | None:
    at = len(_PNG)
    while at + _HEADER_BYTES + 2 <= len(head):
        size, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        if kind == b"cICP":
            return CodedColours(head[at + 8], head[at + 9])
        if kind == b"IDAT":  # what is about colours comes before the pixels
            return None
        at += size + 12
    return None
