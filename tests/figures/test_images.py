from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.figures.images import CAPTION, GAP, images_figure, tile


@given(st.integers(1, 20), st.integers(1, 9), st.integers(1, 8), st.integers(1, 8))
def test_every_pixel_is_on_the_canvas_once_and_nothing_else(count: int, columns: int, height: int, width: int):
    images = np.arange(count * height * width, dtype=float).reshape(count, height, width)
    canvas, corners = tile(images, columns)
    assert np.sort(canvas[np.isfinite(canvas)]).tolist() == images.ravel().tolist()
    for image, (top, left) in zip(images, corners, strict=True):
        np.testing.assert_array_equal(canvas[top : top + height, left : left + width], image)
    assert canvas.shape == (
        -(-count // columns) * (height + CAPTION),
        min(count, columns) * (width + GAP) - GAP,
    )


@pytest.mark.parametrize(("shape", "columns"), [((0, 8, 8), 4), ((8, 8), 4), ((2, 8, 8), 0)])
def test_what_is_no_image_is_refused(shape: tuple[int, ...], columns: int):
    with pytest.raises(ValueError, match=r"allowed: \(k, h, w\)"):
        tile(np.zeros(shape), columns)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_wrong_prediction_is_told_in_words(theme: str):
    images = np.random.default_rng(0).uniform(0, 16, (2, 8, 8))
    p, doubt = np.array([0.9, 0.4]), np.array([0.2, 1.5])
    figure = images_figure(images, ["7", "3"], ["7", "8"], p, doubt, "Title", 4, theme)
    right, wrong = (annotation.text for annotation in figure.layout.annotations)
    assert right == "<b>7</b> 0.90<br>0.20 nats"
    assert wrong == "<b>✗ 8</b> 0.40, is 3<br>1.50 nats"
    assert figure.layout.title.text == "Title"
    assert figure.layout.yaxis.autorange == "reversed"  # the image's first row is its top
