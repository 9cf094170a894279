"""The distance from the training images, by hand and beside scikit-learn, and the depths that it is measured at."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from lesions.networks.activation_maps import find_mapped_module
from lesions.networks.out_of_distribution import (
    DepthBackbone,
    Detector,
    LogitsAndDepths,
    fit_detector,
    score_depths,
)
from lesions.networks.parameters import AnyArchitecture
from lesions.networks.recording import record_outputs
from tests.builders import small_cnn, small_resnet18, small_timm
from tests.exports import build


def tensor(*values: float | list[float]) -> Tensor:
    return torch.tensor(values)


def test_a_score_by_hand() -> None:
    detector = Detector(
        mean=tensor(1.0, 2.0, 3.0),
        scale=tensor(1.0, 0.5, 2.0),
        directions=tensor([1.0, 0.0, 0.0]),
        variances=tensor(4.0),
        rest=torch.tensor(0.25),
    )
    # Centred and scaled: (4, 1, 2); 4² / 4 + (1² + 2²) / 0.25 = 24.
    assert detector([tensor([5.0]), tensor([4.0, 4.0])]).tolist() == pytest.approx([24**0.5])
    assert detector([tensor([1.0]), tensor([2.0, 3.0])]).tolist() == [0]


def test_a_fit_by_hand() -> None:
    # The depths have the standard deviations 2, and 3 and 1; their channels are divided by 2, and by 3√2 and √2.
    first, second = [[2], [-2], [2], [-2]], [[4, 1], [4, 3], [-2, 3], [-2, 1]]
    depths = [np.array(each, np.float32) for each in (first, second)]
    detector = fit_detector(depths)
    assert detector.mean.tolist() == pytest.approx([0, 1, 2])
    assert detector.scale.tolist() == pytest.approx([1 / 2, 1 / (3 * 2**0.5), 1 / 2**0.5])
    assert [detector.directions.shape, detector.variances.tolist()] == [(1, 3), pytest.approx([1])]
    # The others have 1/2 each.
    assert float(detector.rest) == pytest.approx(0.5)
    # (1, 1/√2, 1/√2) has the first by a variance of 1, and the other two by 1/2 each.
    assert score_depths(detector, depths) == pytest.approx([3**0.5] * 4)


@pytest.mark.parametrize(("num_images", "num_channels"), [(200, 60), (60, 90), (400, 33), (160, 10)])
def test_scores_are_mahalanobis_distances_under_scikit_learns_probabilistic_components(
    num_images: int, num_channels: int
) -> None:
    generator = np.random.default_rng(0)
    channels = generator.normal(size=(num_images, num_channels)) * generator.gamma(2, 2, num_channels)
    channels = channels @ np.linalg.qr(generator.normal(size=(num_channels, num_channels)))[0] + 5
    depths = [channels[:, :4], channels[:, 4:]]
    detector = fit_detector(depths)
    scaled = (channels - channels.mean(axis=0)) * np.concatenate(
        [1 / (each.std(axis=0) * each.shape[1] ** 0.5) for each in depths]
    )
    oracle = PCA(min(32, num_images // 4, num_channels - 1), svd_solver="full").fit(scaled)
    # It divides by n - 1, and if there are fewer images than channels, it takes the mean of the rest over those that
    # vary; the density is of all.
    covariance = oracle.get_covariance() * (num_images - 1) / num_images
    if num_images < num_channels:
        share = (num_images - oracle.n_components_) / (num_channels - oracle.n_components_)
        noise = oracle.noise_variance_ * (num_images - 1) / num_images
        out = np.eye(num_channels) - oracle.components_.T @ oracle.components_
        covariance -= noise * (1 - share) * out
    new = generator.normal(size=(20, num_channels))
    expected = np.sqrt(np.einsum("nd,de,ne->n", new, np.linalg.inv(covariance), new))
    scale = detector.scale.numpy()
    found = score_depths(detector, np.split((new / scale + channels.mean(axis=0)).astype(np.float32), [4], axis=1))
    assert found == pytest.approx(expected, rel=1e-3)


def test_every_depth_counts_alike_and_one_that_never_varies_does_not_decide() -> None:
    generator = np.random.default_rng(0)
    wide, narrow = generator.normal(size=(100, 50)), 1000 * generator.normal(size=(100, 2))
    frozen = np.full((100, 3), 1 / 49) + generator.normal(scale=1e-10, size=(100, 3))
    detector = fit_detector([wide, narrow, frozen])
    scaled = [
        detector.scale[part].numpy() * each.std(axis=0) for part, each in ((slice(50), wide), (slice(50, 52), narrow))
    ]
    assert [float((each**2).sum()) for each in scaled] == pytest.approx([1, 1])
    rounded = [wide.astype(np.float32), narrow.astype(np.float32), (frozen + 1e-8).astype(np.float32)]
    plain = [*rounded[:2], frozen.astype(np.float32)]
    assert score_depths(detector, rounded) == pytest.approx(score_depths(detector, plain), rel=1e-2)


@pytest.mark.parametrize("num_channels", [1, 2, 12, 32, 33])
def test_few_channels_or_silent_ones_do_not_make_rounding_decide(num_channels: int) -> None:
    generator = np.random.default_rng(0)
    train, new = (generator.gamma(2, 2, (n, num_channels)).astype(np.float32) for n in (200, 50))
    for each in (train, new):
        each[:, num_channels // 2 + 1 :] = 0.3
    detector = fit_detector([train])
    scores = score_depths(detector, [new])
    assert np.isfinite(scores).all()
    # As far away as training images are.
    assert 0.3 < scores.mean() / score_depths(detector, [train]).mean() < 2
    assert score_depths(detector, [new * np.float32(1 + 1e-6)]) == pytest.approx(scores, rel=1e-2, abs=1e-2)
    assert (score_depths(detector, [new + 30]) > 2 * scores.max()).all()


def test_noise_is_less_alike_than_images_like_those_of_training() -> None:
    generator = np.random.default_rng(0)
    depths = DepthBackbone(build(small_cnn(size_px=16)).backbone, 16)

    def draw(num_images: int) -> Tensor:
        """Draw smooth spots of one colour on another."""
        colours = torch.from_numpy(generator.normal(scale=0.3, size=(num_images, 2, 3, 1, 1))).float()
        y, x = torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 16), indexing="ij")
        spot = torch.exp(-4 * (x**2 + y**2))
        return colours[:, 0] * spot + colours[:, 1] * (1 - spot)

    with torch.no_grad():
        detector = fit_detector([each.numpy() for each in depths(draw(200))[1]])
        like, noise = (detector(depths(images)[1]) for images in (draw(100), torch.randn(100, 3, 16, 16)))
    assert float(noise.min()) > float(like.max())


DEPTHS = [
    pytest.param(small_cnn(widths=(4, 8), size_px=16), (4, 8, 8), "1", id="custom_cnn"),
    pytest.param(small_resnet18(size_px=64), (64, 64, 128, 256, 512), "layer4", id="resnet18"),
    # Its last map has one place, and so no side.
    pytest.param(small_resnet18(size_px=32), (64, 64, 128, 256, 512), None, id="resnet18 of small images"),
    # It normalises after pooling, and has layers whose channels come last.
    pytest.param(small_resnet18(backbone="convnext_tiny", size_px=64), (96, 192, 384, 768, 768), None, id="convnext"),
    # The images cut into patches, and the features.
    pytest.param(
        small_timm(backbone="timm/test_vit", size_px=32, adapt_input_size=True), (64, 64), None, id="transformer"
    ),
    pytest.param(small_resnet18(backbone="swin_t", size_px=64), (96, 768), "permute", id="windows"),
]


@pytest.mark.parametrize(("architecture", "widths", "mapped"), DEPTHS)
def test_depths_are_the_means_of_the_last_map_of_each_resolution(
    architecture: AnyArchitecture, widths: tuple[int, ...], mapped: str | None
) -> None:
    network, size_px = build(architecture), architecture.size_px
    depths = DepthBackbone(network.backbone, size_px)
    assert depths.widths == widths
    assert find_mapped_module(network.backbone, size_px) == mapped
    images = torch.randn(2, 3, size_px, size_px)
    with torch.no_grad():
        features, found = depths(images)
        torch.testing.assert_close(features, network.backbone(images))
        torch.testing.assert_close(found[-1], features, rtol=1e-4, atol=1e-4)
        both = LogitsAndDepths(network, size_px)
        assert both.widths == (3, *widths)
        torch.testing.assert_close(both(images), torch.cat([network(images), *found], dim=1))


def test_a_map_that_is_changed_in_place_counts_as_it_was_returned() -> None:
    pool, relu = nn.MaxPool2d(2), nn.ReLU(inplace=True)
    backbone = nn.Sequential(pool, relu, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = torch.randn(2, 3, 8, 8)
    _, (depth,) = DepthBackbone(backbone, 8)(images)
    torch.testing.assert_close(depth, pool(images).relu().mean(dim=(2, 3)))
    with record_outputs({"pool": pool}, keep=lambda output: output.mean(dim=(2, 3))) as outputs:
        backbone(images)
    ((name, means),) = outputs
    assert name == "pool"
    torch.testing.assert_close(means, pool(images).mean(dim=(2, 3)))


class Windows(nn.Module):
    """A backbone that looks at the quarters of an image, each of which could be taken for an image."""

    def __init__(self) -> None:
        super().__init__()
        self.quarters, self.pixels = nn.PixelUnshuffle(2), nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Return three numbers (B, 3)."""
        batch = self.quarters(images)  # (B, 12, H/2, W/2)
        return self.pixels(batch.view(-1, 3, 3, 3)).amax(dim=(2, 3)).view(len(images), -1, 3).amax(dim=1)


def test_parts_of_an_image_are_no_depth() -> None:
    images = torch.randn(2, 3, 6, 6)
    depths = DepthBackbone(Windows(), 6)
    features, found = depths(images)
    assert depths.widths == (12, 3)
    torch.testing.assert_close(found[1], features)
