"""Minibatches to score on: photographs, noise, a file of the user's, any iterable."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas._files import DAMAGED_ZIP, read_bytes
from hwnas.core import arguments
from hwnas.core.arguments import checked, many, must_be, whole
from hwnas.errors import ConfigError, MissingExtraError, ShapeError, TableError

if TYPE_CHECKING:
    from torch import Tensor

PHOTOS, NOISE = "photos", "noise"
_CROP_SIDES = (64, 257)
_PER_CLASS = 4
_COUNT, _SEED = whole(at_least=1), whole(at_least=0)
_SIZES = many(_COUNT, at_least=1)


def _shape(name: str, value: Any) -> tuple[int, ...]:
    """A check for channels, height and width."""
    shape = tuple(_SIZES(name, value))
    if len(shape) != 3:
        raise ShapeError(f"{name} must be (channels, height, width); got {shape}.")
    return shape


@checked(source=arguments.path, n_images=whole(), in_shape=_SIZES, n_classes=_COUNT, seed=_SEED)
def make_batch(
    source: str | Path, n_images: int, in_shape: tuple[int, ...], n_classes: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """A minibatch by its name on the command line: ``photos``, ``noise`` or a file.

    Args:
        source: ``"photos"``, ``"noise"`` or the path of an ``.npz`` file.
        n_images: How many images.
        in_shape: Shape of one, ``(channels, height, width)``.
        n_classes: Labels are below this number.
        seed: Seed of what is drawn.

    Returns:
        Images of shape ``(n_images, *in_shape)`` and labels of shape ``(n_images,)``.

    Raises:
        ConfigError: Fewer than two images are asked, or more than the file has, or a label is
            out of range.
        TableError: The file is missing or not what it should be.
        MissingExtraError: torch or Pillow is not installed.
    """
    check_n_images(n_images)
    if source == PHOTOS:
        return photos(n_images, in_shape, n_classes, seed)
    if source == NOISE:
        return noise(n_images, in_shape, n_classes, seed)
    return load_images(Path(source), n_images, in_shape, n_classes, seed)


def check_n_images(n_images: int) -> None:
    """See that a minibatch has images enough to tell from one another.

    Raises:
        ConfigError: It has not.
    """
    if n_images < 2:
        raise ConfigError(f"A minibatch must have at least 2 images; got {n_images}.")


@checked(n_images=_COUNT, in_shape=_SIZES, n_classes=_COUNT, seed=_SEED)
def noise(
    n_images: int, in_shape: tuple[int, ...], n_classes: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Images of standard normal noise; labels go round the classes.

    Args:
        n_images: How many images.
        in_shape: Shape of one, ``(channels, height, width)``.
        n_classes: Number of classes.
        seed: Seed of the noise.
    """
    torch = _torch()
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn((n_images, *in_shape), generator=generator)
    return images, torch.arange(n_images) % n_classes


@checked(n_images=_COUNT, in_shape=_shape, n_classes=_COUNT, seed=_SEED)
def photos(
    n_images: int, in_shape: tuple[int, ...], n_classes: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Patches of the two photographs that ship with scikit-learn, a temple and a flower.

    They need no download, and have what proxies read of real images: smooth areas, edges and
    correlated colours. Each class is a place: a point of one of the two photographs, drawn at
    random. Its patches are squares of 64 to 256 pixels around it, shifted by up to half their
    side, mirrored half of the time and scaled to the space's resolution, so that images of a
    class look alike and those of different classes do not. With many classes, only as many are
    used as leave four images for each. Channels are standardised over the minibatch.

    Args:
        n_images: How many images.
        in_shape: Shape of one, ``(3, height, width)``.
        n_classes: Number of classes.
        seed: Seed of the places and patches.

    Raises:
        MissingExtraError: Pillow, which decodes the photographs, is not installed.
    """
    torch = _torch()
    pictures = [
        torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1) for picture in _photographs()
    ]
    rng = np.random.default_rng(seed)
    n_places = max(1, min(n_classes, n_images // _PER_CLASS))
    places = [(pictures[i % len(pictures)], rng.random(2)) for i in range(n_places)]
    labels = np.arange(n_images) % n_places
    patches = [_patch(*places[label], in_shape[1:], rng) for label in labels]
    return _standardised(torch.stack(patches)), torch.from_numpy(labels)


def _patch(
    picture: Tensor, place: np.ndarray, size: tuple[int, ...], rng: np.random.Generator
) -> Tensor:
    """One patch around a place, given as a fraction of height and width."""
    side = int(rng.integers(*_CROP_SIDES))
    shift = rng.uniform(-0.5, 0.5, size=2) * side
    limits = np.array(picture.shape[1:]) - side
    top, left = np.clip(place * limits + shift, 0, limits).astype(int)
    patch = _resized(picture[None, :, top : top + side, left : left + side], size)[0]
    return patch.flip(-1) if rng.random() < 0.5 else patch


def _photographs() -> list[np.ndarray]:
    """The two photographs, each uint8 of shape ``(height, width, 3)``."""
    from sklearn.datasets import load_sample_image

    try:
        return [np.asarray(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")]
    except ImportError as error:  # pragma: no cover - the test environment has Pillow
        raise MissingExtraError("The minibatch of photographs", "pillow", "torch") from error


@checked(path=arguments.path, n_images=_COUNT, in_shape=_shape, n_classes=_COUNT, seed=_SEED)
def load_images(
    path: Path, n_images: int, in_shape: tuple[int, ...], n_classes: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """A random minibatch of an ``.npz`` file with arrays ``images`` and ``labels``.

    Channels are standardised over all images of the file; images of another size are scaled.

    Args:
        path: The file: ``images`` uint8 of shape ``(n, height, width, 3)``, ``labels`` integers
            of shape ``(n,)``.
        n_images: How many images to take, without replacement.
        in_shape: Shape of one, ``(3, height, width)``.
        n_classes: Labels are below this number.
        seed: Seed of the choice.

    Raises:
        TableError: The file is missing or not what it should be.
        ConfigError: It has fewer images than asked, or a label is out of range.
    """
    path = Path(path)
    pixels, labels = _read_npz(path)
    torch = _torch()
    if len(labels) < n_images:
        raise ConfigError(f"{path} must hold {n_images} images at least; it has {len(labels)}.")
    if labels.min() < 0 or labels.max() >= n_classes:
        raise ConfigError(
            f"Labels of {path} must be 0 to {n_classes - 1}, the space's classes; "
            f"got {labels.min()} to {labels.max()}."
        )
    chosen = np.random.default_rng(seed).choice(len(labels), size=n_images, replace=False)
    mean, deviation = pixels.mean(axis=(0, 1, 2)), pixels.std(axis=(0, 1, 2))
    standard = (pixels[chosen] - mean) / np.maximum(deviation, 1e-6)
    images = torch.from_numpy(standard.astype(np.float32)).permute(0, 3, 1, 2)
    return _resized(images, in_shape[1:]).contiguous(), torch.from_numpy(labels[chosen])


def _read_npz(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images ``(n, height, width, 3)`` and labels ``(n,)`` of a file, checked."""
    what = f"{path} must be an .npz file of arrays 'images' and 'labels'"
    try:
        with np.load(io.BytesIO(read_bytes(path)), allow_pickle=False) as arrays:
            images, labels = arrays["images"], arrays["labels"]
    except FileNotFoundError as error:
        raise TableError(
            f"{path} does not exist. Give an .npz file of images and labels, 'photos' or 'noise'."
        ) from error
    except (*DAMAGED_ZIP, TypeError, AttributeError) as error:
        raise TableError(f"{what}; it cannot be read so.") from error
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise TableError(
            f"{path}: images must be uint8 of shape (n, height, width, 3); "
            f"got {images.dtype} {images.shape}."
        )
    if labels.shape != images.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise TableError(
            f"{path}: labels must be integers of shape (n,) = ({len(images)},); "
            f"got {labels.dtype} {labels.shape}."
        )
    return images, labels.astype(np.int64)


def _iterable(name: str, value: Any) -> Any:
    """A check for what can be gone through; an array without axes only seems to be."""
    try:
        iter(value)
    except TypeError:
        raise must_be(name, "minibatches, such as a data loader", value) from None
    return value


@checked(batches=_iterable, n_images=_COUNT)
def take(batches: Iterable[tuple[Any, Any]], n_images: int) -> tuple[Tensor, Tensor]:
    """The first images and labels of any iterable of minibatches, such as a data loader.

    Args:
        batches: Pairs of images ``(n, channels, height, width)`` and labels ``(n,)``.
        n_images: How many images to take.

    Raises:
        ConfigError: There are fewer, or they are no pairs.
    """
    torch = _torch()
    images, labels, n_taken = [], [], 0
    for each in batches:
        if not isinstance(each, tuple | list) or len(each) != 2:
            raise ConfigError(
                "Each minibatch must be a pair of images and labels; got "
                f"{type(each).__name__}. Give an iterable of such pairs."
            )
        some_images, some_labels = each
        images.append(torch.as_tensor(some_images))
        labels.append(torch.as_tensor(some_labels))
        n_taken += len(images[-1])
        if n_taken >= n_images:
            return torch.cat(images)[:n_images], torch.cat(labels)[:n_images]
    raise ConfigError(f"The batches must hold {n_images} images at least; they have {n_taken}.")


def _standardised(images: Tensor) -> Tensor:
    """Images whose channels have mean 0 and deviation 1 over the minibatch."""
    axes = (0, 2, 3)
    centred = images - images.mean(axes, keepdim=True)
    return centred / centred.square().mean(axes, keepdim=True).sqrt()


def _resized(images: Tensor, size: tuple[int, ...]) -> Tensor:
    from torch.nn import functional

    if tuple(images.shape[2:]) == tuple(size):
        return images
    return functional.interpolate(images, size=size, mode="bilinear", antialias=True)


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:  # pragma: no cover - the test environment has torch
        raise MissingExtraError("A minibatch", "torch", "torch") from error
    return torch
