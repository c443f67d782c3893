"""A model server under load: many clients at once, every answer checked, memory at start and end.

    python benchmarks/serving_load.py exports/streets photos --json load.json
    python benchmarks/serving_load.py exports/streets photos --server grpc://host:8500

Every client sends one image after the other to `encoded`, whole files, and compares what comes back
with what the server said to the same image before the load. Without --server, the server is the
stand-in for TF Serving of the test suite, which runs and queues as many requests as the file of
--batching has it and answers UNAVAILABLE to the others; clients then try again, as
docs/serving.md says. Prints JSON. Exit status 1 if an answer was another one, or none was given for
a reason other than a full queue or the time limit.
"""

import argparse
import json
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from turns import machine, peak_bytes, resident_bytes, say

from kerasseg.commands.parser import whole_number
from kerasseg.errors import UserError, run_command
from kerasseg.inference.image_search import find_images
from kerasseg.serving_client.client import (
    EncodedAnswer,
    ServerUnavailable,
    ServingClient,
    ServingError,
)
from kerasseg.serving_client.retry import with_retries
from tests.serving_client.running_server import stand_in

PROJECT = Path(__file__).resolve().parents[1]


@dataclass
class Tally:
    """What became of the images that were sent. seconds: of each that was answered.

    told_to_wait: attempts that were answered UNAVAILABLE, or found no connection. given_up: images
    that used up their retries on it. failed: what else went wrong, in words.
    """

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    told_to_wait: int = 0
    given_up: int = 0
    timed_out: int = 0
    failed: list[str] = field(default_factory=list)


def send(
    client: ServingClient,
    image: bytes,
    expected: EncodedAnswer,
    tally: Tally,
    *,
    retries: int,
) -> None:
    """One image; adds what became of it to the tally of this thread."""

    def attempt() -> EncodedAnswer:
        try:
            return client.encoded([image])[0]
        except ServerUnavailable:
            tally.told_to_wait += 1
            raise

    start = time.perf_counter()
    try:
        answer = with_retries(attempt, retries=retries, first_wait=0.2)
    except ServerUnavailable:
        tally.given_up += 1
    except ServingError as error:
        if "no answer in" in str(error):  # the words of both transports
            tally.timed_out += 1
        else:
            tally.failed.append(str(error))
    else:
        tally.seconds.append(time.perf_counter() - start)
        tally.wrong += not _same(answer, expected)


def _same(answer: EncodedAnswer, expected: EncodedAnswer) -> bool:
    pairs = ((answer.labels, expected.labels), (answer.uncertainty, expected.uncertainty))
    return all(np.array_equal(a, b) for a, b in pairs)


def load(
    client: ServingClient,
    images: list[bytes],
    expected: list[EncodedAnswer],
    *,
    clients: int,
    seconds: float,
    retries: int,
) -> list[Tally]:
    """One tally for each of `clients` threads, which send for `seconds` and end what they began."""
    tallies = [Tally() for _ in range(clients)]
    end = time.monotonic() + seconds

    def work(number: int) -> None:
        turn = number
        while time.monotonic() < end:
            index = turn % len(images)
            send(client, images[index], expected[index], tallies[number], retries=retries)
            turn += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tallies


def measure(args: argparse.Namespace, url: str, *, model: str, pid: int | None) -> dict:
    """pid: of the server, to measure its memory, if it runs on this machine."""
    images = [Path(file).read_bytes() for file in find_images(args.images, out=Path("none"))]
    with ServingClient(url, model=model, timeout=args.timeout, retries=0) as client:
        expected = [client.encoded([image])[0] for image in images]
        client.encoded(images[:1])  # a second pass: what the first one allocated is there
        say(
            f"{len(images)} images answered one by one; {args.clients} clients for {args.seconds} s"
        )
        memory = [_mib(pid)]
        start = time.monotonic()
        found = []
        for _ in range(2):  # memory that grows grows in the second half, too
            found += load(
                client,
                images,
                expected,
                clients=args.clients,
                seconds=args.seconds / 2,
                retries=args.retries,
            )
            memory.append(_mib(pid))
        elapsed = time.monotonic() - start
    seconds = sorted(second for tally in found for second in tally.seconds)
    failed = [reason for tally in found for reason in tally.failed]
    return {
        "answered": len(seconds),
        **{
            name: sum(getattr(tally, name) for tally in found)
            for name in ("wrong", "told_to_wait", "given_up", "timed_out")
        },
        "failed": len(failed),
        "reasons": sorted(set(failed))[:5],
        "images_per_second": round(len(seconds) / elapsed, 2),
        "latency": {  # seconds, with the retries
            "median": _rounded(seconds, 0.5),
            "95 %": _rounded(seconds, 0.95),
            "longest": _rounded(seconds, 1.0),
        },
        "server_mib": dict(zip(("start", "half", "end"), memory, strict=True))
        | {"peak": None if pid is None else round(peak_bytes(pid) / 2**20)},
    }


def _mib(pid: int | None) -> int | None:
    return None if pid is None else round(resident_bytes(pid) / 2**20)


def _rounded(ordered: list[float], share: float) -> float | None:
    return round(ordered[round(share * (len(ordered) - 1))], 3) if ordered else None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    parser.add_argument("export", type=Path, help="exports/NAME")
    parser.add_argument("images", nargs="+", metavar="IMAGE|FOLDER")
    parser.add_argument("--server", metavar="URL", help="http:// or grpc://, one that runs already")
    parser.add_argument("--model", metavar="NAME", help="default: the name of the export's folder")
    parser.add_argument(
        "--batching",
        type=Path,
        metavar="FILE",
        default=PROJECT / "docs" / "serving" / "batching.config",
        help="what tensorflow_model_server takes as --batching_parameters_file",
    )
    parser.add_argument("--protocol", choices=("http", "grpc"), default="http")
    parser.add_argument("--clients", type=positive, default=64)
    parser.add_argument("--seconds", type=positive, default=60)
    parser.add_argument("--retries", type=whole_number(0), default=5)
    parser.add_argument("--timeout", type=positive, default=60, help="seconds of an attempt")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    if not any(args.export.glob("*/saved_model.pb")):
        raise UserError(f"{args.export}: no export with a SavedModel (no */saved_model.pb in it)")
    with ExitStack() as stack:
        url, pid = args.server, None
        if url is None:
            server = stack.enter_context(stand_in(args.export.resolve(), batching=args.batching))
            url, pid = getattr(server, args.protocol), server.said["pid"]
        found = measure(args, url, model=args.model or args.export.resolve().name, pid=pid)
    settings = {name: getattr(args, name) for name in ("clients", "seconds", "retries", "timeout")}
    server = "the test suite's stand-in" if args.server is None else args.server
    text = json.dumps({"machine": machine(), "server": server, **settings, **found}, indent=2)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    return 1 if found["wrong"] or found["failed"] else 0


if __name__ == "__main__":
    sys.exit(run_command(main))
