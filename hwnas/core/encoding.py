"""Which text a file of somebody's holds: spreadsheets and shells of Windows write UTF-16."""

from __future__ import annotations

import codecs
from pathlib import Path

from hwnas._files import check_plain


def encoding_of(start: bytes) -> str:
    """The encoding that a file's first two bytes tell: UTF-16 has a mark, all else is UTF-8.

    Example:
        >>> encoding_of(b"ar"), encoding_of(codecs.BOM_UTF16_LE)
        ('utf-8-sig', 'utf-16')
    """
    has_mark = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "utf-16" if has_mark else "utf-8-sig"


def encoding_of_file(path: Path) -> str:
    """The same of a file.

    Raises:
        OSError: It cannot be read, or is no plain file.
    """
    check_plain(path)
    with path.open("rb") as file:
        return encoding_of(file.read(2))
