"""The kit finds real faults: each is one change to a sound plugin, and is told for what it is."""

import re

import pytest
from faults import FAULTS

from dlkit.testing import suite

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
