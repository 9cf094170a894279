"""By which rule an image is called a class, in one sentence."""

from collections.abc import Mapping

from lesions.tables.predictions import Predictions


def describe_calling(models: Mapping[str, Predictions]) -> str:
    """Say what class an image is called, and for how many images it is not the most probable one.

    Parameters
    ----------
    models
        The predictions of the test images, by model.
    """
    N = len(next(iter(models.values())).y_true)
    counts = {model: count_other_calls(predicted) for model, predicted in models.items()}
    rule = "An image is called the class with the highest logit of the network as it was trained"
    if not any(counts.values()):
        return f"{rule}; that is also the most probable class of all {N:,} test images."
    others = ", ".join(f"{count:,} ({model})" for model, count in counts.items())
    return (
        f"{rule}, with its class weights, sampling and logit adjustment: the rule that balanced accuracy asks for. "
        f"That need not be the most probable class: of {N:,} test images, it is another one in {others}."
    )


def count_other_calls(predictions: Predictions) -> int:
    """Return the number of images that are called another class than the most probable one."""
    return int((predictions.y_pred != predictions.y_prob.argmax(axis=1)).sum())
