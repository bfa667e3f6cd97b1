"""Records in files, changed as another writer would: the digest goes with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hwnas._records import DIGEST, digest_of


def sealed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a file, ``schema`` among them, with the digest of what they are now."""
    rest = {key: value for key, value in fields.items() if key not in ("schema", DIGEST)}
    return {"schema": fields["schema"], DIGEST: digest_of(fields["schema"], rest), **rest}


def unsealed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a file as files of older schemas have them."""
    return {key: value for key, value in fields.items() if key != DIGEST}


def rewrite(path: Path, **changes: Any) -> None:
    """Change fields of a JSON file."""
    path.write_text(json.dumps(sealed({**json.loads(path.read_text()), **changes})))
