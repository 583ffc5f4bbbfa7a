"""The harness around `model.fit`: recipe, run, stream, callbacks, report."""
