"""Draw the plots of a page that `dvc plots` wrote, without a browser or a network.

dvc plots diff main slower --targets plots/comparison/scores.json
python docs/draw_plots.py dvc_plots/index.html docs/pictures
"""

import io
import json
import re
import sys
from pathlib import Path

import vl_convert
from PIL import Image

SPEC = re.compile(r"var spec = (\{.*?\});\s*vegaEmbed", re.DOTALL)


def draw_plots(page: Path, folder: Path) -> list[Path]:
    """Write a PNG for each plot of the page, named by its title, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for text in SPEC.findall(page.read_text(encoding="utf-8")):
        spec = json.loads(text)
        name = re.sub(r"\W+", "_", spec["title"].lower()).strip("_")
        written.append(folder / f"{name}.png")
        drawn = Image.open(io.BytesIO(vl_convert.vegalite_to_png(spec, scale=1.3)))
        drawn.convert("RGB").quantize(64).save(written[-1], optimize=True)  # a fifth of the bytes
    return written


if __name__ == "__main__":
    for path in draw_plots(Path(sys.argv[1]), Path(sys.argv[2])):
        print(path)
