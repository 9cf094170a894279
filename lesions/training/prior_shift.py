"""What training does to the frequencies of the classes that a network's logits imply."""

import numpy as np
from numpy.typing import NDArray

from lesions.tables.classes import Classes
from lesions.training.parameters import LossParameters, SamplingParameters
from lesions.training.sampling import compute_shares


def compute_prior_shift(classes: Classes, loss: LossParameters, sampling: SamplingParameters) -> NDArray[np.float64]:
    """Compute what has to be added to the logits (K,) for the prior to be the classes' shares of the training images.

    A network that minimises the loss of `lesions.training.loss.Criterion` has the logits
    log p(x | k) + log w_k + (1 - τ) log s_k, with the class weights w, the shares s of the classes among the images
    shown, and the logit adjustment τ. By Bayes' rule they should be log p(x | k) + log π_k, with the shares π of the
    training images. The difference is log π - log w - (1 - τ) log s, here less its mean: 0 where training weighs
    nothing, and log π where its weights are balanced. Label smoothing, a focal loss and mixed images also change the
    scale of the logits, which a temperature mends.
    """
    shares = compute_shares(classes.num_images, "shuffled")
    shown = compute_shares(classes.num_images, sampling.scheme)
    weights = np.array(classes.weights) if loss.class_weights else np.ones(len(shares))
    shift = np.log(shares) - np.log(weights) - (1 - loss.logit_adjustment) * np.log(shown)
    return np.asarray(shift - shift.mean())
