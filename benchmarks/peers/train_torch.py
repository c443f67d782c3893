"""Trains a U-Net of segmentation_models.pytorch on CamVid, as its users would.

    PEERS=benchmarks/.peers-segmentation/bin/python
    $PEERS benchmarks/peers/train_torch.py data/camvid --images 4000 --json torch.json

AdamW, a polynomial rate of power 0.9, flips, half the native size, cross entropy without void,
with or without the square roots of median-frequency class weights. Scored at native size: logits
upsampled, one confusion matrix over the whole validation split, void left out. Runs in the
environment of benchmarks/peers/requirements.txt.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import HEAP, limit_threads, machine, say


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path, help="holds train/, trainannot/, val/ and valannot/")
    parser.add_argument("--encoder", choices=["efficientnet_lite0", "resnet50"])
    parser.set_defaults(encoder="efficientnet_lite0")
    parser.add_argument("--weights", default="imagenet", help="imagenet, none or a file")
    budget = parser.add_mutually_exclusive_group(required=True)
    budget.add_argument("--images", type=int, help="images seen")
    budget.add_argument("--minutes", type=float, help="of training, validation left out")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, nargs=2, default=(192, 256), metavar=("H", "W"))
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate")
    parser.add_argument("--encoder-rate", type=float, default=1.0, help="factor on the encoder's")
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--warmup", type=float, default=0.0, help="share of the training")
    parser.add_argument(
        "--class-weights", type=float, default=0.0, metavar="POWER", help="0.5: square roots"
    )
    parser.add_argument("--scale", type=float, nargs=2, default=(1.0, 1.0), metavar=("LOW", "HIGH"))
    parser.add_argument("--colour", type=float, default=0.0)
    parser.add_argument("--validate-every", type=int, metavar="IMAGES", help="default: at the end")
    parser.add_argument("--limit", type=int, help="images of each split; default: all")
    parser.add_argument("--workers", type=int, default=1, help="processes of the DataLoader")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args(arguments)


def rate_factor(share: float, *, warmup: float) -> float:
    """Of the learning rate, at a share of the training in 0…1."""
    if share < warmup:
        return share / warmup
    return (1 - share) ** 0.9


def make_optimizer(net, args):
    import torch

    encoder = list(net.net.encoder.parameters())
    ids = {id(p) for p in encoder}
    groups = [
        {"params": encoder, "lr": args.rate * args.encoder_rate},
        {"params": [p for p in net.parameters() if id(p) not in ids]},
    ]
    return torch.optim.AdamW(groups, lr=args.rate, weight_decay=args.weight_decay, fused=True)


def train(args) -> dict:
    import torch
    from torch_camvid import CLASSES, VOID, TrainingSet, class_weights, confusion, read_split
    from torch_camvid import scores as scores_of
    from torch_nets import build_net

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    images, labels = read_split(args.root, "train", limit=args.limit)
    checked = read_split(args.root, "val", limit=args.limit)
    net = build_net(encoder=args.encoder, classes=len(CLASSES), weights=args.weights)
    net = net.to(memory_format=torch.channels_last).train()
    weight = torch.from_numpy(class_weights(labels, power=args.class_weights))
    entropy = torch.nn.CrossEntropyLoss(weight=weight, ignore_index=VOID)
    optimizer = make_optimizer(net, args)
    bases = [group["lr"] for group in optimizer.param_groups]
    steps = args.images // args.batch if args.images else None
    data = TrainingSet(
        images,
        labels,
        size=tuple(args.size),
        length=args.batch * (steps or 10**6),
        seed=args.seed,
        scale=args.scale,
        colour=args.colour,
    )
    loader = torch.utils.data.DataLoader(
        data, batch_size=args.batch, num_workers=args.workers, drop_last=True
    )
    history, seconds, seen, mean_loss = [], 0.0, 0, 0.0

    def validate() -> dict:
        start = time.perf_counter()
        found = scores_of(confusion(net, *checked, size=tuple(args.size)))
        found = {"images_seen": seen, "loss": mean_loss, **found}
        history.append(found)
        took = time.perf_counter() - start
        say(f"{seen} images, {seconds / 60:.1f} min: val mIoU {found['miou']:.4f} ({took:.0f} s)")
        return found

    start = time.perf_counter()
    for step, (pixels, target) in enumerate(loader):
        share = step / steps if steps else seconds / (60 * args.minutes)
        if share >= 1:
            break
        for group, base in zip(optimizer.param_groups, bases, strict=True):
            group["lr"] = base * rate_factor(share, warmup=args.warmup)
        optimizer.zero_grad(set_to_none=True)
        loss = entropy(net(pixels.contiguous(memory_format=torch.channels_last)), target)
        loss.backward()
        optimizer.step()
        seen += args.batch
        value = loss.item()
        mean_loss = value if step == 0 else 0.98 * mean_loss + 0.02 * value
        seconds += time.perf_counter() - start
        if args.validate_every and seen % args.validate_every < args.batch:
            validate()
        start = time.perf_counter()
    if not history or history[-1]["images_seen"] != seen:
        validate()
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()}
    return {
        "settings": settings,
        "torch": torch.__version__,
        "machine": machine(),
        "parameters": sum(p.numel() for p in net.parameters()),
        "minutes": seconds / 60,
        "images_per_second": seen / seconds,
        **history[-1],
        "best_miou": max(entry["miou"] for entry in history),
        "history": [{k: e[k] for k in ("images_seen", "loss", "miou")} for e in history],
    }


def main() -> None:
    args = parse()
    # Both are read at the start of a process. OpenMP's threads wait for each other in a loop; where
    # other programs have a core, that takes ten times as long as the work.
    wanted = {**HEAP, "OMP_WAIT_POLICY": "passive"}
    if wanted.items() - os.environ.items():
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **wanted})
    limit_threads(args.threads)
    report = train(args)
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps({k: report[k] for k in ("miou", "images_seen", "minutes")}))


if __name__ == "__main__":
    sys.exit(main())
