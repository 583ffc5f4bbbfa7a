from dlkit.inspection import features as features
from dlkit.inspection import freeze as freeze
from dlkit.inspection import gradcam as gradcam
from dlkit.inspection import profile as profile
from dlkit.inspection import reset_classifier as reset_classifier
from dlkit.inspection import unfreeze as unfreeze
from dlkit.layers import class_names as class_names
from dlkit.layers import set_class_names as set_class_names
from dlkit.registry import DlkitError as DlkitError
from dlkit.registry import create as create
from dlkit.registry import create_model as create_model
from dlkit.registry import list_models as list_models
from dlkit.registry import load_model as load_model
from dlkit.registry import model_info as model_info
from dlkit.registry import plugins as plugins
from dlkit.registry import refresh as refresh
from dlkit.registry import register_model as register_model
from dlkit.train.recipe import Recipe as Recipe
from dlkit.train.run import Run as Run

__version__: str
