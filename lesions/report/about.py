"""The section `about`: what a run cannot know of itself, and who reads the report asks for."""

from typing import Annotated

from pydantic import Field

from lesions.parameters.strict import Section

Words = Annotated[str, Field(min_length=1, max_length=5000)] | None


class AboutParameters(Section):
    """The section `about`; each is a text, or null if it is not stated yet."""

    background: Words
    intended_use: Words
    users: Words
    limitations: Words
    setting: Words
    dates: Words
    eligibility: Words
    sampling: Words
    acquisition: Words
    reference_standard: Words
    annotators: Words
    deidentification: Words
    sample_size: Words
    ethics: Words
    funding: Words
    conflicts: Words
    registration: Words
    involvement: Words
    data_availability: Words
    licence: Words
    citation: Words
    contact: Words


QUESTIONS = {
    "background": "Why is such a model needed, and which exist?",
    "intended_use": "What decision is the model meant to support, in which patients, at which point of care?",
    "users": "Who is meant to use it, and what must they know?",
    "limitations": "For what must it not be used? What is not known of it?",
    "setting": "Where were the images taken: country, kind and number of centres?",
    "dates": "From when to when were the images taken?",
    "eligibility": "Which patients and lesions were included, and which were not?",
    "sampling": "Were the images consecutive, random or chosen for convenience? Was the study planned before?",
    "acquisition": "With which cameras or dermatoscopes were the images taken, and by whom?",
    "reference_standard": "How was each diagnosis made, and why in this way?",
    "annotators": "Who made the diagnoses, how qualified, blinded to what, and how often did they agree?",
    "deidentification": "How were names and other identifiers removed?",
    "sample_size": "How was the number of images decided?",
    "ethics": "Which ethics committee approved it, and how was consent obtained?",
    "funding": "Who paid, and what was their role?",
    "conflicts": "Which interests do the authors have?",
    "registration": "Where is the study registered, and where is its protocol?",
    "involvement": "How were patients and the public involved?",
    "data_availability": "Who can get the images, and how?",
    "licence": "Under which licence may the model be used?",
    "citation": "How is the model to be cited?",
    "contact": "Who answers questions?",
}
"""What each parameter answers."""


def list_statements(about: AboutParameters) -> list[dict[str, str]]:
    """Return one row per parameter: what it is about, what is stated, or what is asked for."""
    stated = about.model_dump()
    return [
        {
            "name": name,
            "words": name.replace("_", " "),
            "stated": stated[name] or "",
            "question": question,
        }
        for name, question in QUESTIONS.items()
    ]
