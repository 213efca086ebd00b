"""Makes the README's pictures of those that the browser tests took: ``python -m tests.browser.gallery FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PICTURES = {  # file in docs -> page and theme
    "playground": "playground-light",
    "playground-dark": "playground-dark",
    "regression": "regression-light",
    "compare": "compare-light",
    "priors": "priors-dark",
    "your-data": "your_data-light",
    "lessons": "lessons-light",
}
COLOURS = 256
WIDTH = 1200


def main(folder: Path) -> None:
    """Write each picture smaller, and with fewer colours: a reader loads all of them."""
    for name, taken in PICTURES.items():
        with Image.open(folder / f"page-{taken}.png") as picture:
            small = picture.convert("RGB").resize((WIDTH, round(picture.height * WIDTH / picture.width)))
            small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
                DOCS / f"{name}.png", optimize=True
            )
            print(f"docs/{name}.png", (DOCS / f"{name}.png").stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
