"""What the card of a model that was fitted on another space says of how far such models carry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CostTrust:
    """How far a cost model fitted on one space carried to another, where both are known.

    Args:
        device: Device whose latency is known on both.
        from_space: Space that it was fitted on.
        to_space: Space that it valued.
        spearman: Rank correlation with the truth; None where one of them is constant.
        scale: The one factor by which predictions were off, as a median.
        within_10_pct: Share of predictions within 10 % once the factor is divided out.
        log_error: Quantile of ``|ln(predicted / true)|``, factor included, that an interval must
            cover.
    """

    device: str
    from_space: str
    to_space: str
    spearman: float | None
    scale: float
    within_10_pct: float
    log_error: float


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
    """

    from_space: str
    from_dataset: str
    costs: tuple[CostTrust, ...] = ()
    qualities: tuple[QualityTrust, ...] = ()
