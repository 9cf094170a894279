"""What the stages share, a folder for each subject; and predicting: `from lesions import load_model`."""

import os
from importlib import import_module
from typing import Any

# From 1.29 on, onnxruntime otherwise sends what it runs to Microsoft, and writes an identifier into the home folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

OF_MODEL = ("Answer", "Manifest", "Model", "load_model")


def __getattr__(name: str) -> Any:
    """Return what predicts; it is imported by its name, so that no stage reaches it through this file."""
    if name in OF_MODEL:
        return getattr(import_module("lesions.serving.model"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
