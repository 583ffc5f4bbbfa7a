"""Looking into models, and taking them apart: what they cost, what they see, what they lean on.

Every function takes any functional or sequential `keras.Model`, not only dlkit's. A *level* is a
stage's output by its name in the registry, such as `C4` (stride 16), or any layer's name. Pictures
of what is found are drawn by `dlkit.plots`.
"""

from dlkit.inspection.activations import Activation, Activations, activations
from dlkit.inspection.attribution import gradcam, saliency
from dlkit.inspection.errors import InspectionError
from dlkit.inspection.freezing import freeze, unfreeze
from dlkit.inspection.lesion import lesion, lesion_study, residual_blocks, switch_off
from dlkit.inspection.maps import feature_maps, filters
from dlkit.inspection.places import features, levels
from dlkit.inspection.profile import Profile, Row, profile
from dlkit.inspection.transfer import reset_classifier

__all__ = [
    "Activation",
    "Activations",
    "InspectionError",
    "Profile",
    "Row",
    "activations",
    "feature_maps",
    "features",
    "filters",
    "freeze",
    "gradcam",
    "lesion",
    "lesion_study",
    "levels",
    "profile",
    "reset_classifier",
    "residual_blocks",
    "saliency",
    "switch_off",
    "unfreeze",
]
