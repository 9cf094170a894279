"""What timm says of weights decides how images are normalised, and whether the weights may be used."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from lesions.errors import InputError
from lesions.networks.architecture import build_network
from lesions.networks.licences import check_licence, find_licence
from lesions.networks.parameters import TimmParameters
from lesions.networks.preprocessing import build_preprocessing
from lesions.networks.timm_weights import find_pretrained_cfg
from lesions.transforms.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from tests.builders import small_cnn, small_resnet18, small_timm

SHA256 = "0" * 64
COMMIT = "0123456789" * 4
FILE = {"weights": "weights.safetensors", "weights_sha256": SHA256}


def dinov3(**changes: Any) -> TimmParameters:
    return small_timm(**{"backbone": "timm/convnext_tiny.dinov3_lvd1689m"} | FILE | changes)


def test_the_normalisation_is_that_of_the_weights_and_imagenets_from_scratch() -> None:
    # The published mean and standard deviation of EfficientNet-Lite.
    lite = build_preprocessing(small_timm(backbone="timm/tf_efficientnet_lite0", **FILE))
    assert (lite.mean, lite.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    # Those of CLIP.
    clip = build_preprocessing(small_timm(backbone="timm/vit_base_patch32_clip_224.openai", **FILE))
    assert clip.mean == (0.48145466, 0.4578275, 0.40821073)
    for architecture in (small_timm(backbone="timm/tf_efficientnet_lite0"), small_resnet18(), small_cnn()):
        scratch = build_preprocessing(architecture)
        assert (scratch.mean, scratch.std, scratch.size_px) == (IMAGENET_MEAN, IMAGENET_STD, architecture.size_px)


def test_weights_that_timm_has_several_of_must_be_named() -> None:
    message = (
        r"which mean, standard deviation and licence the weights of a file have for timm/convnext_tiny; .*"
        r"timm/convnext_tiny.dinov3_lvd1689m, .*timm/convnext_tiny.fb_in1k"
    )
    with pytest.raises(InputError, match=message):
        find_pretrained_cfg(small_timm(backbone="timm/convnext_tiny", **FILE))
    # Without any, a file's normalisation is unknown.
    with pytest.raises(InputError, match=r"which mean.* of a file .* for timm/test_coatnet; .*: none$"):
        find_pretrained_cfg(small_timm(backbone="timm/test_coatnet", **FILE))


def test_a_repository_of_the_hub_must_be_one_that_timm_knows_for_the_network() -> None:
    def find(backbone: str, repository: str) -> str | None:
        weights = {"weights": f"hf-hub:{repository}@{COMMIT}", "weights_sha256": SHA256}
        return find_pretrained_cfg(small_timm(backbone=backbone, **weights)).tag

    assert find("timm/convnext_tiny", "timm/convnext_tiny.fb_in1k") == "fb_in1k"
    assert find("timm/convnext_tiny.fb_in1k", "timm/convnext_tiny.fb_in1k") == "fb_in1k"
    for backbone, repository in (
        ("timm/convnext_tiny", "somebody/convnext"),
        ("timm/convnext_tiny.in12k", "timm/convnext_tiny.fb_in1k"),
    ):
        with pytest.raises(InputError, match=f"which mean.* the weights in {repository} have for {backbone};"):
            find(backbone, repository)


def test_unknown_networks_and_weights_are_named_with_what_there_is() -> None:
    with pytest.raises(InputError, match=r"timm has no network 'convnext_tinyy'; similar are convnext_tiny, "):
        build_network(small_timm(backbone="timm/convnext_tinyy"), 2, pretrained=False)
    with pytest.raises(InputError, match=r"timm has no weights 'tf_efficientnet_lite0.x'; it has timm/tf_.*0.in1k$"):
        build_network(small_timm(backbone="timm/tf_efficientnet_lite0.x"), 2, pretrained=False)


def test_a_licence_that_is_not_permissive_must_be_accepted_by_name() -> None:
    for accepted in ((), ("mit",)):
        with pytest.raises(InputError, match=r"dinov3_lvd1689m is dinov3-license, .* accepted_licences in the arch"):
            check_licence(dinov3(accepted_licences=accepted))
    check_licence(dinov3(accepted_licences=("dinov3-license",)))
    assert find_licence(dinov3()) == "dinov3-license"
    # Nothing is downloaded before the licence is accepted.
    on_hub = {"weights": f"hf-hub:timm/convnext_tiny.dinov3_lvd1689m@{COMMIT}"}
    with pytest.raises(InputError, match="dinov3-license"):
        build_network(dinov3(**on_hub), 2, pretrained=True)


def test_a_licence_that_timm_does_not_say_is_accepted_as_unknown() -> None:
    unknown = list_without_licence()[0]
    architecture = small_timm(backbone=f"timm/{unknown}", **FILE)
    with pytest.raises(InputError, match=rf"{unknown} is unknown, .* to \[unknown\]"):
        check_licence(architecture)
    check_licence(small_timm(backbone=f"timm/{unknown}", **FILE, accepted_licences=("unknown",)))


def list_without_licence() -> list[str]:
    import timm

    named = {name: timm.get_pretrained_cfg(name) for name in timm.list_pretrained()}
    return [name for name, cfg in named.items() if cfg is not None and cfg.license is None]


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (
            dinov3(accepted_licences=("dinov3-license", "gemma")),
            r"licence dinov3-license; set .*\[dinov3-license\]",
        ),
        (
            small_timm(backbone="timm/tf_efficientnet_lite0", **FILE, accepted_licences=("gemma",)),
            r"are gemma, but its weights have the licence apache-2.0; set accepted_licences to \[\]",
        ),
    ],
)
def test_an_acceptance_that_does_nothing_is_refused(architecture: TimmParameters, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_licence(architecture)


def test_torchvisions_files_are_known_by_their_hash() -> None:
    assert find_licence(small_resnet18()) is None
    assert find_licence(small_resnet18(weights="imagenet")) == "bsd-3-clause"
    torchvisions = small_resnet18(weights="a.pth", weights_sha256="f37072fd" + "0" * 56)
    assert find_licence(torchvisions) == "bsd-3-clause"
    assert find_licence(small_resnet18(**FILE)) == "unknown"


def test_torchvisions_swag_weights_have_a_licence_of_their_own() -> None:
    best = {"regnet_y_128gf": "cc-by-nc-4.0", "vit_h_14": "cc-by-nc-4.0", "vit_b_16": "bsd-3-clause"}
    for backbone, licence in best.items():
        assert find_licence(small_resnet18(backbone=backbone, weights="imagenet")) == licence
    files = {"9ac1b537": "cc-by-nc-4.0", "4e70ced5": "cc-by-nc-4.0", "c867db91": "bsd-3-clause"}
    for digits, licence in files.items():
        file = {"weights": "a.pth", "weights_sha256": digits.ljust(64, "0")}
        assert find_licence(small_resnet18(backbone="vit_b_16", **file)) == licence


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"weights": "imagenet"},
            "imagenet are torchvision's; .* as hf-hub:timm/test_efficientnet@<its 40 digits>",
        ),
        ({"weights": "a.pth"}, "weights_sha256 belongs to weights that are a file"),
        ({"weights": f"hf-hub:timm/x@{COMMIT}"}, "weights_sha256 belongs to weights that are a file"),
        ({"weights": "hf-hub:timm/x", "weights_sha256": SHA256}, "must name a commit, because a branch can change: "),
        ({"weights": "hf-hub:timm/x@main", "weights_sha256": SHA256}, "must name a commit"),
        ({"weights": f"hf-hub:timm/x@{COMMIT[1:]}", "weights_sha256": SHA256}, "must name a commit"),
        ({"weights": f"hf-hub:timm/../x@{COMMIT}", "weights_sha256": SHA256}, "must name a commit"),
        ({"accepted_licences": ("mit",)}, "accepted_licences are for weights that were pretrained elsewhere, and"),
        ({"weights": "pretrained", "weights_sha256": SHA256}, "weights_sha256 belongs to weights that are a file"),
        (
            {"weights": "pretrained", "accepted_licences": ("mit",)},
            r"and weights is pretrained; got \('mit',\)",
        ),
        ({"backbone": "timm/../x"}, "should match pattern"),
        ({"backbone": "timm/hf-hub:a"}, "should match pattern"),
    ],
)
def test_a_section_that_is_not_pinned_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.compile(message)):
        small_timm(**changes)
