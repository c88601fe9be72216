"""Plain: bytes of a text file into text."""

from corpus.complaints import Complaint, gettext_noop


class EncodingError(Complaint):
    """Bytes that are no text in an encoding we know."""


def decode(data: bytes) -> str:
    """Text of a file in UTF-8 (with or without BOM), UTF-16 with BOM, or GB18030.

    Raises EncodingError if it is none of them.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise EncodingError(
        gettext_noop(
            "The file is not text in UTF-8, UTF-16 or GB18030. Save it as UTF-8 and try again."
        )
    )
