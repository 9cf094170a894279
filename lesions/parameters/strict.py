"""The strictness of every section of params.yaml; a module of its own, because predicting reads no YAML."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of params.yaml: immutable, without unknown keys, and without type conversion."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
