"""What dlkit asks of the library TensorFlow Datasets: one file knows its ways."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from dlkit.data import errors

SPLITS = {"train": "train", "validation": "val", "val": "val", "valid": "val", "test": "test"}
"""Its splits -> ours; others it may have are left alone."""


def prepared(name: str, data: str | os.PathLike | None) -> Any:
    """The library's builder of a dataset, which is on disk when it comes back.

    Raises:
        DataError: there is no such dataset, or it could not be prepared.
    """
    import tensorflow_datasets  # seconds that only this dataset costs

    folder = None if data is None else os.fspath(data)
    try:
        builder = tensorflow_datasets.builder(name, data_dir=folder)
        if not builder.is_prepared():
            builder = tensorflow_datasets.builder(name, data_dir=folder, file_format="array_record")
            builder.download_and_prepare()
    except Exception as error:  # its datasets are anyone's code
        told = str(error).strip().partition("\n")[0] or type(error).__name__
        raise errors.DataError(
            f"tfds:{name} cannot be had from TensorFlow Datasets: {told}",
            "See its names: https://www.tensorflow.org/datasets/catalog/overview",
        ) from error
    return builder


def keys(name: str, info: Any) -> tuple[str, str]:
    """The names of the one image and the one label of each record.

    Raises:
        DataError: there are none, or several of which none is the library's choice.
    """
    from tensorflow_datasets import features as kinds

    there = info.features if isinstance(info.features, kinds.FeaturesDict) else {}
    images = [key for key, each in there.items() if type(each) is kinds.Image]
    labels = [key for key, each in there.items() if type(each) is kinds.ClassLabel]
    for key in info.supervised_keys or ():
        images = [key] if key in images else images
        labels = [key] if key in labels else labels
    if len(images) != 1 or len(labels) != 1 or there[images[0]].np_dtype != np.uint8:
        found = ", ".join(f"{key}: {type(there[key]).__name__}" for key in there)
        raise errors.DataError(
            f"tfds:{name} is no classification of 8-bit images: it has {found or 'no fields'}.",
            "Choose one of its image classification: "
            "https://www.tensorflow.org/datasets/catalog/overview#image_classification",
        )
    return images[0], labels[0]


def opened(name: str, builder: Any, image: str) -> dict[str, Sequence[dict]]:
    """Each split that is one of ours, its records with the image as bytes.

    Raises:
        DataError: there is no train split, or the form on disk has no random access.
    """
    from tensorflow_datasets import decode as decoders

    names = [split for split in builder.info.splits if split in SPLITS]
    names.sort(key=lambda split: list(SPLITS).index(split))
    if "train" not in names:
        raise errors.DataError(
            f"tfds:{name} has no train split, but {', '.join(builder.info.splits) or 'none'}.",
            "Choose another dataset.",
        )
    as_bytes = {image: decoders.SkipDecoding()}
    try:
        return {split: builder.as_data_source(split, decoders=as_bytes) for split in names}
    except NotImplementedError:
        form = builder.info.file_format.value
        raise errors.DataError(
            f"tfds:{name} is at {builder.data_dir} as {form}, which cannot be read in any order.",
            "Prepare it in another folder: --data FOLDER",
        ) from None
