"""Which corruptions test images are altered by, and how much at each of five strengths: the section `robustness`."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field

from lesions.parameters.strict import Section

Corruption = Literal[
    "blur", "jpeg", "darker", "brighter", "white_balance", "contrast", "rotation", "hairs", "skin_tone"
]

CORRUPTIONS: tuple[Corruption, ...] = get_args(Corruption)

STRENGTHS = (1, 2, 3, 4, 5)

AMOUNTS: dict[Corruption, tuple[float, ...]] = {
    "blur": (0.8, 1.2, 1.6, 2, 2.5),
    "jpeg": (90, 70, 50, 35, 20),
    "darker": (0.9, 0.8, 0.7, 0.6, 0.5),
    "brighter": (1.1, 1.2, 1.3, 1.4, 1.5),
    "white_balance": (1.04, 1.08, 1.12, 1.16, 1.2),
    "contrast": (0.9, 0.8, 0.7, 0.6, 0.5),
    "rotation": (9, 18, 27, 36, 45),
    "hairs": (1, 3, 6, 9, 12),
    "skin_tone": (41, 28, 10, -10, -30),
}
"""How much each strength from 1 to 5 alters an image, in the unit of `WORDS`.

The mildest is hardly visible, and a dermatologist can still read the strongest.
"""

WORDS: dict[Corruption, str] = {
    "blur": "Gaussian of {:g} % of the side",
    "jpeg": "quality {:g}",
    "darker": "light × {:g}",
    "brighter": "light × {:g}",
    "white_balance": "red × {0:g} and blue / {0:g}, or the reverse",
    "contrast": "contrast × {:g}",
    "rotation": "{:g}° to either side",
    "hairs": "{:g} hairs",
    "skin_tone": "ITA of skin from 50° to {:g}°",
}


@dataclass(frozen=True)
class Condition:
    """A corruption at a strength from 1 to 5."""

    corruption: Corruption
    strength: int

    @property
    def name(self) -> str:
        """Both in words."""
        return f"{self.corruption} {self.strength}"

    @property
    def amount(self) -> float:
        """How much it alters an image, as in `AMOUNTS`."""
        return AMOUNTS[self.corruption][self.strength - 1]

    @property
    def setting(self) -> str:
        """The amount with its unit: `quality 50`."""
        return WORDS[self.corruption].format(self.amount).replace("-", "−")


def list_conditions(corruptions: Iterable[Corruption], strengths: Iterable[int] = STRENGTHS) -> list[Condition]:
    """Return each corruption at each strength, the mildest first."""
    mildest_first = sorted(strengths)
    return [Condition(corruption, strength) for corruption in corruptions for strength in mildest_first]


def hash_conditions(conditions: Iterable[Condition]) -> str:
    """Return the sha256 of the corruptions and their amounts."""
    lines = "\n".join(f"{condition.corruption} {condition.amount:g}" for condition in conditions)
    return sha256(lines.encode()).hexdigest()


def _check_named_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    twice = [value for number, value in enumerate(values) if value in values[:number]]
    if twice:
        raise ValueError(f"names {twice[0]} more than once")
    return values


class RobustnessParameters(Section):
    """The section `robustness`: what the test images are altered by, to see what a network then loses.

    Attributes
    ----------
    corruptions
        The kinds of alterations; none if it is empty.
    strengths
        The strengths from 1 to 5 at which each of them is tried.
    """

    corruptions: Annotated[tuple[Corruption, ...], AfterValidator(_check_named_once)]
    strengths: Annotated[
        tuple[Annotated[int, Field(ge=1, le=5)], ...], Field(min_length=1), AfterValidator(_check_named_once)
    ]
