"""A network of one's own is built by the function that a parameter names, and by nothing outside its folder."""

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from lesions.errors import InputError
from lesions.networks.architecture import build_network
from lesions.networks.parameters import OwnParameters
from lesions.stage.imports import OWN_NETWORKS
from tests.builders import ARCHITECTURE, ROOT

NUMBERS = count()
GOOD = """
from torch import nn

def build():
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """A function that writes a file into `own_networks/` of a project, and returns its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", str(ROOT))])
    forget_own_networks()
    (tmp_path / OWN_NETWORKS).mkdir()

    def write(text: str) -> str:
        name = f"net{next(NUMBERS)}"
        (OWN_NETWORKS / f"{name}.py").write_text(text)
        return name

    yield write
    forget_own_networks()


def forget_own_networks() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == OWN_NETWORKS.name]:
        del sys.modules[name]


def describe(backbone: str, **changes: Any) -> OwnParameters:
    return OwnParameters(**ARCHITECTURE | {"backbone": backbone} | changes)


def test_the_function_builds_the_backbone_and_the_head_is_ours(write: Write) -> None:
    network = build_network(describe(f"own/{write(GOOD)}:build", head_widths=(6,)), 3, pretrained=True)
    assert network(torch.rand(2, 3, 32, 32)).shape == (2, 3)
    assert [layer.in_features for layer in network.head.modules() if isinstance(layer, torch.nn.Linear)] == [4, 6]


def test_a_class_is_called_like_a_function(write: Write) -> None:
    text = "from torch import nn\nclass Net(nn.Module):\n    def forward(self, x):\n        return x.mean((2, 3))\n"
    network = build_network(describe(f"own/{write(text)}:Net"), 2, pretrained=True)
    assert network.head.get_submodule("1").in_features == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "import nonesuch\n",
            r"own_networks/net\d+.py cannot be imported: ModuleNotFoundError: .*line 1",
        ),
        ("x = 1\ndef build(:\n", r"net\d+.py cannot be imported: SyntaxError: .* \(line 2\)"),
        ("\nraise SystemExit('bye')\n", r"net\d+.py cannot be imported: SystemExit: bye \(line 2\)"),
        ("def other():\n    pass\n", r"own/net\d+:build: .*net\d+.py defines no function build; it defines other"),
        ("from os import system as build\n", r"net\d+.py defines no function build; it defines none"),
        ("build = 3\n", r"net\d+.py defines no function build; it defines none"),
        ("def build(width):\n    pass\n", r"build of .*net\d+.py failed: TypeError: .*width"),
        ("def build():\n    return 1 / 0\n", r"build of .*net\d+.py failed: ZeroDivisionError: .* \(line 2\)"),
        ("def build():\n    return 3\n", r"build of .*net\d+.py returned int, expected a torch.nn.Module"),
        (
            "from torch import nn\ndef build():\n    return nn.Conv2d(3, 4, 3)\n",
            r"own/net\d+:build does not give features .* 32 px: for 2 images it returns a tensor of shape "
            r"\(2, 4, 30, 30\), expected one of shape \(2, number of features\)",
        ),
        (
            "from torch import nn\nclass build(nn.Module):\n    def forward(self, x):\n        return [x]\n",
            r"for 2 images it returns list, expected",
        ),
        (
            "from torch import nn\nclass build(nn.Module):\n    def forward(self, x):\n        return {}['key']\n",
            r"own/net\d+:build does not give features for images of 32 px: 'key'",
        ),
        (
            "from torch import nn\ndef build():\n    return nn.Sequential(nn.Flatten(), nn.LazyLinear(4))\n",
            r"net\d+.py: 1.weight has no shape before the first image; give lazy layers their size",
        ),
        (
            GOOD.replace("return ", "network = ")
            + "    network.lock = __import__('threading').Lock()\n    return network\n",
            r"own/net\d+:build does not give features for images of 32 px: cannot pickle '_thread.lock' object",
        ),
        (
            "from torch import nn\ndef build():\n    one = nn.Conv2d(3, 3, 1)\n    return nn.Sequential(one, one)",
            r"net\d+.py: 0.weight and 1.weight are one tensor, or parts of one; each tensor of a checkpoint may",
        ),
        (
            "from torch import nn\ndef build():\n    network = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm2d(3))\n"
            "    network[1].running_var = network[0].running_var.view(3)\n    return network\n",
            r"net\d+.py: 0.running_var and 1.running_var are one tensor, or parts of one",
        ),
    ],
)
def test_what_does_not_give_features_is_refused(write: Write, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_network(describe(f"own/{write(text)}:build"), 2, pretrained=True)


def test_a_table_that_no_checkpoint_holds_may_be_shared(write: Write) -> None:
    text = GOOD.replace("return ", "network = ") + (
        "    table = nn.Buffer(__import__('torch').ones(3), persistent=False)\n"
        "    network[0].table = network[1].table = table\n"
        "    return network\n"
    )
    network = build_network(describe(f"own/{write(text)}:build"), 2, pretrained=True)
    assert "backbone.1.table" in dict(network.named_buffers(remove_duplicate=False))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"own/nonesuch:build: there is no file own_networks/nonesuch.py"):
        build_network(describe("own/nonesuch:build"), 2, pretrained=True)


@pytest.mark.parametrize(
    "backbone",
    [
        "own/../x:f",
        "own/a.b:f",
        "own/a:f.g",
        "own/a",
        "own/__init__:f",
        "own/a:__import__",
        "own//etc/x:f",
        "own/a:f\n",
    ],
)
def test_nothing_else_can_be_named(backbone: str) -> None:
    with pytest.raises(ValidationError, match="should match pattern"):
        describe(backbone)
