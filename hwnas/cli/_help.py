"""Help that lists what is registered; made when it is shown, since registries take time to load."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

_PLACE = re.compile(r"\{[a-z ]+\}")


class ListingCommand(TyperCommand):
    """A command in whose help ``{algorithms}`` and the like stand for what there is."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with the lists in place."""
        for parameter in self.params:
            for field in ("help", "metavar"):
                text = getattr(parameter, field, None)
                if text and _PLACE.search(text):
                    setattr(parameter, field, _PLACE.sub(_listed, text))
        super().format_help(ctx, formatter)


def _listed(place: re.Match[str]) -> str:
    from hwnas import api

    return api.listed(place[0])
