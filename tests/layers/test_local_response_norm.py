"""Local response normalization: values and gradients by TensorFlow and ONNX, its config."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.layers import LocalResponseNorm

CONSTANTS = [
    {"n": 5, "k": 2.0, "alpha": 1e-4, "beta": 0.75},  # AlexNet's
    {"n": 5, "k": 1.0, "alpha": 2e-5, "beta": 0.75},  # Caffe's, of 1e-4 over 5
    {"n": 3, "k": 0.5, "alpha": 0.3, "beta": 1.5},
    {"n": 1, "k": 1.0, "alpha": 1.0, "beta": 0.5},
    {"n": 21, "k": 1.0, "alpha": 0.1, "beta": 0.75},  # wider than the channels
]


def maps(channels=9, scale=60.0):
    random = np.random.default_rng(0)
    return (scale * random.normal(size=(2, 4, 5, channels))).astype("float32")


def by_tensorflow(x, n, k, alpha, beta):
    return tf.nn.local_response_normalization(x, n // 2, k, alpha, beta)


@pytest.mark.parametrize("constants", CONSTANTS)
def test_values_equal_tensorflows(constants):
    x = maps()
    expected = by_tensorflow(x, **constants)
    np.testing.assert_allclose(LocalResponseNorm(**constants)(x), expected, rtol=1e-5)


@pytest.mark.parametrize("constants", CONSTANTS)
def test_gradients_equal_tensorflows(constants):
    x, weight = tf.constant(maps()), maps()[::-1] / 60
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ours = tf.reduce_sum(LocalResponseNorm(**constants)(x) * weight)
        theirs = tf.reduce_sum(by_tensorflow(x, **constants) * weight)
    expected = tape.gradient(theirs, x).numpy()
    atol = 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(tape.gradient(ours, x), expected, rtol=1e-4, atol=atol)


def test_values_equal_onnx_which_divides_alpha_by_n_as_caffe_does():
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    helper, real = onnx.helper, onnx.TensorProto.FLOAT
    node = helper.make_node("LRN", ["x"], ["y"], size=5, alpha=1e-4, beta=0.75, bias=1.0)
    ends = [helper.make_tensor_value_info(name, real, [2, 9, 4, 5]) for name in "xy"]
    graph = helper.make_graph([node], "lrn", ends[:1], ends[1:])
    opset = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    x = maps()
    (expected,) = session.run(None, {"x": x.transpose(0, 3, 1, 2)})
    y = LocalResponseNorm(n=5, k=1.0, alpha=2e-5, beta=0.75)(x)
    np.testing.assert_allclose(y, expected.transpose(0, 2, 3, 1), rtol=1e-5)


def test_the_papers_equation_at_the_first_channel():
    """Three channels are in reach of the first one: itself and the two behind."""
    x = np.array([[10.0, 20.0, 30.0, 1000.0]], "float32")
    y = LocalResponseNorm()(x)
    assert float(y[0, 0]) == pytest.approx(10 / (2 + 1e-4 * (100 + 400 + 900)) ** 0.75)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_large_values_survive_half_precision(policy):
    """1000² is more than float16 holds, so squares are summed in float32."""
    layer = LocalResponseNorm(dtype=policy)
    y = layer(np.full((1, 1, 1, 5), 1000.0, "float32"))
    assert keras.backend.standardize_dtype(y.dtype) == policy.removeprefix("mixed_")
    expected = 1000 / (2 + 1e-4 * 5e6) ** 0.75
    assert float(y[0, 0, 0, 2]) == pytest.approx(expected, rel=1e-2)


def test_learns_nothing_and_keeps_the_shape():
    layer = LocalResponseNorm()
    assert layer(keras.Input((None, None, 7))).shape == (None, None, None, 7)
    assert layer.count_params() == 0


def test_comes_back_from_its_config_and_from_a_file(tmp_path):
    x = keras.Input((4, 5, 9))
    model = keras.Model(x, LocalResponseNorm(3, 1.5, 0.2, 0.6, name="norm")(x))
    model.save(tmp_path / "m.keras")
    twin = keras.saving.load_model(tmp_path / "m.keras").get_layer("norm")
    assert (twin.n, twin.k, twin.alpha, twin.beta) == (3, 1.5, 0.2, 0.6)
    np.testing.assert_array_equal(twin(maps()), model(maps()))
    assert keras.saving.get_registered_name(LocalResponseNorm) == "dlkit>LocalResponseNorm"


@pytest.mark.parametrize(
    "constants, message",
    [
        ({"n": 4}, "n must be an odd number of channels, not 4"),
        ({"n": -1}, "n must be an odd number of channels, not -1"),
        ({"k": 0.0}, "k must be above 0, not 0.0"),
    ],
)
def test_refuses_other_constants(constants, message):
    with pytest.raises(ValueError, match=message):
        LocalResponseNorm(**constants)
