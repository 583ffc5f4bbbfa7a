"""What is said of a model that cannot be looked into as asked."""

from dlkit.registry.errors import DlkitError


class InspectionError(DlkitError, ValueError):
    """A model has no graph of layers, no such place, no such class; or the images do not fit it."""
