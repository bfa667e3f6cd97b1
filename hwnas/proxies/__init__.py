"""Zero-cost proxies: numbers read from an untrained model and one minibatch (torch).

References:
    Abdelfattah et al. 2021, Zero-Cost Proxies for Lightweight NAS,
    https://arxiv.org/abs/2101.08134
    Krishnakumar et al. 2022, NAS-Bench-Suite-Zero: Accelerating Research on Zero Cost Proxies,
    https://arxiv.org/abs/2210.03230
"""

from hwnas.proxies.batches import load_images, make_batch, noise, photos, take
from hwnas.proxies.catalogue import PROXIES, Proxy, UndefinedScore, proxy
from hwnas.proxies.scoring import Scores, score
from hwnas.proxies.voting import vote

__all__ = [
    "PROXIES",
    "Proxy",
    "Scores",
    "UndefinedScore",
    "load_images",
    "make_batch",
    "noise",
    "photos",
    "proxy",
    "score",
    "take",
    "vote",
]
