"""Plain: a link as a QR code, drawn as SVG."""

import segno


def data_uri(link: str) -> str:
    """The code, black on white in every theme, as the address of a picture."""
    code = segno.make(link, error="m", micro=False)
    return code.svg_data_uri(scale=4, border=2, light="#fff", dark="#000", svgclass=None)
