"""The README as package registries show it: without links and pictures that are files beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE = r"\((?!https?://|#|mailto:)[^)]*\)"
_PICTURE = re.compile(rf"!\[[^\]]*\]{_RELATIVE}\n*")
_LINK = re.compile(rf"\[([^\]]*)\]{_RELATIVE}")


class ReadmeHook(MetadataHookInterface):
    """Gives the project its long description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set ``readme``; links to files of the checkout become plain words."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = _LINK.sub(r"\1", _PICTURE.sub("", text))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
