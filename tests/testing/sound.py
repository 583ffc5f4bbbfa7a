"""The two texts of a sound plugin, faulty-nets, that a test breaks in one place."""

MANIFEST = """
api = 1
modules = ["faulty_nets.models"]
[[model]]
name = "net"
build = "faulty_nets.models:net"
summary = "A small network with one of everything"
task = "image-classification"
license = "MIT"
params = 67
variables = 75
input_shape = [8, 8, 1]
num_classes = 3
levels = { C1 = { layer = "act", stride = 2, channels = 4 } }

[[recipe]]
name = "net-digits"
model = "net"
dataset = "digits"
summary = "The small network on digits"
settings = { epochs = 3, "optimizer.name" = "sgd" }
"""

MODELS = """
import time
import keras

CONV, LOGITS = {}, {}

@keras.saving.register_keras_serializable(package="faulty_nets")
class Scale(keras.layers.Layer):
    def __init__(self, factor=1.0, **config):
        super().__init__(**config)
        self.factor = factor

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, x, training=None):
        return self.factor * self.scale * x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def net(
    *,
    num_classes=3,
    input_shape=(8, 8, 1),
    include_preprocessing=True,
    classifier_activation="softmax",
):
    x = image = keras.Input(input_shape, name="image")
    if include_preprocessing:
        x = keras.layers.Rescaling(1 / 127.5, -1.0, dtype="float32", name="pixels")(x)
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", name="conv", **CONV)(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = Scale(2.0, name="scale")(x)
    x = keras.layers.Activation("tanh", name="act")(x)
    x = keras.layers.GlobalMaxPooling2D(name="pool")(x)
    x = keras.layers.Dropout(0.5, name="drop")(x)
    if num_classes:
        x = keras.layers.Dense(num_classes, name="logits", **LOGITS)(x)
        x = keras.layers.Activation(classifier_activation, dtype="float32", name="probs")(x)
    return keras.Model(image, x, name="net")
"""
