"""Help that lists what is registered; made when it is shown, since registries take time to load."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class ListingCommand(TyperCommand):
    """A command in whose help ``{algorithms}`` and the like stand for what there is."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with the lists in place."""
        for parameter in self.params:
            for field in ("help", "metavar"):
                text = getattr(parameter, field, None)
                for place, make in _LISTS.items():
                    if text and place in text:
                        text = text.replace(place, make())
                        setattr(parameter, field, text)
        super().format_help(ctx, formatter)


def _algorithms() -> str:
    from hwnas.algorithms import ALGORITHMS

    return "|".join(ALGORITHMS)


def _algorithm_summaries() -> str:
    from hwnas.algorithms import ALGORITHMS, summary

    def line(name: str) -> str:
        start = ALGORITHMS[name].default_warm_start
        begins = f" (begins with {start} by default)" if start else ""
        return f"{name}: {summary(name).replace('``', '')}{begins}."

    return " ".join(map(line, ALGORITHMS))


def _least_populations() -> str:
    from hwnas.algorithms import ALGORITHMS

    return ", ".join(f"{ALGORITHMS[name].least_population} of {name}" for name in ALGORITHMS)


_LISTS = {
    "{algorithms}": _algorithms,
    "{algorithm summaries}": _algorithm_summaries,
    "{least populations}": _least_populations,
}
