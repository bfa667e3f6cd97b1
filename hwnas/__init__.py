"""hwnas: hardware-aware, multi-objective neural architecture search."""

