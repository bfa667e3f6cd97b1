"""Scores of many architectures of a space: in parallel, into a file that grows and resumes."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.space import SAMPLING_ROUNDS, SearchSpace
from hwnas.errors import ArchitectureError, ConfigError, MissingExtraError
from hwnas.executors import make_executor
from hwnas.proxies.batches import make_batch
from hwnas.proxies.catalogue import PROXIES
from hwnas.proxies.scoring import Scores, score
from hwnas.proxies.store import Row, read_scores, write_scores

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 32


@dataclass(frozen=True)
class Task:
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

    def card(self) -> dict[str, Any]:
        """The task as JSON can hold it; files of equal cards hold the same numbers."""
        import torch

        images, labels = (np.ascontiguousarray(part.numpy()) for part in self.batch)
        return {
            "space": self.space.name,
            "options": {
                name: value
                for name, value in sorted(vars(self.space).items())
                if isinstance(value, str | int | float)
            },
            "batch": self.source,
            "n_images": len(labels),
            "batch_sha256": hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
            "proxies": list(self.names),
            "seed": self.seed,
            "device": self.device,
            "torch": torch.__version__,
        }


def make_task(
    space: SearchSpace,
    source: str | Path = "photos",
    n_images: int = 64,
    names: Sequence[str] | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> Task:
    """A task with a minibatch at the space's resolution.

    Args:
        space: The search space.
        source: ``photos``, ``noise`` or the path of an ``.npz`` file of images and labels.
        n_images: Images of the minibatch.
        names: Proxies; all by default.
        seed: Seed of weights, minibatch and all else that is random.
        device: ``cpu`` or ``cuda``.

    Raises:
        UnknownNameError: There is no such proxy.
        ConfigError: The minibatch or the device cannot be.
        TableError: The file is missing or not what it should be.
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ImportError as error:  # pragma: no cover - the test environment has torch
        raise MissingExtraError("Scoring architectures", "torch", "torch") from error

    if device not in ("cpu", "cuda"):
        raise ConfigError(f"Architectures are scored on cpu or cuda; got '{device}'.")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("Scoring on cuda needs a GPU that torch can use; it finds none. Use cpu.")
    chosen = tuple(PROXIES[name].name for name in (PROXIES if names is None else names))
    graph = space.graph(space.architecture([0] * len(space.genes)))
    in_shape, (n_classes, *_) = graph.operations[0].in_shape, graph.operations[-1].out_shape
    batch = make_batch(source, n_images, in_shape, n_classes, seed)
    return Task(space, batch, chosen, seed, Path(source).name, device)


def score_architecture(arch: Architecture, task: Task) -> Scores:
    """Scores of one architecture, built and scored under the task's seed.

    Args:
        arch: The architecture; twins of one functional class have the canonical form's scores
            only if that is given.
        task: What to compute, and how.
    """
    import torch

    with torch.random.fork_rng([]):
        torch.default_generator.manual_seed(task.seed)
        model = task.space.build(arch)
    return score(model.to(task.device), task.batch, task.names, task.seed)


def canonical_classes(space: SearchSpace, archs: Sequence[Architecture]) -> list[Architecture]:
    """Canonical forms of architectures, each once, in the order of their genotypes.

    Raises:
        ArchitectureError: One does not connect input and output: it has no scores.
    """
    for arch in archs:
        if not space.is_valid(arch):
            raise ArchitectureError(
                f"An architecture to score must connect input and output; '{arch}' does not."
            )
    genotypes = np.unique(space.canonical_genotypes(space.genotypes(archs)), axis=0)
    return [space.architecture(genotype) for genotype in genotypes]


def all_classes(space: SearchSpace) -> list[Architecture]:
    """Every valid canonical architecture, in the order of their genotypes.

    Raises:
        ConfigError: The space has too many to list.
    """
    everything = space.all_genotypes()
    if everything is None:
        raise ConfigError(f"{space.name} has too many architectures to list. Use --sample N.")
    valid = everything[space.valid_mask(everything)]
    genotypes = np.unique(space.canonical_genotypes(valid), axis=0)
    return [space.architecture(genotype) for genotype in genotypes]


def sample_classes(
    space: SearchSpace, n: int, seed: int | np.random.SeedSequence
) -> list[Architecture]:
    """``n`` different valid canonical architectures, drawn uniformly over genotypes.

    Raises:
        ConfigError: The space has fewer, or none is asked.
    """
    if n < 1:
        raise ConfigError(f"A sample must have at least 1 architecture; got {n}.")
    rng = np.random.default_rng(seed)
    found: dict[tuple[int, ...], None] = {}
    for _ in range(SAMPLING_ROUNDS):
        for genotype in space.canonical_genotypes(space.sample_genotypes(n, rng)):
            found.setdefault(tuple(genotype.tolist()))
        if len(found) >= n:
            return [space.architecture(genotype) for genotype in sorted(list(found)[:n])]
    raise ConfigError(
        f"{space.name} must have {n} different architectures to sample; only {len(found)} were "
        "found. Ask for fewer, or use --all."
    )


def score_rows(
    archs: Sequence[Architecture], task: Task, n_workers: int = 1
) -> Generator[tuple[Architecture, Scores], None, None]:
    """Scores of architectures in the order given, as they are ready.

    Every worker is a process with one thread, so that cores are neither idle nor fought for, and
    sums are added in one order whatever the number of workers.

    Args:
        archs: The architectures.
        task: What to compute, and how.
        n_workers: How many processes; one works in this process.

    Raises:
        ConfigError: ``n_workers`` is below 1.
    """
    early: dict[int, Scores] = {}
    n_given = 0
    run = make_executor(n_workers).run(partial(score_architecture, task=task), archs)
    with contextlib.closing(run) as outcomes:
        for outcome in outcomes:
            early[outcome.index] = outcome.result()
            while n_given in early:
                yield archs[n_given], early.pop(n_given)
                n_given += 1


def sweep(
    archs: Sequence[Architecture],
    task: Task,
    path: Path,
    n_workers: int = 1,
    chunk: int | None = None,
) -> Iterator[int]:
    """Score architectures into a Parquet file; what it holds already is not computed again.

    The file is replaced whole after every few architectures and when it is interrupted, so that
    a run that is stopped goes on, and it is sorted by genotype, so that it ends as the same bytes.

    Args:
        archs: Canonical architectures.
        task: What to compute, and how.
        path: The file.
        n_workers: How many processes.
        chunk: Architectures a worker between two replacements; 32 by default.

    Yields:
        How many of ``archs`` are in the file: those found there, then after each chunk.

    Raises:
        TableError: The file is there and of another task, or is no file of scores.
        StorageError: The file cannot be written.
    """
    card = task.card()
    rows = read_scores(path, card) if path.exists() else {}
    left = [arch for arch in archs if str(arch) not in rows]
    n_done = len(archs) - len(left)
    yield n_done
    every = (chunk or _CHUNK) * n_workers
    n_saved = len(rows)
    with contextlib.closing(score_rows(left, task, n_workers)) as scored:
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
