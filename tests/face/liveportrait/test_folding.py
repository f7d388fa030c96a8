"""Networks folded for inference compute what the plain ones do, whatever the weights."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from jamflow.face.liveportrait.appearance import AppearanceFeatureExtractor
from jamflow.face.liveportrait.depth_fourier import DepthFourierConv
from jamflow.face.liveportrait.generator import SPADEDecoder
from jamflow.face.liveportrait.layers import fold
from jamflow.face.liveportrait.spade_folded import FoldedDecoder
from jamflow.face.liveportrait.upsampled import UpsampledConv
from jamflow.face.liveportrait.warping import WarpingNetwork
from jamflow.face.liveportrait.winograd import Conv3


def randomized(network: nn.Module, seed: int) -> nn.Module:
    """Weights that keep activations of order 1; scales, biases and statistics of batch norm far from 1 and 0."""
    g = torch.Generator().manual_seed(seed)
    for name, x in network.state_dict().items():
        if x.ndim > 1:
            x.normal_(0, (1.5 / x[0].numel()) ** 0.5, generator=g)
        elif name.endswith(("running_var", "norm.weight", "norm1.weight", "norm2.weight")):
            x.uniform_(0.5, 2, generator=g)
        elif x.is_floating_point():
            x.normal_(0, 0.3, generator=g)
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("seed", [0, 1])
def test_batch_norm(seed: int) -> None:
    plain = randomized(AppearanceFeatureExtractor(), seed)
    folded = copy.deepcopy(plain)
    fold(folded)
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    expected = plain(picture)
    torch.testing.assert_close(folded(picture), expected, atol=1e-5 * float(expected.std()), rtol=1e-4)
    kinds = {type(m).__name__ for m in folded.modules()}
    assert "BatchNorm2d" not in kinds


@pytest.mark.parametrize("seed", [0, 1])
def test_warping(seed: int) -> None:
    plain = randomized(WarpingNetwork(), seed)
    folded = copy.deepcopy(plain)
    fold(folded)
    g = torch.Generator().manual_seed(seed)
    feature, source = torch.randn(2, 32, 16, 32, 32, generator=g), torch.rand(2, 21, 3, generator=g) - 0.5
    driving = source + 0.15 * torch.randn(2, 21, 3, generator=g)
    expected, got = plain(feature, driving, source), folded(feature, driving, source)
    torch.testing.assert_close(got.deformation_bdhw3, expected.deformation_bdhw3, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(got.occlusion_b1hw, expected.occlusion_b1hw, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(got.feature_bchw, expected.feature_bchw, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("seed", [0, 1])
def test_generator(seed: int) -> None:
    plain = randomized(SPADEDecoder(), seed)
    feature = torch.randn(2, 256, 16, 20, generator=torch.Generator().manual_seed(seed))
    expected = torch.cat([plain(frame) for frame in feature.split(1)])
    assert expected.std() > 0.05, "the sigmoid must not hide differences"
    torch.testing.assert_close(FoldedDecoder(plain)(feature), expected, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_convolution_of_an_upsampled_input(factor: int, dimensions: int) -> None:
    conv: nn.Conv2d | nn.Conv3d = nn.Conv2d(3, 5, 3, padding=1) if dimensions == 2 else nn.Conv3d(3, 5, 3, padding=1)
    x = torch.randn(2, 3, *(4, 5, 6)[-dimensions:])
    scale = tuple(float(s) for s in (1, factor, factor)[-dimensions:])
    with torch.no_grad():
        expected = conv(F.interpolate(x, scale_factor=scale))
    torch.testing.assert_close(UpsampledConv(conv, factor)(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("depth", "size"), [(16, 7), (15, 7), (4, 3), (2, 5)])
def test_convolution_by_frequencies(depth: int, size: int) -> None:
    conv = nn.Conv3d(4, 6, size, padding=size // 2)
    x = torch.randn(2, 4, depth, 9, 8)
    with torch.no_grad():
        expected = conv(x)
    torch.testing.assert_close(DepthFourierConv(conv, depth)(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [(64, 8), (5, 9), (3, 4), (16, 6, 7), (2, 3, 3)])
def test_convolution_by_points(size: tuple[int, ...]) -> None:
    conv = (nn.Conv2d if len(size) == 2 else nn.Conv3d)(20, 7, 3, padding=1)
    x = torch.randn(2, 20, *size)
    with torch.no_grad():
        expected = conv(x)
        torch.testing.assert_close(Conv3(conv)(x), expected, atol=1e-5, rtol=1e-5)


def test_half_precision_in_one_graph() -> None:
    """As on a GPU: autocast, one graph without breaks; key points' motion stays in float32."""
    warping, generator = randomized(WarpingNetwork(), 0), FoldedDecoder(randomized(SPADEDecoder(), 0))
    fold(warping)
    g = torch.Generator().manual_seed(0)
    feature, source = torch.randn(1, 32, 16, 32, 32, generator=g), torch.rand(1, 21, 3, generator=g) - 0.5
    driving = source + 0.1
    exact = warping(feature, driving, source)
    small = torch.randn(1, 256, 8, 8, generator=g)
    with torch.autocast("cpu", torch.bfloat16):
        warped = torch.compile(warping, fullgraph=True, backend="eager")(feature, driving, source)
        picture = torch.compile(generator, fullgraph=True, backend="eager")(small)
    assert warped.deformation_bdhw3.dtype == torch.float32
    torch.testing.assert_close(warped.deformation_bdhw3, exact.deformation_bdhw3, atol=0.02, rtol=0)
    torch.testing.assert_close(picture.float(), generator(small), atol=0.1, rtol=0)
