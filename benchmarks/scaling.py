"""What more machines would gain: python benchmarks/scaling.py [--config FILE] [key=value …]

Times training steps on one device of this machine, counts the bytes of the gradients, and puts
both into the formula of a ring all-reduce. Prints JSON. An estimate: nothing is sent anywhere.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import whole_number
from kerasseg.config import load_config
from kerasseg.errors import run_command

# Published line rate in bytes a second in each direction, and seconds a message takes at least:
# tens of microseconds through TCP, a few over InfiniBand.
LINKS = {
    "1 Gb/s Ethernet": (1e9 / 8, 50e-6),
    "10 Gb/s Ethernet": (10e9 / 8, 50e-6),
    "100 Gb/s Ethernet": (100e9 / 8, 50e-6),
    "400 Gb/s InfiniBand NDR": (400e9 / 8, 5e-6),
}
# The share of the line rate that is reached.
REACHED = 0.8


def all_reduce_seconds(size: float, *, machines: int, link: tuple[float, float]) -> float:
    """A ring all-reduce of `size` bytes: 2 (N - 1) messages of size / N bytes, one by one.

    link: (bytes a second, seconds a message), one of LINKS. Source: Patarasuk and Yuan 2009,
    "Bandwidth optimal all-reduce algorithms for clusters of workstations".
    """
    bandwidth, latency = link
    return 2 * (machines - 1) * (size / machines / (bandwidth * REACHED) + latency)


def speed_up(
    seconds: float,
    *,
    gradient_bytes: int,
    normalizations: int,
    machines: int,
    link: tuple[float, float],
) -> float:
    """Images a second of `machines` over those of one, with the same images on each.

    seconds: of a step on one. normalizations: synchronised BatchNorm layers; each sends a few
    numbers forward and backward. Nothing is sent while something is computed.
    """
    sent = all_reduce_seconds(gradient_bytes, machines=machines, link=link)
    sent += 2 * normalizations * all_reduce_seconds(0, machines=machines, link=link)
    return machines * seconds / (seconds + sent)


def what_is_sent(config) -> tuple[int, int]:
    """(bytes of the float32 gradients, synchronised BatchNorm layers); no data is needed."""
    from kerasseg.data.catalog import read_labels
    from kerasseg.models.build import build_net
    from kerasseg.models.layers.batch_norm import FusedBatchNormalization

    outputs = read_labels(config).num_outputs
    net = build_net(config.model, outputs=outputs, seed=0, precision="float32")
    size = sum(4 * int(v.value.shape.num_elements()) for v in net.trainable_variables)
    layers = sum(isinstance(layer, FusedBatchNormalization) for layer in net.layers)
    return size, layers if config.model.batch_norm_sync else layers / 2


def step_seconds(config, *, steps: int) -> float:
    """Median over some training steps on one device, input left out."""
    from kerasseg.data.catalog import open_catalog
    from kerasseg.training.device import pick_device
    from kerasseg.training.session import build_session
    from kerasseg.training.step import compile_step

    device = pick_device(precision=config.train.precision, jit=config.train.jit)
    session = build_session(config, open_catalog(config), device)
    step = compile_step(session.segmenter, jit=device.jit)
    batch = next(session.batches(session.plan(), first_step=0))
    seconds = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        float(step(batch)["loss"])
        seconds.append(time.perf_counter() - start)
    # The first calls trace and compile.
    return statistics.median(seconds[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path("configs/streets.yaml"))
    parser.add_argument("--steps", type=whole_number(1), default=10)
    parser.add_argument(
        "--seconds",
        type=float,
        help="of a step, if it was measured elsewhere: then nothing is timed",
    )
    parser.add_argument("settings", nargs="*", metavar="key=value")
    args = parser.parse_intermixed_args()
    config = load_config(args.config, args.settings)
    load_tensorflow()
    size, layers = what_is_sent(config)
    seconds = args.seconds or step_seconds(config, steps=args.steps)
    estimates = {
        name: {
            machines: round(
                speed_up(
                    seconds,
                    gradient_bytes=size,
                    normalizations=layers,
                    machines=machines,
                    link=link,
                ),
                1,
            )
            for machines in (2, 4, 8)
        }
        for name, link in LINKS.items()
    }
    print(
        json.dumps(
            {
                "seconds a step": round(seconds, 4),
                "gradient bytes": size,
                "synchronised BatchNorm layers": layers,
                "images a step and machine": config.train.batch_size,
                "estimated speed-up by machines": estimates,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    sys.exit(run_command(main))
