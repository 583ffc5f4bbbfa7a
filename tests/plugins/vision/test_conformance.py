"""Every check that the conformance kit has, on every model of dlkit-vision."""

import dlkit.testing


@dlkit.testing.parametrize_plugin("dlkit-vision")
def test_conformance(check):
    check()
