"""Attention over channels: each is weighed by what all of them are about."""

import keras

from dlkit.blocks.style import Style


def squeeze_excite(x, *, style: Style, name: str, reduction: int = 16) -> keras.KerasTensor:
    """Squeeze and excitation: y = x · σ(W₂ act(W₁ z)), z the mean of each channel.

    Source: Hu, Shen, Albanie, Sun, Wu, "Squeeze-and-Excitation Networks", arXiv:1709.01507, §3.

    Args:
        x: `(batch, height, width, channels)`.
        style: whose activation and dense layers.
        name: the place of the layers.
        reduction: channels a unit of the narrow layer.

    Returns:
        As x.
    """
    channels = x.shape[-1]
    z = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_se_squeeze")(x)
    s = style.dense(max(1, channels // reduction), name=f"{name}_se_reduce")(z)
    s = style.dense(channels, name=f"{name}_se_expand")(style.act(name=f"{name}_se_act")(s))
    s = keras.layers.Activation("sigmoid", name=f"{name}_se_gate")(s)
    return keras.layers.Multiply(name=f"{name}_se")([x, s])
