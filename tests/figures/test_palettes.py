from __future__ import annotations

import tomllib

import numpy as np
import pytest

from bnn_lib.figures import palettes

THEMES = tuple(palettes.PALETTES)


def steps(colours: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.diff(palettes.to_oklab(colours), axis=0), axis=1)


def lightness(colour: str) -> float:
    return float(palettes.to_oklab(palettes.rgb(colour)[None])[0, 0])


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio."""

    def luminance(colour: str) -> float:
        value = palettes.rgb(colour) / 255
        linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_oklab_of_white_and_red():
    # https://bottosson.github.io/posts/oklab/: white is (1, 0, 0); red's published value.
    lab = palettes.to_oklab(np.array([[255, 255, 255], [255, 0, 0]], np.uint8))
    np.testing.assert_allclose(lab[0], [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(lab[1], [0.628, 0.225, 0.126], atol=1e-3)


def test_oklab_and_back():
    colours = np.random.default_rng(0).integers(0, 256, (500, 3)).astype(np.uint8)
    np.testing.assert_array_equal(palettes.from_oklab(palettes.to_oklab(colours)), colours)


@pytest.mark.parametrize("theme", THEMES)
def test_uncertainty_grows_evenly_and_one_way(theme: str):
    table = palettes.scale("uncertainty", theme)
    assert table.shape == (256, 3)
    light = palettes.to_oklab(table)[:, 0]
    change = np.diff(light) * np.sign(light[-1] - light[0])
    assert change.min() > -0.002  # one way, up to rounding to whole bytes
    assert abs(light[-1] - light[0]) > 0.6
    # Sixteen equal steps of the scale look equal.
    assert steps(table[::17]).std() / steps(table[::17]).mean() < 0.05


@pytest.mark.parametrize("theme", THEMES)
def test_probability_is_neutral_in_the_middle_and_even_on_both_sides(theme: str):
    table = palettes.scale("probability", theme)
    lab = palettes.to_oklab(table)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    assert chroma[127:129].max() < 0.02
    assert chroma[0] > 0.1
    assert chroma[255] > 0.1
    assert abs(lab[0, 0] - lab[255, 0]) < 0.1  # neither class looks heavier
    for side in (table[:128:16], table[128::16]):
        assert steps(side).std() / steps(side).mean() < 0.1


def simulate(colours: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    value = colours / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ matrix.T, 0, 1)
    return np.rint(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


# Machado, Oliveira and Fernandes 2009, severity 1.
COLOUR_BLINDNESS = {
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


@pytest.mark.parametrize("kind", COLOUR_BLINDNESS)
@pytest.mark.parametrize("theme", THEMES)
def test_two_classes_differ_for_colour_blind_readers(theme: str, kind: str):
    palette = palettes.PALETTES[theme]
    pairs = (palette.classes[:2], (palette.probability[0], palette.probability[-1]))
    for pair in pairs:
        seen = simulate(np.stack([palettes.rgb(c) for c in pair]).astype(float), COLOUR_BLINDNESS[kind])
        assert steps(seen.astype(np.uint8))[0] > 0.15


@pytest.mark.parametrize("kind", [None, *COLOUR_BLINDNESS])
@pytest.mark.parametrize("theme", THEMES)
def test_any_two_of_five_classes_differ_for_every_reader(theme: str, kind: str | None):
    palette = palettes.PALETTES[theme]
    for colours in (palette.classes, (*palette.areas, palette.neutral)):
        assert len(colours) >= 5
        seen = np.stack([palettes.rgb(c) for c in colours]).astype(float)
        if kind is not None:
            seen = simulate(seen, COLOUR_BLINDNESS[kind])
        lab = palettes.to_oklab(seen.astype(np.uint8))
        apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[np.triu_indices(len(colours), 1)]
        assert apart.min() > 0.09


def test_every_class_has_a_shape_of_its_own():
    for palette in palettes.PALETTES.values():
        assert len(set(palettes.MARKERS)) == len(palettes.MARKERS) >= len(palette.classes) == len(palette.areas)


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(theme: str):
    palette = palettes.PALETTES[theme]
    for background in (palette.surface, palette.neutral):
        assert contrast(palette.text, background) > 7
        assert contrast(palette.muted, background) > 4.5
    assert contrast(palette.accent, palette.surface) > 3
    assert contrast(palette.button, palette.surface) > 3
    assert contrast("#ffffff", palette.button) > 4.5
    for colour in palette.classes:
        assert contrast(colour, palette.surface) > 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_the_page_has_the_same_colours(theme: str, root):
    config = tomllib.loads((root / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"][theme]
    palette = palettes.PALETTES[theme]
    assert config["backgroundColor"] == palette.surface
    assert config["textColor"] == palette.text
    assert config["borderColor"] == palette.line
    assert config["primaryColor"] == palette.button


def test_no_component_has_a_colour_of_its_own(root):
    import re

    folder = root / "bnn_lib" / "dashboard"
    for path in [*folder.rglob("*.js"), *folder.rglob("*.css")]:
        found = re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8"))
        assert set(found) <= {"#ffffff"}, f"{path.name}: {found}"


def test_plotly_scale_begins_and_ends_with_the_table():
    stops = palettes.plotly_scale("uncertainty", "light")
    table = palettes.scale("uncertainty", "light")
    assert stops[0] == [0.0, "#{:02x}{:02x}{:02x}".format(*table[0])]
    assert stops[-1] == [1.0, "#{:02x}{:02x}{:02x}".format(*table[-1])]
