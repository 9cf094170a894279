"""Growing one lesion in the skin from its dermoscopic descriptors: shape, then pigment, then structures."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesions.synthetic.appearance import Appearance
from lesions.synthetic.patterns import distort_points, honeycomb, smooth_noise, smooth_step, spots, strokes
from lesions.synthetic.skin import Tissue
from lesions.synthetic.view import FloatArray, View


@dataclass(frozen=True, kw_only=True)
class Site:
    """The position of each pixel in the lesion.

    Attributes
    ----------
    view : View
        Which part of the skin the pixels show.
    points : ndarray of float32, (2, H, W)
        The pixels' positions, in millimetres from the lesion's centre.
    distorted : ndarray of float32, (2, H, W)
        The positions, distorted as in unevenly grown tissue; regular structures are evaluated here.
    depth : ndarray of float32, (H, W)
        1 at the lesion's centre, 0 on its border, negative outside.
    cover : ndarray of float32, (H, W)
        Share of the pixel that is lesion, 0 to 1.
    """

    view: View
    points: FloatArray
    distorted: FloatArray
    depth: FloatArray
    cover: FloatArray


def grow_lesion(tissue: Tissue, appearance: Appearance, *, view: View, rng: np.random.Generator) -> None:
    """Add a lesion to healthy skin, which is changed in place.

    Parameters
    ----------
    tissue : Tissue
        The skin, changed in place.
    appearance : Appearance
        The lesion's descriptors.
    view : View
        Which part of the skin the pixels show.
    rng : Generator
        The lesion's own stream, so that every view shows the same lesion.
    """
    site = _outline_lesion(appearance, view, rng)
    _add_pigment(tissue, appearance, site, rng=rng)
    _add_melanocytic_structures(tissue, appearance, site, rng=rng)
    _add_carcinoma_structures(tissue, appearance, site, rng=rng)
    _add_vascular_structures(tissue, appearance, site, rng=rng)
    _add_white_structures(tissue, appearance, site, rng=rng)


def _outline_lesion(appearance: Appearance, view: View, rng: np.random.Generator) -> Site:
    """Return the lesion's outline: an ellipse with lobes by its asymmetry and notches by its irregularity."""
    x, y = points = view.points_mm()
    turn = rng.uniform(0, math.pi)
    cos, sin = math.cos(turn), math.sin(turn)
    stretch = math.exp((0.08 + 0.3 * appearance.asymmetry) * rng.uniform(-1, 1))
    ellipse = np.hypot((cos * x + sin * y) * stretch, (cos * y - sin * x) / stretch) / (appearance.diameter_mm / 2)
    lobes = smooth_noise(view, rng, cell_mm=0.3 * appearance.diameter_mm)
    notches = smooth_noise(view, rng, cell_mm=0.65)
    depth = 1 - ellipse + 0.26 * appearance.asymmetry * lobes + (0.02 + 0.11 * appearance.irregularity) * notches
    rim = 0.05 + 0.35 * appearance.diffuseness
    return Site(
        view=view,
        points=points,
        distorted=distort_points(view, rng, stray_mm=0.1 + 0.2 * appearance.irregularity),
        depth=depth,
        cover=smooth_step(depth, -rim, rim),
    )


def _add_pigment(tissue: Tissue, appearance: Appearance, site: Site, *, rng: np.random.Generator) -> None:
    """Colour the lesion brown and red, unevenly by its variegation."""
    brown_patches = smooth_noise(site.view, rng, cell_mm=1.3)
    red_patches = smooth_noise(site.view, rng, cell_mm=1.3)
    specks = smooth_noise(site.view, rng, cell_mm=0.4)
    unevenness = appearance.variegation * (0.55 * brown_patches + 0.2 * specks)
    tissue.brown += 0.65 * appearance.brown * site.cover * np.exp(unevenness)
    tissue.red += 0.38 * appearance.red * site.cover * np.exp(0.5 * appearance.variegation * red_patches)


def _add_melanocytic_structures(
    tissue: Tissue, appearance: Appearance, site: Site, *, rng: np.random.Generator
) -> None:
    """Add the lines of the pigment network, brown globules and a blue-white veil."""
    lines = smooth_step(honeycomb(site.distorted, rng, cell_mm=0.7), 0.45, 0.1)
    tissue.brown *= 1 + appearance.network * site.cover * (0.8 * lines - 0.3)

    grains = smooth_step(honeycomb(site.distorted, rng, cell_mm=0.6), 0.5, 0.8)
    clustered = smooth_step(smooth_noise(site.view, rng, cell_mm=0.9), -0.3, 1.2)
    tissue.brown += 0.8 * appearance.globules * site.cover * clustered * grains

    clouds = smooth_noise(site.view, rng, cell_mm=1.4)
    veil = appearance.veil * site.cover * smooth_step(site.depth + 0.3 * clouds, 0.1, 0.8)
    tissue.blue += 0.55 * veil
    tissue.white += 0.3 * veil


def _add_carcinoma_structures(
    tissue: Tissue, appearance: Appearance, site: Site, *, rng: np.random.Generator
) -> None:
    """Add blue-grey ovoid nests, an ulcer, and vessels that branch like a tree."""
    radius_mm = appearance.diameter_mm / 2
    nests = spots(site.distorted, _scatter_points(6, 0.85 * radius_mm, rng), rng.uniform(0.2, 0.75, 6))
    tissue.blue += 0.6 * appearance.nests * nests * smooth_step(site.cover, 0.1, 0.5)

    ulcer = spots(site.distorted, _scatter_points(1, 0.4 * radius_mm, rng), rng.uniform(0.4, 0.9, 1))
    tissue.red += 1.1 * appearance.ulcer**2 * ulcer
    tissue.brown += 0.3 * appearance.ulcer**2 * ulcer

    branches = _grow_vessels(radius_mm, rng)
    curves_px = [site.view.to_px(curve) for curve, _ in branches]
    widths_px = [width_mm * site.view.size_px / site.view.field_mm for _, width_mm in branches]
    tissue.red += 0.7 * appearance.vessels * strokes(curves_px, widths_px, size_px=site.view.size_px)


def _add_vascular_structures(tissue: Tissue, appearance: Appearance, site: Site, *, rng: np.random.Generator) -> None:
    """Add packed red-purple lacunae, and the red network of the strawberry pattern around pale follicles."""
    lacunae = smooth_step(honeycomb(site.distorted, rng, cell_mm=1.2), 0.0, 0.5)
    congestion = smooth_step(smooth_noise(site.view, rng, cell_mm=1.0), -0.5, 1.5)
    blood = appearance.lacunae * site.cover * (0.4 + 0.6 * lacunae)
    tissue.red += 0.9 * blood
    tissue.blue += 0.3 * blood * (0.3 + congestion)

    follicles = smooth_step(honeycomb(site.distorted, rng, cell_mm=0.65), 0.25, 0.9)
    tissue.red += 0.35 * appearance.follicles * site.cover * (0.7 - follicles)
    tissue.white += 0.25 * appearance.follicles * site.cover * follicles


def _add_white_structures(tissue: Tissue, appearance: Appearance, site: Site, *, rng: np.random.Generator) -> None:
    """Add milia-like cysts, scale or keratin, and a scar-like centre, each covering the pigment below."""
    cysts = spots(
        site.points, _scatter_points(14, 0.8 * appearance.diameter_mm / 2, rng), rng.uniform(0.10, 0.22, 14)
    )
    flakes = smooth_step(smooth_noise(site.view, rng, cell_mm=0.3), 0.5, 2.0)
    streaks = smooth_noise(site.view, rng, cell_mm=0.35)
    scar = smooth_step(site.depth + 0.06 * streaks, 0.35, 0.85)
    for opacity in (0.6 * appearance.milia * cysts, 0.5 * appearance.keratin * flakes, 0.6 * appearance.scar * scar):
        tissue.white += opacity * site.cover * (1 - tissue.white)


def _scatter_points(number: int, radius_mm: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return points (number, 2) spread evenly over a disc, in millimetres."""
    radii = radius_mm * np.sqrt(rng.random(number))
    angles = rng.uniform(0, 2 * np.pi, number)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def _grow_vessels(radius_mm: float, rng: np.random.Generator) -> list[tuple[NDArray[np.float64], float]]:
    """Return vessels that enter at the border and branch twice: each a curve (M, 2) and a width, in mm."""
    growing = []
    for angle in rng.uniform(0, 2 * math.pi, 3):
        start = radius_mm * np.array([math.cos(angle), math.sin(angle)])
        growing.append((start, angle + math.pi + rng.normal(0, 0.4), 0))
    vessels = []
    while growing:
        start, heading, generation = growing.pop()
        headings = heading + np.cumsum(rng.normal(0, 0.3, 6))
        step_mm = 0.17 * radius_mm * 0.75**generation
        steps = step_mm * np.stack([np.cos(headings), np.sin(headings)], axis=1)
        curve = np.vstack([start, start + np.cumsum(steps, axis=0)])
        vessels.append((curve, 0.13 * 0.7**generation))
        if generation < 2:
            growing += [(curve[rng.integers(3, 7)], headings[-1] + turn, generation + 1) for turn in (-0.6, 0.6)]
    return vessels
