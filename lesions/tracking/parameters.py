"""The section `tracking`."""

from typing import Literal

from lesions.parameters.strict import Section


class TrackingParameters(Section):
    """The section `tracking`."""

    kind: Literal["none", "dvclive"]
