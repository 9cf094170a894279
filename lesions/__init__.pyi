from lesions.serving.answers import Answer as Answer
from lesions.serving.manifest import Manifest as Manifest
from lesions.serving.model import Model as Model
from lesions.serving.model import load_model as load_model
