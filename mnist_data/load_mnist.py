"""Loads MNIST as arrays: from the folder, from CATTERN_MNIST_DIR, from the internet, or a small part of it from a package."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnist_data.download import DownloadError, download
from mnist_data.files import FILES, contents, find, load, search_path
from mnist_data.idx import DataFileError, load_idx
from mnist_data.subset import notice, read_subset

__all__ = ["DataFileError", "FileReport", "data_source", "fetch", "load_idx", "read_data_sets", "read_images"]


def read_data_sets(folder: str | Path | None = None, subtract_mean: bool = True) -> tuple[np.ndarray, ...]:
    """Return MNIST split into training, validation and test set, ready for a network.

    The validation set is the FIRST 5000 images of the training file, the training set the other 55000. NumPy's global
    random stream is not touched.

    Args:
        folder: where the files are, or land when they are downloaded. None means this package's own folder.
        subtract_mean: subtract the mean TRAINING image from all three sets.

    Returns:
        `X_train, y_train, X_val, y_val, X_test, y_test`. Each X is (N, 784) float64, one image per row; pixels are in
        [0, 255] before the mean is subtracted and are not rescaled. Each y is (N,) int64 in [0, 10). N is 55000, 5000
        and 10000; or 4000, 500 and 500, with a loud notice, when the full data cannot be had (see `data_source`).

    Raises:
        DataFileError: a file is there but damaged or the wrong one; the message says how to mend it.
    """
    train_images, train_labels, test_images, test_labels = read_images(folder)
    num_val = 5000 if len(train_images) == 60000 else len(test_images)
    X, X_test = (images.reshape(len(images), -1) for images in (train_images, test_images))
    # Sums of whole numbers are exact, so this is the mean of the float64 images to the last digit, and no copy is made for it.
    total = X[num_val:].sum(axis=0, dtype=np.int64)
    mean_image = total / len(X[num_val:]) if subtract_mean else 0.0
    X, X_test = (np.subtract(images, mean_image, dtype=np.float64) for images in (X, X_test))
    y, y_test = train_labels.astype(np.int64), test_labels.astype(np.int64)
    return X[num_val:], y[num_val:], X[:num_val], y[:num_val], X_test, y_test


def read_images(folder: str | Path | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return MNIST as it is in its files: small arrays, to be split and scaled as you like.

    Args:
        folder: as in `read_data_sets`.

    Returns:
        `train_images, train_labels, test_images, test_labels`: images (60000, 28, 28) and (10000, 28, 28) uint8 in
        [0, 255], labels (60000,) and (10000,) uint8. Without the full data, 4500 and 500 of them, and a notice.

    Raises:
        DataFileError: as in `read_data_sets`.
    """
    try:
        return tuple(
            load(file, find(file, folder) or download(file, search_path(folder)[0])) for file in FILES
        )
    except DownloadError as error:
        places = "\n".join(f"Looked in {place} ({contents(place)})" for place in search_path(folder))
        print(notice(f"{places}\n{error}"), flush=True)
        return read_subset()


def data_source(folder: str | Path | None = None) -> str:
    """Say which data there is, so that a notebook can set its targets: "full", or "subset" for the 5000 images.

    Looks for the four files and downloads nothing: call it after `read_data_sets` with the same folder.
    """
    return "full" if all(find(file, folder) for file in FILES) else "subset"


@dataclass(frozen=True)
class FileReport:
    """Where one official file is. `problem` is None when its checksum holds."""

    name: str
    path: Path | None
    problem: str | None

    @property
    def ok(self) -> bool:
        """True when the file is there and its checksum holds."""
        return self.problem is None


def fetch(folder: str | Path | None = None, force: bool = False) -> list[FileReport]:
    """Get the official files that are missing, and verify all four. This is what `cattern data` runs.

    Args:
        folder: where downloads go; None means this package's own folder.
        force: download all four again into `folder`, replacing what is there.

    Returns:
        One report per file. A bad file, or one that cannot be had, is a report with a problem, not an exception.
    """
    reports = []
    failure = None
    for file in FILES:
        path = None
        try:
            path = None if force else find(file, folder)
            if path is None and failure:  # Offline, four files would be four times the wait.
                raise failure
            path = path or download(file, search_path(folder)[0])
            load(file, path)
            reports.append(FileReport(file.name, path, None))
        except DataFileError as error:
            reports.append(FileReport(file.name, path, str(error)))
        except DownloadError as error:
            reports.append(FileReport(file.name, None, str(error)))
            failure = DownloadError("missing, and not tried after the failed download")
    return reports
