"""The file formats that a model leaves dlkit in: how each is written, and how it is run again.

A row names what it needs, so that listing them costs no framework.
"""

import dataclasses
import pathlib
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

Outputs = list[np.ndarray]
Runner = Callable[[np.ndarray], Outputs]


@dataclasses.dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: as one asks for it.
        file: the name of the file or folder that an export gets by default.
        write: (model, path) -> None.
        load: path -> a function from a batch of inputs to the flat list of outputs.
        keeps_precision: whether bfloat16 and float16 come out as they were trained. ONNX and LiteRT
            have no bfloat16; a graph has, and fuses operations, so that a LeNet-5's probabilities
            come out up to 0.005 away.
        modules: what it needs beyond TensorFlow.
        extra: what pip installs those by.
        example: three lines that run it on `images`, a float32 array in [0, 255].
    """

    name: str
    file: str
    write: Callable[["keras.Model", pathlib.Path], None]
    load: Callable[[pathlib.Path], Runner]
    example: str
    keeps_precision: bool = False
    modules: tuple[str, ...] = ()
    extra: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether an export is a folder."""
        return not pathlib.PurePath(self.file).suffix


def _write_keras(model: "keras.Model", path: pathlib.Path) -> None:
    model.save(path)


def _load_keras(path: pathlib.Path) -> Runner:
    from dlkit import registry

    model = registry.load_model(path, compile=False)
    return lambda inputs: _flat(model(inputs, training=False))


def _write_saved_model(model: "keras.Model", path: pathlib.Path) -> None:
    model.export(path, format="tf_saved_model", verbose=False)


def _load_saved_model(path: pathlib.Path) -> Runner:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))  # `serve` alone does not keep the variables alive
    return lambda inputs: _flat(loaded.serve(tf.convert_to_tensor(inputs)))


def _write_onnx(model: "keras.Model", path: pathlib.Path) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*np\.object", category=FutureWarning)
        model.export(path, format="onnx", verbose=False)


def _load_onnx(path: pathlib.Path) -> Runner:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda inputs: session.run(None, {name: inputs})


def _write_litert(model: "keras.Model", path: pathlib.Path) -> None:
    import tensorflow as tf

    own = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}  # a phone has no TensorFlow beside it
    model.export(path, format="litert", verbose=False, target_spec=own)


def _load_litert(path: pathlib.Path) -> Runner:
    run = _interpreter()(model_path=str(path)).get_signature_runner()
    name = next(iter(run.get_input_details()))

    def outputs(inputs: np.ndarray) -> Outputs:
        found = run(**{name: inputs})
        return [found[key] for key in sorted(found, key=_by_number)]

    return outputs


def _interpreter() -> Any:
    """LiteRT's own interpreter, or the older one inside TensorFlow."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        import tensorflow as tf

        warnings.filterwarnings("ignore", message=r"\s*Warning: tf\.lite\.Interpreter")
        return tf.lite.Interpreter
    return Interpreter


def _by_number(name: str) -> tuple[int, str]:
    """`output_10` comes after `output_9`; names that a model gave itself stay in their order."""
    return (len(name) if name.startswith("output_") else 0, name)


def _flat(outputs: Any) -> Outputs:
    import keras

    return [np.asarray(output) for output in keras.tree.flatten(outputs)]


FORMATS: Mapping[str, Format] = {
    row.name: row
    for row in (
        Format(
            name="keras",
            file="model.keras",
            write=_write_keras,
            load=_load_keras,
            keeps_precision=True,
            example="""\
import dlkit
model = dlkit.load_model("{path}")
outputs = model.predict(images)""",
        ),
        Format(
            name="saved-model",
            file="saved-model",
            write=_write_saved_model,
            load=_load_saved_model,
            example="""\
import tensorflow as tf
model = tf.saved_model.load("{path}")
outputs = model.serve(tf.constant(images)).numpy()""",
        ),
        Format(
            name="onnx",
            file="model.onnx",
            write=_write_onnx,
            load=_load_onnx,
            modules=("tf2onnx", "onnxruntime"),
            extra="dlkit-core[onnx]",
            example="""\
import onnxruntime
session = onnxruntime.InferenceSession("{path}")
(outputs,) = session.run(None, {{session.get_inputs()[0].name: images}})""",
        ),
        Format(
            name="litert",
            file="model.tflite",
            write=_write_litert,
            load=_load_litert,
            example="""\
from ai_edge_litert.interpreter import Interpreter
run = Interpreter("{path}").get_signature_runner()
(outputs,) = run(**{{next(iter(run.get_input_details())): images}}).values()""",
        ),
    )
}
