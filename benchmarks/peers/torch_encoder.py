"""Worker: a U-Net of segmentation_models.pytorch, a step or labels. Started by encoders.py.

Runs in the environment of benchmarks/peers/requirements.txt.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import limit_threads, serve

OUTPUTS = 20


def prepare(args):
    import torch
    from torch_nets import build_net
    from torch_train import read_batch
    from torch_unet import cross_entropy

    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    image, label = read_batch(args.batch)
    net = build_net(encoder=args.encoder, classes=OUTPUTS).to(memory_format=torch.channels_last)
    parameters = sum(p.numel() for p in net.parameters())
    facts = {"parameters": parameters, "torch": torch.__version__}

    @torch.inference_mode()
    def labels():
        return net(image).argmax(1)

    if args.task == "infer":
        net.eval()
        return labels, facts
    net.train()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        flip = torch.rand(len(image)) < 0.5
        pixels = torch.where(flip[:, None, None, None], image.flip(3), image)
        target = torch.where(flip[:, None, None], label.flip(2), label)
        loss = cross_entropy(net(pixels), target, k=1.0)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=["train", "infer"])
    parser.add_argument("encoder")
    parser.add_argument("--batch", type=Path, required=True, help="npz of image and label")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    limit_threads(args.threads)
    serve(lambda: prepare(args), warmup=2)


if __name__ == "__main__":
    main()
