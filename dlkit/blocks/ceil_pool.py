"""Pooling that leaves no rest, as Caffe rounds."""

import keras


def ceil_pool(x, size: int, strides: int, *, name: str) -> keras.KerasTensor:
    """The largest value of each window; what is left at the end gets a window of its own.

    `"valid"` drops such a rest and `"same"` moves the windows by a pixel to spread it. Zeros stand
    for what the last window lacks, which suits what is never negative. torch says `ceil_mode`.

    Args:
        x: `(batch, height, width, channels)`, nowhere below 0.
        size: the side of the window.
        strides: the step, at most `size`.
        name: of the layer; the zeros are `{name}_pad`.

    Returns:
        A side of n has ceil((n - size) / strides) + 1 windows, where `"valid"` rounds down.
    """
    end = (0, strides - 1)
    x = keras.layers.ZeroPadding2D((end, end), name=f"{name}_pad")(x)
    return keras.layers.MaxPooling2D(size, strides, name=name)(x)
