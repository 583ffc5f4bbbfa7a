"""The kit finds real faults: each is one change to a sound plugin, and is told for what it is."""

import re

import pytest

from dlkit.testing import suite

FAULTS = {  # what is broken: (edits, the checks that object, what the first of them says)
    "params": (
        [("params = 67", "params = 68")],
        ["params_match"],
        r"params: the manifest says 68, the model has 67\n  Write .* dlkit plugin sync faulty-nets",
    ),
    "variables": (
        [("variables = 75", "variables = 67")],
        ["params_match"],
        r"variables: the manifest says 67, the model has 75",
    ),
    "a long summary": (
        [("A small network with one of everything", "word " * 30)],
        ["manifest"],
        r"model\[0\]\.summary: expected one line of at most 100 characters \(in 'net'\)",
    ),
    "capitals in an alias": (
        [("num_classes = 3\n", 'num_classes = 3\naliases = ["Net5"]\n')],
        ["manifest"],
        r"'Net5' has capitals; names are typed, so write 'net5'",
    ),
    "hidden options": (
        [('activation="softmax",\n', 'activation="softmax",\n    **x,\n')],
        ["builders"],
        r"faulty_nets\.models:net \(net\): \*\*x hides what it takes; name every option",
    ),
    "an unregistered class": (
        [('@keras.saving.register_keras_serializable(package="faulty_nets")\n', "")],
        ["serial_package"],
        r'models\.Scale is not registered; .*\n .*serializable\(package="faulty_nets"\)',
    ),
    "another prefix": (
        [('package="faulty_nets"', 'package="nets"')],
        ["serial_package"],
        r"models\.Scale is registered as 'nets>Scale'",
    ),
    "two classes of one name": (
        [
            (
                "def net(",
                "from faulty_nets.models import Scale as First\n"
                '@keras.saving.register_keras_serializable(package="faulty_nets", name="Scale")\n'
                "class Other(keras.layers.Layer):\n    pass\n\ndef net(",
            )
        ],
        ["serial_package"],
        r"Scale and faulty_nets\.models\.Other are both registered as 'faulty_nets>Scale'",
    ),
    "a recipe for no dataset": (
        [('dataset = "digits"', 'dataset = "digit"')],
        ["recipe_roundtrip"],
        r"no dataset 'digit'\. Did you mean 'digits'\?",
    ),
    "a class count that is ignored": (
        [("Dense(num_classes", "Dense(3")],
        ["shapes"],
        r"the output shape for 4 classes is \(None, 3\), not \(None, 4\)",
    ),
    "a head that stays": (
        [("    if num_classes:\n", "    num_classes = num_classes or 3\n    if num_classes:\n")],
        ["shapes"],
        r"num_classes=0 gives no smaller model: the classifier is still there",
    ),
    "a level's stride": (
        [("stride = 2", "stride = 4")],
        ["levels"],
        r"levels\.C1: the manifest says {'stride': 4, .*}, layer 'act' has {'stride': 2,",
    ),
    "a level's channels": (
        [("channels = 4", "channels = 5")],
        ["levels"],
        r"says {'stride': 2, 'channels': 5}, layer 'act' has {'stride': 2, 'channels': 4}",
    ),
    "a level's layer": (
        [('layer = "act"', 'layer = "conv9"')],
        ["levels"],
        r"levels: there is no layer C1: 'conv9'",
    ),
    "a level that goes with the classifier": (
        [('layer = "act", stride = 2, channels = 4', 'layer = "probs", stride = 8, channels = 3')],
        ["levels"],
        r"levels: there is no layer C1: 'probs'",
    ),
    "a nameless layer": (
        [(', name="act")', ")")],
        ["layer_names", "levels"],
        r"layers without a name of their own: 'activation(_\d+)?' \(Activation\)\. Give each name=",
    ),
    "a layer outside the builder": (
        [
            ('Scale(2.0, name="scale")(x)', "SHARED(x)"),
            ("def net(", 'SHARED = Scale(2.0, name="scale")\n\ndef net('),
        ],
        ["builds_twice"],
        r"two builds share .*scale.*: make layers inside the builder",
    ),
    "a seed from the clock": (
        [
            (
                'name="conv", **CONV',
                'name="conv", kernel_initializer=keras.initializers.RandomNormal('
                "seed=time.time_ns() % 2**31)",
            )
        ],
        ["seeded"],
        r"conv/kernel differs between builds of one seed",
    ),
    "a seed of its own": (
        [
            (
                "CONV, LOGITS = {}, {}",
                "CONV, LOGITS = ({'kernel_initializer': keras.initializers.GlorotUniform(seed=1)}"
                " for _ in range(2))",
            )
        ],
        ["seeded"],
        r"builds of two seeds have the same weights: the builder fixes its own seed",
    ),
    "no probabilities": (
        [("Activation(classifier_activation", "Activation('sigmoid'")],
        ["probabilities"],
        r"outputs are no probabilities: they do not sum to 1",
    ),
    "no logits": (
        [("Activation(classifier_activation", "Activation('softmax'")],
        ["probabilities"],
        r"classifier_activation=None does not give the logits of the probabilities",
    ),
    "dropout in inference": (
        [("self.factor * self.scale * x", "keras.random.dropout(self.scale * x, 0.5)")],
        ["deterministic", "probabilities", "dynamic_batch", "preprocessing"],
        r"two calls in inference differ \(is dropout active\?\): the largest difference is",
    ),
    "rows that see each other": (
        [("self.factor * self.scale * x", "self.scale * (x - keras.ops.mean(x, axis=0) / 2)")],
        ["dynamic_batch"],
        r"row 0 alone and in a batch of 3 differ",
    ),
    "preprocessing that stays": (
        [("    if include_preprocessing:", "    if True:")],
        ["preprocessing"],
        r"include_preprocessing=False changes no answer",
    ),
    "half-precision outputs": (
        [(', dtype="float32", name="probs"', ', name="probs"')],
        ["mixed_precision"],
        r"outputs are bfloat16, not float32",
    ),
    "a dead weight": (
        [("self.factor * self.scale * x", "self.factor * x + 0.0 * self.scale")],
        ["gradients"],
        r"weights that 3 Adam steps do not move: .*scale",
    ),
    "an unused weight": (
        [("self.factor * self.scale * x", "self.factor * x")],
        ["gradients"],
        r"weights that the loss does not depend on: .*scale",
    ),
    "a gradient without bounds": (
        [("self.factor * self.scale * x", "self.factor * self.scale * x + keras.ops.sqrt(0 * x)")],
        ["gradients"],
        r"weights whose gradient is not finite: .*conv/kernel",
    ),
    "code that no graph can run": (
        [
            (
                "        return self.factor * self.scale * x",
                "        if training:\n            float(keras.ops.max(x))\n"
                "        return self.factor * self.scale * x",
            )
        ],
        ["one_fit_step"],
        r"",
    ),
    "a config that forgets": (
        [(', "factor": self.factor}', "}")],
        ["save_load_fresh_process"],
        r"the loaded model answers otherwise than the saved one: the largest difference is",
    ),
    "classes in a module that is not declared": (
        [('modules = ["faulty_nets.models"]', 'modules = ["faulty_nets.other"]')],
        ["save_load_fresh_process"],
        r"load_model failed in a fresh process:(.|\n)*faulty_nets>Scale: registered by none of",
    ),
}

SLOW = {"one_fit_step", "save_load_fresh_process"}  # asked only where they should object


def failures(**which):
    checks = suite.collect("faulty-nets", **which)
    return {o.check.name: o.reason for o in suite.run(checks) if o.reason}


def quick(also=()):
    return [c.name for c in suite.collect("faulty-nets") if c.name not in SLOW or c.name in also]


def test_a_sound_plugin_passes(plugin):
    plugin()
    assert failures() == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_for_what_it_is(plugin, fault):
    edits, objecting, message = FAULTS[fault]
    plugin(*edits)
    found = failures(checks=quick(objecting))
    assert set(found) == set(objecting)
    assert re.search(message, found[objecting[0]]), found[objecting[0]]


def test_a_broken_manifest_is_one_failure(plugin):
    plugin(('"faulty_nets.models:net"', '"faulty_nets.model:net"'))
    found = failures()
    assert set(found) == {"manifest"}
    assert "model[0].build: there is no module 'faulty_nets.model'" in found["manifest"]


def test_a_plugin_that_is_imported_by_listing(plugin):
    package = plugin()
    (package.parent / "sitecustomize.py").write_text("import faulty_nets")
    found = failures(checks=["listing_imports_nothing"])
    assert found == {"listing_imports_nothing": "listing models imported faulty_nets"}


def test_a_process_that_dies_is_reported_and_replaced(plugin):
    package = plugin()
    checks = suite.collect("faulty-nets", checks=["save_load_fresh_process"])
    (package / "__init__.py").write_text(
        "import os, sys\nif 'dlkit.testing.reload' in ' '.join(sys.orig_argv): os._exit(3)\n"
    )
    (outcome,) = suite.run(checks)
    assert "a fresh process ended with code 3" in outcome.reason
    (package / "__init__.py").write_text("")
    (outcome,) = suite.run(checks)
    assert outcome.reason == ""
