"""QR codes as inline SVG, which the Content-Security-Policy lets in: no style, no script, no data address."""

import segno


def svg_of(text: str) -> str:
    """Return the QR code (ISO/IEC 18004) of a text as an SVG element; black on white in every theme.

    The page around it names the image.
    """
    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(
        border=4, dark="#000", light="#fff", svgclass="qr-code", lineclass=None, omitsize=True
    )
