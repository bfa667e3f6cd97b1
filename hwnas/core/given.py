"""What public functions take for a space and for a device."""

from __future__ import annotations

from hwnas.core.arguments import kind_of
from hwnas.core.device import Device
from hwnas.core.space import SearchSpace

space = kind_of(str, SearchSpace, what="a search space or its name")
loaded_space = kind_of(SearchSpace, what="a search space, as hwnas.load_space gives it")
device = kind_of(str, Device, what="a device or its name")
loaded_device = kind_of(Device, what="a device, as hwnas.load_device gives it")
