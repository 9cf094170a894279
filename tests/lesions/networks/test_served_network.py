"""A served network is the network of the pipeline: preprocessing, views, calibration, maps, pooling."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from lesions.evaluation.ensembles import Pool
from lesions.networks.parameters import AnyArchitecture
from lesions.networks.served_network import build_resize_matrix
from lesions.serving.manifest import CALLED, EMBEDDING, MALIGNANCY, MAPS, OUT_OF_DISTRIBUTION, PROBABILITIES
from lesions.transforms.preprocessing import Preprocessing
from tests.builders import small_cnn, small_resnet18, small_timm
from tests.exports import (
    CALIBRATION,
    IMAGES,
    NAMES,
    build,
    build_served,
    export,
    open_network,
    predict_logits,
    serve,
    serve_all,
)

UNIT = torch.from_numpy(IMAGES).float() / 255
LARGE_PX = 40
LARGE = np.random.default_rng(1).integers(0, 256, (3, LARGE_PX, LARGE_PX, 3), dtype=np.uint8)


@pytest.mark.parametrize(("size_px", "cached_px"), [(16, 16), (16, 17), (20, 30), (16, 25), (16, 24), (7, 40)])
def test_the_resize_matrix_samples_as_training_does(size_px: int, cached_px: int) -> None:
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, cached_px, cached_px, 3), dtype=np.uint8))
    preprocessing = Preprocessing(size_px)
    matrix = build_resize_matrix(preprocessing, cached_px)
    assert matrix.shape == (size_px, cached_px)
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(size_px))
    expected = preprocessing.resize(preprocessing.prepare(pixels))
    found = matrix @ (pixels.permute(0, 3, 1, 2).float() / 255) @ matrix.T
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    if size_px == cached_px:
        torch.testing.assert_close(matrix, torch.eye(size_px), rtol=0, atol=1e-6)


ARCHITECTURES = [
    pytest.param(small_cnn(convolutions_per_block=2, residual=True, size_px=33), True, id="custom_cnn"),
    pytest.param(small_cnn(head_widths=(6,), size_px=16), False, id="deep_head"),
    pytest.param(small_resnet18(size_px=40), True, id="resnet18"),
    pytest.param(small_resnet18(backbone="mobilenet_v2", size_px=36), True, id="mobilenet_v2"),
    pytest.param(small_timm(backbone="timm/tf_efficientnet_lite0", size_px=34), True, id="efficientnet"),
    pytest.param(small_timm(backbone="timm/convnext_atto", size_px=40), False, id="convnext"),
    pytest.param(small_timm(backbone="timm/test_vit", size_px=32, adapt_input_size=True), False, id="vit"),
]


@pytest.mark.parametrize("num_views", [1, 8])
@pytest.mark.parametrize(("architecture", "has_maps"), ARCHITECTURES)
def test_logits_are_those_of_the_pipeline_and_the_mean_of_a_map_is_its_logit(
    architecture: AnyArchitecture, has_maps: bool, num_views: int
) -> None:
    served = serve(architecture, cached_px=LARGE_PX, num_views=8 if num_views == 8 else 1)
    with torch.no_grad():
        seen = served(torch.from_numpy(LARGE).float() / 255)
    expected = predict_logits(architecture, LARGE, num_views=num_views)
    assert np.ptp(expected, axis=0).max() > 1e-3, "the images all look the same to the network"
    assert seen.logits.numpy() == pytest.approx(expected, abs=3e-5)
    assert (seen.maps is not None) == has_maps
    if seen.maps is not None and served.linear_head is not None:
        assert seen.maps.shape[2] > 1
        first = predict_logits(architecture, LARGE)
        logits = seen.maps.mean(dim=(2, 3)) + served.linear_head.bias
        assert logits.detach().numpy() == pytest.approx(first, abs=3e-5)


def test_a_map_is_high_where_what_speaks_for_the_class_is() -> None:
    # One convolution that keeps red where it is: the first class is red, the second is its lack.
    served = serve(small_cnn(widths=(4,), batch_norm=False, normalisation="unit"))
    convolution, head = served.network.backbone.get_submodule("0.0"), served.linear_head
    assert isinstance(convolution, torch.nn.Conv2d) and head is not None
    with torch.no_grad():
        for weights in (convolution.weight, convolution.bias, head.weight, head.bias):
            assert weights is not None
            weights.zero_()
        convolution.weight[0, 0, 1, 1], head.weight[0, 0], head.weight[1, 0] = 1, 1, -1
        image = torch.zeros(1, 20, 20, 3)
        image[:, :10, :10, 0] = 1
        maps = served(image).maps
    assert maps is not None
    assert maps[0, 0, :3, :3].min() > maps[0, 0, 5:].max()
    torch.testing.assert_close(maps[0, 1], -maps[0, 0])


@pytest.mark.parametrize("method", ["views", "transformer"])
def test_outputs_are_calibrated_and_the_called_class_is_that_before_calibration(method: str) -> None:
    served = build_served(method)
    with torch.no_grad():
        logits = served.networks(UNIT).logits.numpy()
        outputs = {name: values.numpy() for name, values in served(torch.from_numpy(IMAGES)).items()}
    expected = softmax(CALIBRATION.apply(logits), axis=1)
    assert outputs[PROBABILITIES] == pytest.approx(expected, abs=1e-6)
    assert outputs[CALLED].tolist() == logits.argmax(axis=1).tolist()
    assert outputs[MALIGNANCY] == pytest.approx(expected[:, 0], abs=1e-6)
    assert outputs[EMBEDDING].shape[0] == outputs[OUT_OF_DISTRIBUTION].shape[0] == len(IMAGES)
    assert (MAPS in outputs) == (method == "views")


def test_pooled_networks_are_the_pool_of_the_ensemble() -> None:
    pooled = build_served("pooled").networks
    with torch.no_grad():
        members = [member(UNIT) for member in pooled.get_submodule("networks").children()]
        seen = pooled(UNIT)
    logits = [member.logits.numpy() for member in members]
    assert (logits[0].argmax(axis=1) != logits[1].argmax(axis=1)).any()
    expected = Pool(np.array([0.5, 2.0]), np.array([0.7, 0.3])).combine(logits)
    assert seen.logits.numpy() == pytest.approx(expected, abs=1e-6)
    assert seen.features.shape == (len(IMAGES), 16)
    assert len(seen.depths) == sum(len(member.depths) for member in members)
    assert seen.maps is None


def test_classes_without_a_malignant_side_have_no_malignancy() -> None:
    served = serve_all(serve(small_cnn()))
    served.has_malignant_side = False
    assert MALIGNANCY not in served(torch.from_numpy(IMAGES))


@pytest.mark.parametrize("name", NAMES)
def test_the_file_predicts_the_same_in_onnxruntime_for_any_number_of_images(name: str) -> None:
    with torch.no_grad():
        expected = {key: values.numpy() for key, values in build_served(name)(torch.from_numpy(IMAGES)).items()}
    network = open_network(export(name))
    assert network.has_maps == (name == "views")
    for size in (1, 2, 7):
        outputs = network.run(IMAGES[:size], with_maps=network.has_maps)
        found = outputs.numbers
        assert np.stack([each.probabilities for each in found]) == pytest.approx(
            expected[PROBABILITIES][:size], abs=1e-5
        )
        assert [each.called for each in found] == expected[CALLED][:size].tolist()
        assert [each.malignancy for each in found] == pytest.approx(expected[MALIGNANCY][:size].tolist(), abs=1e-5)
        scores = expected[OUT_OF_DISTRIBUTION][:size].tolist()
        assert [each.out_of_distribution for each in found] == pytest.approx(scores, rel=1e-4)
        if outputs.maps is not None:
            assert outputs.maps == pytest.approx(expected[MAPS][:size], abs=1e-5)


def test_the_network_itself_is_not_changed() -> None:
    network = build(small_cnn())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    served = serve(small_cnn(), num_views=8)
    served(UNIT)
    for name, tensor in served.network.state_dict().items():
        assert torch.equal(tensor, before[name])
