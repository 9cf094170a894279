"""When a class is in a prediction set; without the library that finds it, so that the report starts without it."""

from dataclasses import dataclass

OWN_GROUPS, ALL_GROUPS = "its own groups", "all groups"
"""Which validation groups calibrate a class, in the words of `plots/<model>/sets.json`."""


@dataclass(frozen=True)
class ClassRule:
    """When a class is in the set of an image.

    Attributes
    ----------
    probability
        The smallest probability of the class with which it is; 0 if it always is.
    num_groups
        The validation groups that decide.
    is_own
        Whether these are the groups of the class. Otherwise it has too few, and all groups decide together, so that
        the guarantee is for all images and not for those of the class.
    """

    probability: float
    num_groups: int
    is_own: bool

    @property
    def calibrated_with(self) -> str:
        """Which validation groups decide, in words."""
        return OWN_GROUPS if self.is_own else ALL_GROUPS
