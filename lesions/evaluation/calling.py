"""By which rule an image is called a class, in one sentence."""

from collections.abc import Mapping

from lesions.tables.predictions import Predictions

RULE = "An image is called the class with the highest logit before calibration"


def describe_calling(
    models: Mapping[str, Predictions], *, images: str = "test images", shifts_prior: Mapping[str, bool] | None = None
) -> str:
    """Say what class an image is called, and for how many images it is not the most probable one.

    Parameters
    ----------
    models
        The predictions of the same images, by model.
    images
        The words for these images.
    shifts_prior
        Whether a model's training shifted the frequencies of the classes, by class weights, sampling or logit
        adjustment; None where that is not known.
    """
    N = len(next(iter(models.values())).y_true)
    counts = {model: number for model, predicted in models.items() if (number := count_other_calls(predicted))}
    if not counts:
        return f"{RULE}; that is also the most probable class of all {N:,} {images}."
    others = f"of {N:,} {images}, it is another one in {', '.join(f'{n:,} ({model})' for model, n in counts.items())}"
    if shifts_prior is None:
        return f"{RULE}. That need not be the most probable class: {others}."
    shifted = [model for model in counts if shifts_prior[model]]
    if not shifted:
        return f"{RULE}. Training weighed no class; calibration makes another class the most probable one: {others}."
    names = "" if len(shifted) == len(counts) else f" of {' and '.join(shifted)}"
    return (
        f"{RULE}. The class weights, sampling or logit adjustment{names} make a rare class likelier to be called, as "
        f"balanced accuracy asks. It need not be the most probable class: {others}."
    )


def describe_foreign_calling(predictions: Predictions) -> str:
    """Say what class an image of somebody else's table of predictions is called."""
    N, number = len(predictions.y_true), count_other_calls(predictions)
    if predictions.called is None:
        return "An image is called its most probable class: the file does not say what it calls an image."
    others = f"for {number:,} of {N:,} images, that is not the most probable class"
    return f"An image is called what the file calls it; {others}."


def count_other_calls(predictions: Predictions) -> int:
    """Return the number of images that are called another class than the most probable one."""
    return int((predictions.y_pred != predictions.y_prob.argmax(axis=1)).sum())
