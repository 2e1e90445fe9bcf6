"""QR codes for inline SVG, as the Content-Security-Policy lets in no style, script or data address."""

from dataclasses import dataclass

import segno

BORDER = 4  # modules: the quiet zone of ISO/IEC 18004


@dataclass(frozen=True, slots=True)
class QrCode:
    """The side of a QR code with its border, in modules, and the dark modules as data of an SVG path."""

    side: int
    path: str


def qr_code(text: str) -> QrCode:
    """Return the QR code (ISO/IEC 18004) of a text."""
    code = segno.make(text, error="m", micro=False)
    modules = list(code.matrix_iter(border=BORDER))
    dark = [(x, y) for y, row in enumerate(modules) for x, module in enumerate(row) if module]
    return QrCode(len(modules), "".join(f"M{x} {y}h1v1h-1z" for x, y in dark))
