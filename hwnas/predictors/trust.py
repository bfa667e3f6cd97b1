"""What the card of a model that was fitted on another space says of how far such models carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Method = Literal["totals", "devices", "bridge"]
"""How a cost is carried: by what every network holds (operators, MACs, weights, bytes); by the
costs of other devices that both spaces know; or by costs of other devices that are known on a third
space of the goal's operators, and carried from there by totals."""

SAME_ORDER = 0.999
"""Rank correlation from which on a value orders networks as a count alone does."""


@dataclass(frozen=True, slots=True)
class CostTrust:
    """How far a cost model fitted on one space carried to another, where both are known.

    Nothing of the device itself, at whatever batch size, was known on the other space.

    Args:
        device: Device whose cost is known on both.
        from_space: Space that it was fitted on.
        to_space: Space that it valued.
        spearman: Rank correlation with the truth; None where one of them is constant.
        scale: The one factor by which predictions were off, as a median; who has no value of the
            device on the other space cannot know it.
        within_10_pct_scaled: Share of predictions within 10 % once the factor is divided out.
        log_error: Quantile of ``|ln(predicted / true)|``, factor included, that an interval must
            cover.
        within_10_pct: Share of predictions within 10 % as they stand; None if not measured.
        spearman_macs: Rank correlation of the number of multiply-accumulates alone.
        spearman_params: That of the number of parameters alone.
        quantity: What was carried.
        conditions: Under which conditions it was measured.
        method: How.
    """

    device: str
    from_space: str
    to_space: str
    spearman: float | None
    scale: float
    within_10_pct_scaled: float
    log_error: float
    within_10_pct: float | None = None
    spearman_macs: float | None = None
    spearman_params: float | None = None
    quantity: str = "latency"
    conditions: str = ""
    method: Method = "totals"

    @property
    def beats_macs(self) -> bool | None:
        """Whether it ranks better than counting MACs does; None where that is not known."""
        if self.spearman_macs is None:
            return None
        return self.spearman is not None and self.spearman > self.spearman_macs


@dataclass(frozen=True, slots=True)
class Order:
    """How extrapolated values order random architectures of the space that they are for.

    Args:
        n_archs: Functional classes among the architectures drawn.
        n_distinct: Different values.
        spearman_macs: Rank correlation with the number of multiply-accumulates.
        spearman_params: That with the number of parameters.
    """

    n_archs: int
    n_distinct: int
    spearman_macs: float | None
    spearman_params: float | None

    @property
    def same_as(self) -> str | None:
        """The count that orders them alike, ``"MACs"`` or ``"parameters"``; None if none does."""
        counts = {"MACs": self.spearman_macs, "parameters": self.spearman_params}
        return next((name for name, rho in counts.items() if rho and rho >= SAME_ORDER), None)


@dataclass(frozen=True, slots=True)
class QualityTrust:
    """How well a model of accuracy fitted on one space ranked another, where both are known.

    Args:
        quantity: What was predicted.
        from_space: Space that it was fitted on.
        to_space: Space that it ranked.
        feature_sets: What it read.
        n_classes: Functional classes that it ranked.
        kendall_tau: Agreement with the truth; None where one of them is constant.
        kendall_tau_params: That of the number of parameters alone.
        kendall_tau_macs: That of the number of multiply-accumulates alone.
    """

    quantity: str
    from_space: str
    to_space: str
    feature_sets: tuple[str, ...]
    n_classes: int
    kendall_tau: float | None
    kendall_tau_params: float | None
    kendall_tau_macs: float | None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where a model that was fitted on another space comes from.

    Args:
        from_space: The space that it was fitted on.
        from_dataset: Its data set.
        costs: How far cost models carried where the truth is known.
        qualities: How well models of accuracy did.
        method: How a cost was carried; None for accuracy and robustness.
        via_space: The space through which it was, by method ``bridge``; else None.
        weights: Power of each factor of the value: costs of other devices, by device and
            conditions, and what is counted (``operators``, ``macs``, ``bytes``).
        order: How its values order the space that they are for; None if not measured.
    """

    from_space: str
    from_dataset: str
    costs: tuple[CostTrust, ...] = ()
    qualities: tuple[QualityTrust, ...] = ()
    method: Method | None = None
    via_space: str | None = None
    weights: dict[str, float] = field(default_factory=dict)
    order: Order | None = None

    def measured(self, quantity: str, device: str | None) -> list[CostTrust]:
        """What was measured of carrying a quantity in this way from this space.

        Args:
            quantity: The quantity.
            device: The device: what is known of it alone, or of all where that is nothing.
        """
        return measured_alike(self.costs, quantity, device, self.from_space, self.method)


def measured_alike(
    costs: Sequence[CostTrust],
    quantity: str,
    device: str | None,
    from_space: str,
    method: Method | None,
) -> list[CostTrust]:
    """Those of some measured transfers that say how far one like them carries.

    Args:
        costs: What was measured.
        quantity: The quantity to carry.
        device: Its device: transfers of it go before those of all.
        from_space: Space to carry it from.
        method: How.
    """
    wanted = (quantity, from_space, method)
    alike = [each for each in costs if (each.quantity, each.from_space, each.method) == wanted]
    return [each for each in alike if each.device == device] or alike
