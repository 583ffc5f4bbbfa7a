"""The experiments that count: what they find is arithmetic, done here by hand."""

import pytest
from dlkit_vision import googlenet
from dlkit_vision.experiments import inception_reduction, separable, stacked_3x3

import dlkit
from dlkit import inspection


def found(result):
    return {finding.claim: finding.measured for finding in result.findings}


def test_stacks_of_3x3_see_as_far_with_fewer_weights():
    result = stacked_3x3.run()
    assert result.holds
    assert [finding.measured for finding in result.findings[:5]] == [18, 25, 5, 5, 18 / 25]
    assert [finding.measured for finding in result.findings[5:]] == [27, 49, 7, 7, 27 / 49]


def test_a_stack_of_another_window_would_not_hold(monkeypatch):
    whole = stacked_3x3.stack
    monkeypatch.setattr(stacked_3x3, "stack", lambda depth, window: whole(depth, window + 2))
    assert not stacked_3x3.run().holds


def test_reductions_make_inception_affordable():
    result = inception_reduction.run()
    assert result.holds
    numbers = found(result)
    with_ = 64 + 96 + 16 + 32, 9 * 96 * 128 + 25 * 16 * 32
    assert round(numbers["3a, multiply-adds"] * 1e6) == 28**2 * (192 * with_[0] + with_[1])
    without = 28**2 * 192 * (64 + 9 * 128 + 25 * 32)
    assert round(numbers["3a without reduction, multiply-adds"] * 1e6) == without
    assert numbers["3a, channels that go on"] == 64 + 128 + 32 + 32 == 256
    assert numbers["3a without reduction, channels that go on"] == 64 + 128 + 32 + 192


def test_the_modules_are_googlenets_own():
    rows = inspection.profile(dlkit.create_model("googlenet")).rows
    whole = sum(row.macs for row in rows if row.name.startswith("inception_"))
    ours = list(inception_reduction.modules(inception_reduction.KINDS["reduced"]))
    assert [one.rows[-1].name for one in ours] == [f"inception_{x}" for x in googlenet.MODULES]
    assert sum(one.macs for one in ours) == whole


@pytest.mark.parametrize("what", ["macs", "params"])
def test_a_separable_layer_costs_what_the_formula_says(what):
    full, cheap = (getattr(separable.layer(kind), what) for kind in ("full", "separable"))
    assert full % (9 * 64 * 128) == 0
    assert cheap * 9 * 128 == full * (9 + 128)  # (1/128 + 1/9), in whole numbers


def test_networks_of_both_kinds_differ_in_their_convolutions_alone():
    full, cheap = (separable.network(kind) for kind in separable.KINDS)
    kinds = [[type(layer).__name__ for layer in model.layers] for model in (full, cheap)]
    assert kinds[0].count("Conv2D") == 4 and kinds[1].count("SeparableConv2D") == 3
    assert [k.replace("Separable", "") for k in kinds[1]] == kinds[0]
