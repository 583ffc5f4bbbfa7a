"""Every tool on every classifier of images that dlkit-vision brings, at its smallest size."""

import keras
import numpy as np
import pytest

import dlkit
from dlkit import inspection, registry
from dlkit.registry import DlkitError

SIDES = (32, 64, 75, 96, 128, 160, 224)
CLASSES = 4
LARGE = 500_000  # parameters; from there on in the slow tests


def names():
    entries = registry.list_specs("model", task="image-classification", plugin="dlkit-vision")
    return [
        pytest.param(entry.name, marks=pytest.mark.slow if entry.params > LARGE else ())
        for entry in entries
    ]


def smallest(build, channels):
    """The build for the smallest images that the network takes, of `SIDES`."""
    for side in SIDES:
        try:
            keras.utils.set_random_seed(0)
            return build(num_classes=CLASSES, input_shape=(side, side, channels))
        except DlkitError:
            continue
    raise AssertionError(f"nothing up to {SIDES[-1]} pixels")


@pytest.mark.parametrize("name", names())
def test_every_tool(name):
    entry = dlkit.model_info(name)

    def build(**config):
        return dlkit.create_model(name, **config)

    every_tool(smallest(build, entry.input_shape[-1]), dict(entry.levels))
    keras.backend.clear_session()


def every_tool(model, levels):
    """What all of `dlkit.inspection` owes to any classifier."""
    side, _, channels = model.input_shape[1:]
    x = np.random.default_rng(0).integers(0, 256, (2, side, side, channels), dtype=np.uint8)

    profiled = dlkit.profile(model)
    assert profiled.params == model.count_params()
    assert profiled.macs > 0 and profiled.uncounted == ()
    assert {row.name for row in profiled.rows} <= {op.name for op in model.operations}

    assert inspection.levels(model).keys() == levels.keys()
    maps = dlkit.features(model, list(levels)).outputs
    by_name = {row.name: row for row in profiled.rows}
    for given, level in zip(maps, levels.values(), strict=True):
        assert given.shape[-1] == level.channels
        stride = by_name[level.layer].stride
        assert stride is None or set(stride) == {level.stride}

    heat = dlkit.gradcam(model, x, [0, 3])
    assert heat.shape[0] == 2 and heat.shape[1] * heat.shape[2] > 1 and heat.min() >= 0
    assert np.isfinite(heat).all()
    slopes = inspection.saliency(model, x)
    assert slopes.shape == (2, side, side) and np.isfinite(slopes).all() and slopes.max() > 0
    assert np.isfinite(inspection.feature_maps(model, x)).all()
    assert inspection.filters(model).shape[2] == channels
    rows = inspection.activations(model, x).rows
    assert len(rows) > 5 and all(np.isfinite([row.mean, row.std]).all() for row in rows)

    blocks = inspection.residual_blocks(model)
    if blocks:
        copy = inspection.lesion(model)
        np.testing.assert_allclose(copy(x), model(x), rtol=1e-4, atol=1e-5)
        inspection.switch_off(copy, blocks[-1])
        assert np.isfinite(copy(x)).all()

    fresh = dlkit.reset_classifier(model, 3)
    assert fresh.output_shape == (None, 3) and np.allclose(np.sum(fresh(x), -1), 1, atol=1e-5)
    assert dlkit.freeze(fresh) and len(fresh.trainable_variables) <= 2
    thawed = dlkit.unfreeze(fresh, list(levels)[-1])
    assert len(thawed) > 1
    norms = [m for m in fresh.layers if isinstance(m, keras.layers.BatchNormalization)]
    assert not any(norm.trainable for norm in norms)
    assert len(dlkit.reset_classifier(model, 0).output_shape) == 2
