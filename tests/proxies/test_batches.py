"""Minibatches: photographs, noise, files, iterables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from hwnas import proxies  # noqa: E402
from hwnas.errors import ConfigError, TableError  # noqa: E402

SHAPE = (3, 16, 16)


def _write(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def _pixels(n_images: int, side: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n_images, side, side, 3), dtype=np.uint8)


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    return _write(tmp_path / "images.npz", images=_pixels(20), labels=np.arange(20) % 10)


@pytest.mark.parametrize("shape", [(3, 32, 32), (3, 16, 16), (3, 80, 96)])
def test_photos_have_the_spaces_resolution_and_are_standardised(shape: tuple[int, ...]) -> None:
    images, labels = proxies.photos(12, shape, 10)
    assert images.shape == (12, *shape)
    assert images.dtype == torch.float32
    assert labels.shape == (12,)
    torch.testing.assert_close(images.mean((0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(images.std((0, 2, 3)), torch.ones(3), atol=1e-2, rtol=0)


def test_photos_are_fixed_by_the_seed() -> None:
    first, again = proxies.photos(8, SHAPE, 10), proxies.photos(8, SHAPE, 10)
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], proxies.photos(8, SHAPE, 10, seed=1)[0])


def test_photos_are_all_different() -> None:
    images, _ = proxies.photos(64, SHAPE, 10)
    assert len(torch.unique(images.flatten(1), dim=0)) == 64


@pytest.mark.parametrize(
    ("n_images", "n_classes", "n_used"), [(64, 10, 10), (64, 1000, 16), (4, 10, 1)]
)
def test_photos_leave_four_images_for_each_class_used(
    n_images: int, n_classes: int, n_used: int
) -> None:
    _, labels = proxies.photos(n_images, SHAPE, n_classes)
    assert labels.unique().tolist() == list(range(n_used))
    assert labels.bincount().min() >= 4


def test_photos_of_a_class_are_more_alike_than_others() -> None:
    # At low resolution: colours and layout of a place.
    images, labels = proxies.photos(200, (3, 4, 4), 10)
    flat = images.flatten(1)
    distances = torch.cdist(flat, flat)
    is_same = labels[:, None] == labels[None]
    within = distances[is_same & (distances > 0)].mean()
    assert within < 0.8 * distances[~is_same].mean()


def test_noise_is_standard_normal_with_labels_going_round() -> None:
    images, labels = proxies.noise(64, (3, 32, 32), 10)
    assert abs(float(images.mean())) < 0.01
    assert abs(float(images.std()) - 1) < 0.01
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_file_gives_its_standardised_images_with_their_labels(tmp_path: Path) -> None:
    # Brightness tells which image it is: label k has pixels of 10 k.
    pixels = np.broadcast_to(np.arange(10, dtype=np.uint8)[:, None, None, None] * 10, (10, 4, 4, 3))
    path = _write(tmp_path / "x.npz", images=pixels, labels=np.arange(10))
    images, labels = proxies.load_images(path, 5, (3, 4, 4), 10)
    expected = (labels * 10 - pixels.mean()) / pixels.std()
    torch.testing.assert_close(images[:, 0, 0, 0].double(), expected.double())
    assert len(labels.unique()) == 5


def test_files_images_are_scaled_to_the_spaces_resolution(npz: Path) -> None:
    images, _ = proxies.make_batch(str(npz), 6, (3, 32, 24), 10)
    assert images.shape == (6, 3, 32, 24)


def test_smaller_images_are_averages(tmp_path: Path) -> None:
    board = np.indices((16, 16)).sum(axis=0) % 2 * 200
    pixels = np.repeat(np.repeat(board[None, ..., None], 3, axis=3), 2, axis=0).astype(np.uint8)
    path = _write(tmp_path / "board.npz", images=pixels, labels=np.zeros(2, dtype=int))
    images, _ = proxies.load_images(path, 2, (3, 4, 4), 10)
    assert float(images.abs().max()) < 0.2


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": _pixels(4)}, "must be an .npz file of arrays 'images' and 'labels'"),
        ({"images": _pixels(4) / 255, "labels": np.zeros(4, int)}, "images must be uint8 of shape"),
        ({"images": _pixels(4)[..., :1], "labels": np.zeros(4, int)}, r"got uint8 \(4, 16, 16, 1"),
        ({"images": _pixels(4), "labels": np.zeros(3, int)}, "labels must be integers of shape"),
        ({"images": _pixels(4), "labels": np.zeros(4)}, r"got float64 \(4,\)"),
        ({"images": _pixels(4), "labels": np.array([None] * 4)}, "it cannot be read so"),
    ],
)
def test_file_of_something_else_is_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    path = _write(tmp_path / "x.npz", **arrays)
    with pytest.raises(TableError, match=message):
        proxies.load_images(path, 2, SHAPE, 10)


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04 but cut off"])
def test_damaged_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(data)
    with pytest.raises(TableError, match=r"x.npz must be an .npz file of arrays"):
        proxies.load_images(path, 2, SHAPE, 10)


def test_single_array_is_no_file_of_images(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, _pixels(2))
    with pytest.raises(TableError, match=r"must be an \.npz file"):
        proxies.load_images(path, 2, SHAPE, 10)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"does not exist\. Give an \.npz file"):
        proxies.make_batch(tmp_path / "none.npz", 2, SHAPE, 10)


def test_more_images_than_the_file_has_are_refused(npz: Path) -> None:
    with pytest.raises(ConfigError, match="must hold 64 images at least; it has 20"):
        proxies.load_images(npz, 64, SHAPE, 10)


def test_labels_beyond_the_spaces_classes_are_refused(npz: Path) -> None:
    with pytest.raises(ConfigError, match="must be 0 to 4, the space's classes; got 0 to 9"):
        proxies.load_images(npz, 4, SHAPE, 5)


def test_one_image_is_no_minibatch() -> None:
    with pytest.raises(ConfigError, match="at least 2 images; got 1"):
        proxies.make_batch("noise", 1, SHAPE, 10)


def test_first_images_of_an_iterable_are_taken_in_order() -> None:
    def batches():
        for start in range(0, 100, 4):
            yield torch.full((4, 1, 1, 1), float(start)), torch.arange(start, start + 4)

    images, labels = proxies.take(batches(), 10)
    assert images.shape == (10, 1, 1, 1)
    assert labels.tolist() == list(range(10))


def test_iterable_that_ends_early_is_told() -> None:
    with pytest.raises(ConfigError, match="must hold 5 images at least; they have 3"):
        proxies.take([(np.zeros((3, 1, 2, 2)), np.zeros(3))], 5)
