"""The section `evaluation`."""

from typing import Literal

from lesions.parameters.section import Section


class EvaluationParameters(Section):
    """The section `evaluation`."""

    num_views: Literal[1, 8]
