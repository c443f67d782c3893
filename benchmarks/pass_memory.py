"""Peak memory of one pass at the working scale, whose logits are resized to the size of the image.

    python benchmarks/pass_memory.py --size 4000 6000

Prints JSON: what the process had before, what the pass took on top, and that in bytes a pixel.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import peak_bytes

from kerasseg.backend import load_tensorflow
from kerasseg.config import load_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(3000, 4000), metavar=("H", "W"))
    parser.add_argument("--working", type=int, nargs=2, default=(128, 256), metavar=("H", "W"))
    parser.add_argument("--outputs", type=int, default=20)
    parser.add_argument("--width", type=int, default=8, help="model.width")
    args = parser.parse_args()
    load_tensorflow()
    import numpy as np

    from kerasseg.data.working_scale import WorkingScale
    from kerasseg.models.build import build_net
    from kerasseg.models.serving_graph import ServingGraph

    model = load_config(None, [f"model.width={args.width}"]).model
    graph = ServingGraph(
        build_net(model, outputs=args.outputs, seed=0, precision="float32"),
        scale=WorkingScale(tuple(args.working)),
        background_id=args.outputs - 1,
        dropout_rate=model.dropout_rate,
    )

    def peak_mib(height: int, width: int) -> float:
        graph.predict(np.zeros((1, height, width, 3), np.uint8))
        return peak_bytes() / 2**20

    before = peak_mib(64, 128)
    after = peak_mib(*args.size)
    height, width = args.size
    print(
        json.dumps(
            {
                "size": [height, width],
                "mib_before": round(before),
                "mib_more": round(after - before),
                "bytes_per_pixel": round((after - before) * 2**20 / (height * width), 1),
            }
        )
    )


if __name__ == "__main__":
    main()
