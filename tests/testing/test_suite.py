"""Which checks there are, which are asked for, and what they keep in memory."""

import gc
import weakref

import pytest

from dlkit import registry
from dlkit.registry import errors
from dlkit.testing import subject, suite, tasks

TWO = (
    "[[recipe]]",
    """[[model]]
name = "other"
build = "faulty_nets.models:net"
summary = "The same again"
task = "image-classification"
license = "MIT"
params = 67
variables = 75
input_shape = [8, 8, 1]
num_classes = 3

[[recipe]]""",
)


def ids(**which):
    return [check.id for check in suite.collect("faulty-nets", **which)]


def test_ids_name_the_model_and_the_question(plugin):
    plugin()
    found = ids()
    assert found[:3] == ["manifest", "builders", "listing_imports_nothing"]
    assert "net-params_match" in found
    assert len(set(found)) == len(found)


def test_models_and_questions_can_be_chosen(plugin):
    plugin(TWO)
    assert ids(names=["oth*"], checks=["seeded"]) == ["other-seeded"]
    assert ids(checks=["manifest", "shapes"]) == ["manifest", "net-shapes", "other-shapes"]
    assert all(name.startswith("net-") for name in ids(names=["net"]))


def test_image_models_can_be_built_at_another_size(plugin):
    plugin()
    checks = suite.collect("faulty-nets", names=["net"], image_size=12)
    assert "params_match" not in [check.name for check in checks]
    assert not [outcome.reason for outcome in suite.run(checks) if outcome.reason]


def test_a_model_that_is_of_one_size_is_found_out_at_another(plugin):
    plugin(("keras.Input(input_shape,", "keras.Input((8, 8, 1),"))
    sizes = {size: suite.collect("faulty-nets", checks=["shapes"], image_size=size)
             for size in (None, 12)}  # fmt: skip
    reasons = {size: outcome.reason for size in sizes for outcome in suite.run(sizes[size])}
    assert not reasons[None]
    assert "(None, 8, 8, 1), the manifest's (None, 12, 12, 1)" in reasons[12]


@pytest.mark.parametrize("size", [0, -3])
def test_a_size_that_no_image_has(plugin, size):
    plugin()
    with pytest.raises(errors.UsageError, match=f"number of pixels, not {size}"):
        suite.collect("faulty-nets", image_size=size)


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ({"names": ["nett"]}, "faulty-nets has no model 'nett'. Did you mean 'net'?"),
        ({"checks": ["shape"]}, "faulty-nets has no check 'shape'. Did you mean 'shapes'?"),
    ],
)
def test_an_unknown_choice_is_refused(plugin, which, message):
    plugin()
    with pytest.raises(errors.UsageError) as refusal:
        suite.collect("faulty-nets", **which)
    assert refusal.value.message == message
    assert refusal.value.fix == "See its checks: dlkit plugin check faulty-nets --list"


def test_a_plugin_that_is_not_there():
    with pytest.raises(errors.PluginNotInstalled, match="pip install faulty-nets"):
        suite.collect("faulty-nets")


def test_a_plugin_that_is_left_out(plugin, monkeypatch):
    monkeypatch.setenv("DLKIT_PLUGINS", "none")
    plugin()
    with pytest.raises(errors.PluginDisabled):
        suite.collect("faulty-nets")


def test_a_task_that_the_kit_does_not_know_gets_what_needs_no_data(plugin):
    plugin(('task = "image-classification"', 'task = "tides"'))
    checks = suite.collect("faulty-nets", names=["net"])
    assert [check.name for check in checks] == [check.__name__ for check in tasks.DATALESS]
    assert not [outcome.reason for outcome in suite.run(checks) if outcome.reason]


def test_every_check_says_what_it_asks():
    for row in tasks.TASKS.values():
        assert all(check.__doc__.strip() for check in row.checks)


def test_only_the_model_at_hand_stays_in_memory(plugin):
    plugin(TWO)
    first, second = suite.collect("faulty-nets", checks=["params_match"])
    first()
    bench = subject.Bench()
    one, other = (
        tasks.row("image-classification").subject(entry, bench)
        for entry in registry.list_specs("model", plugin="faulty-nets")
    )
    alive = weakref.ref(one.model)
    assert one.model is alive()
    assert other.model is not None
    gc.collect()
    assert alive() is None
    second()


def test_a_bench_takes_all_from_the_one_before(plugin):
    plugin()
    (entry,) = registry.list_specs("model", plugin="faulty-nets")
    first, second = subject.Bench(), subject.Bench()
    one, other = (tasks.row("image-classification").subject(entry, b) for b in (first, second))
    alive, process = weakref.ref(one.model), first.loader()
    assert other.model is not None
    gc.collect()
    assert alive() is None and not process.alive
    assert one.model is not None and first.loader().alive


def test_settled_statistics_and_weights_are_given_back(plugin):
    plugin()
    (entry,) = registry.list_specs("model", plugin="faulty-nets")
    one = tasks.row("image-classification").subject(entry, subject.Bench())
    before = [value.tolist() for value in one.model.get_weights()]
    with one.settled() as model:
        inside = [value.tolist() for value in model.get_weights()]
    assert inside != before
    assert [value.tolist() for value in one.model.get_weights()] == before
    assert one.model.get_layer("norm").momentum == 0.99
