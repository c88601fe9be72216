"""Plain: bytes of a text file into text, with the encoding found by a library and named."""

import codecs

from charset_normalizer import from_bytes

from corpus.complaints import Complaint, gettext_noop

# what a person may choose from, and what is looked for
ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16")
CANDIDATES = ["gb18030", "big5", "utf_16_le", "utf_16_be"]
SAMPLE = 64 * 1024  # bytes that are looked at


class EncodingError(Complaint):
    """Bytes that are no text in an encoding we know."""


def detect(data: bytes) -> str:
    """The encoding of `data`: a byte order mark, else UTF-8 if it is valid, else the likeliest.

    Raises EncodingError if it is none of ENCODINGS.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _decodes(data, "utf-8") and b"\x00" not in data[:SAMPLE]:
        return "utf-8"
    found = from_bytes(data[:SAMPLE], cp_isolation=CANDIDATES).best()
    for name in ([found.encoding] if found else []) + ["gb18030", "big5"]:
        if _decodes(data, name) and "\x00" not in data[:SAMPLE].decode(name, "ignore"):
            return name
    raise EncodingError(
        gettext_noop(
            "The file is not text in UTF-8, UTF-16, GB18030 or Big5. Save it as UTF-8 and try"
            " again."
        )
    )


def decode(data: bytes, encoding: str = "") -> str:
    """The text, without byte order mark and with \\n line ends; detected if none is named.

    Raises EncodingError if the bytes are not text in that encoding.
    """
    encoding = encoding or detect(data)
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise EncodingError(
            gettext_noop("The file is not text in %(encoding)s. Choose another encoding."),
            encoding=encoding,
        ) from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
