"""What is predicted of devices, and how well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwnas.core.device import Device
from hwnas.objectives.devices import load_device
from hwnas.spaces import SPACES

if TYPE_CHECKING:
    from hwnas.predictors.card import Card


def device_predictors(device: str | Device) -> list[Card]:
    """Cards of all predictors that were fitted for a device.

    Args:
        device: Device or its name.

    Returns:
        The cards, by space; the user's own before shipped ones, whose like they replace.

    Raises:
        UnknownNameError: There is no such device.
        ArtifactError: An index of predictors is damaged.
    """
    from hwnas.predictors import predictor_cards

    name = load_device(device).name if isinstance(device, str) else device.name
    return [
        card for space in SPACES for card in predictor_cards(space) if card.target.device == name
    ]
