"""Scores of many architectures of a space: in parallel, into a file that grows and resumes."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core import arguments, given
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import checked, many, whole
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, HwnasError, MissingExtraError
from hwnas.executors import make_executor
from hwnas.models.building import build_model
from hwnas.proxies._readings import in_words
from hwnas.proxies.batches import check_n_images, make_batch
from hwnas.proxies.catalogue import proxies_named
from hwnas.proxies.scoring import Scores, scores_and_failure
from hwnas.proxies.store import Row, ScoreCard, read_scores, write_scores

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 32


@dataclass(frozen=True)
class ScoringPlan:
    """What decides the score of an architecture.

    Args:
        space: Its search space; data set and options such as cells decide the model.
        batch: The minibatch, images ``(n_images, channels, height, width)`` and labels.
        names: Proxies to compute.
        seed: Seed of weights and of all else that is random, the same for every architecture, so
            that neither order nor company matters.
        source: Where the minibatch comes from, for the file's card.
        device: Torch device to score on, ``"cpu"`` or ``"cuda"``.
    """

    space: SearchSpace
    batch: tuple[Tensor, Tensor]
    names: tuple[str, ...]
    seed: int
    source: str
    device: str = "cpu"

    def card(self) -> ScoreCard:
        """The plan as a file of scores records it."""
        import torch

        images, labels = (np.ascontiguousarray(part.numpy()) for part in self.batch)
        return ScoreCard(
            space=self.space.name,
            options={"dataset": self.space.dataset, **self.space.options},
            batch=self.source,
            n_images=len(labels),
            batch_sha256=hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
            proxies=self.names,
            seed=self.seed,
            device=self.device,
            torch=str(torch.__version__),
        )


@checked(
    space=given.loaded_space,
    source=arguments.path,
    n_images=whole(),
    names=many(arguments.text),
    seed=whole(),
    device=arguments.text,
)
def plan_scoring(
    space: SearchSpace,
    source: str | Path = "photos",
    n_images: int = 64,
    names: Sequence[str] | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> ScoringPlan:
    """How to score a space, with a minibatch at its resolution.

    Args:
        space: The search space.
        source: ``photos``, ``noise`` or the path of an ``.npz`` file of images and labels.
        n_images: Images of the minibatch.
        names: Proxies; all by default.
        seed: Seed of weights, minibatch and all else that is random.
        device: ``cpu`` or ``cuda``.

    Raises:
        UnknownNameError: There is no such proxy.
        ConfigError: The minibatch, the seed or the device cannot be.
        TableError: The file is missing or not what it should be.
        MissingExtraError: torch is not installed.
    """
    if device not in ("cpu", "cuda"):
        raise ConfigError(f"Architectures are scored on cpu or cuda; got '{device}'.")
    if seed < 0:
        raise ConfigError(f"The seed must be a whole number, at least 0; got {seed}.")
    check_n_images(n_images)
    chosen = tuple(dict.fromkeys(each.name for each in proxies_named(names)))
    try:
        import torch
    except ImportError as error:  # pragma: no cover - the test environment has torch
        raise MissingExtraError("Scoring architectures", "torch", "torch") from error

    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("Scoring on cuda needs a GPU that torch can use; it finds none. Use cpu.")
    batch = make_batch(source, n_images, space.input_shape, space.n_outputs, seed)
    return ScoringPlan(space, batch, chosen, seed, Path(source).name, device)


def score_architecture(arch: Architecture, plan: ScoringPlan) -> Scores:
    """Scores of one architecture, built and scored under the plan's seed.

    Args:
        arch: The architecture; twins of one functional class have the canonical form's scores
            only if that is given.
        plan: What to compute, and how.
    """
    try:
        model = build_model(plan.space, arch, plan.seed).to(plan.device)
    except HwnasError:
        raise
    except Exception as error:  # the space's own code; other architectures have their scores
        reason = f"its model cannot be built: {in_words(error)}"
        return Scores(dict.fromkeys(plan.names), dict.fromkeys(plan.names, reason))
    return scores_and_failure(model, plan.batch, plan.names, plan.seed)[0]


def score_rows(
    archs: Sequence[Architecture], plan: ScoringPlan, n_workers: int = 1
) -> Generator[tuple[Architecture, Scores], None, None]:
    """Scores of architectures in the order given, as they are ready.

    Every worker is a process with one thread, so that cores are neither idle nor fought for, and
    sums are added in one order whatever the number of workers.

    Args:
        archs: The architectures.
        plan: What to compute, and how.
        n_workers: How many processes; one works in this process.

    Raises:
        ConfigError: ``n_workers`` is below 1.
    """
    early: dict[int, Scores] = {}
    n_given = 0
    run = make_executor(n_workers).run(partial(score_architecture, plan=plan), archs)
    with contextlib.closing(run) as outcomes:
        for outcome in outcomes:
            early[outcome.index] = outcome.result()
            while n_given in early:
                yield archs[n_given], early.pop(n_given)
                n_given += 1


def sweep(
    archs: Sequence[Architecture],
    plan: ScoringPlan,
    path: Path,
    n_workers: int = 1,
    chunk: int | None = None,
) -> Iterator[int]:
    """Score architectures into a Parquet file; what it holds already is not computed again.

    The file is replaced whole after every few architectures and when it is interrupted, so that
    a run that is stopped goes on, and it is sorted by genotype, so that it ends as the same bytes.

    Args:
        archs: Canonical architectures.
        plan: What to compute, and how.
        path: The file.
        n_workers: How many processes.
        chunk: Architectures a worker between two replacements; 32 by default.

    Yields:
        How many of ``archs`` are in the file: those found there, then after each chunk.

    Raises:
        TableError: The file is there and made otherwise, or is no file of scores.
        StorageError: The file cannot be written.
    """
    card = plan.card()
    rows = read_scores(path, card) if path.exists() else {}
    left = [arch for arch in archs if str(arch) not in rows]
    n_done = len(archs) - len(left)
    yield n_done
    every = (chunk or _CHUNK) * n_workers
    n_saved = len(rows)
    with contextlib.closing(score_rows(left, plan, n_workers)) as scored:
        try:
            for number, (arch, scores) in enumerate(scored, start=1):
                rows[str(arch)] = Row(arch.genotype, scores)
                if number % every == 0 or number == len(left):
                    write_scores(path, rows, card)
                    n_saved = len(rows)
                    yield n_done + number
        except KeyboardInterrupt:
            if len(rows) > n_saved:
                write_scores(path, rows, card)
            raise
