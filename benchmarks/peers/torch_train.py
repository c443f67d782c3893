"""Worker: training steps of the PyTorch peer. Started by benchmarks/train_step.py.

Runs in the environment of benchmarks/peers/setup.py.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import limit_threads, serve

OUTPUTS = 20


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=Path, required=True, help="npz of image and label")
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--variant", choices=["plain", "sampled", "full"], default="full")
    parser.add_argument("--autocast", choices=["mixed_bfloat16", "mixed_float16"])
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument("--ahead", type=int, default=1, help="steps a call, the last waited for")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--check", type=Path, help="npz of weights, to compare losses; no timing")
    return parser.parse_args()


def read_batch(path: Path):
    """image float32 (B, 3, H, W) channels-last, label uint8 (B, H, W)."""
    import numpy as np
    import torch

    with np.load(path) as file:
        image = torch.from_numpy(file["image"]).permute(0, 3, 1, 2)
        return image.contiguous(memory_format=torch.channels_last), torch.from_numpy(file["label"])


def prepare(args):
    import torch
    from torch_unet import UNet, objective

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")  # TF32, as in TensorFlow
    image, label = (tensor.to(device) for tensor in read_batch(args.batch))
    net = UNet(width=args.width, depth=4, outputs=OUTPUTS).to(
        device, memory_format=torch.channels_last
    )
    net.train()
    half = args.autocast == "mixed_float16"
    scaler = torch.amp.GradScaler(device, enabled=half)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-7, fused=True)
    weight = 0.0 if args.variant == "plain" else 0.5
    k = 2.0 if args.variant == "full" else 1.0

    def loss_of(image, label):
        flip = torch.rand(len(image), device=device) < 0.5
        image = torch.where(flip[:, None, None, None], image.flip(3), image).float()
        label = torch.where(flip[:, None, None], label.flip(2), label)
        with torch.autocast(
            device,
            torch.float16 if half else torch.bfloat16,
            enabled=args.autocast is not None,
        ):
            entropy, variance = objective(net, image, label, k=k, uncertainty_weight=weight)
        return entropy + weight * variance

    if args.compile:
        loss_of = torch.compile(loss_of)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(image, label)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss

    parameters = sum(p.numel() for p in net.parameters())
    facts = {"parameters": parameters, "torch": torch.__version__, "device": device}

    def call():
        for _ in range(args.ahead):
            loss = step()
        loss.item()
        if device == "cuda":
            facts["gpu_mib"] = round(torch.cuda.max_memory_allocated() / 2**20)

    return call, facts


def check(args) -> dict:
    """Both terms and the norm of the gradient on the weights and dropout masks of `args.check`."""
    import numpy as np
    import torch
    from torch_unet import UNet, cross_entropy, gated_variance

    image, label = read_batch(args.batch)
    net = UNet(width=args.width, depth=4, outputs=OUTPUTS).train()
    with np.load(args.check) as file:
        masks = torch.from_numpy(file["masks"]).permute(0, 1, 4, 2, 3)
        net.take_weights([file[f"weight{i}"] for i in range(len(file.files) - 1)])
    features, logits = net(image.float())
    entropy = cross_entropy(logits, label, k=2.0)
    variance = gated_variance(logits, torch.stack([net.head(features * m) for m in masks]))
    (entropy + 0.5 * variance).backward()
    norm = torch.stack([p.grad.norm() for p in net.parameters()]).norm()
    return {
        "cross_entropy": entropy.item(),
        "variance": variance.item(),
        "gradient_norm": norm.item(),
    }


def main() -> None:
    args = parse()
    limit_threads(args.threads)
    import torch

    torch.set_num_threads(args.threads)
    if args.check:
        print(json.dumps(check(args)))
    else:
        serve(lambda: prepare(args), warmup=args.warmup)


if __name__ == "__main__":
    main()
