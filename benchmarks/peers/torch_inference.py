"""Worker: one image through the PyTorch peer, or its ONNX file. Started by inference.py."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import inference_parser, limit_threads, resident_bytes, serve

OUTPUTS = 20


def load(folder: Path, *, width: int):
    """The net with our weights and moving statistics."""
    import numpy as np
    import torch
    from torch_unet import UNet

    net = UNet(width=width, depth=4, outputs=OUTPUTS).eval()
    with np.load(folder / "weights.npz") as file:
        count = sum(name.startswith("weight") for name in file.files)
        net.take_weights([file[f"weight{i}"] for i in range(count)])
        statistics = [file[f"statistic{i}"] for i in range(len(file.files) - count)]
    with torch.no_grad():
        for i, norm in enumerate(net.norms_in_order()):
            norm.running_mean.copy_(torch.from_numpy(statistics[2 * i]))
            norm.running_var.copy_(torch.from_numpy(statistics[2 * i + 1]))
    return net


def write_onnx(net, path: Path) -> None:
    """Image float32 (B, 3, H, W) to logits, B, H and W free."""
    import torch

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, image):
            return self.net(image)[1]

    height, width = (16 * torch.export.Dim(name, min=2, max=1024) for name in ("rows", "columns"))
    torch.onnx.export(
        Logits().eval(),
        (torch.zeros(2, 3, 256, 512),),
        str(path),
        input_names=["image"],
        output_names=["logits"],
        dynamic_shapes={"image": {0: torch.export.Dim("batch"), 2: height, 3: width}},
        external_data=False,
    )


def prepare(args):
    import numpy as np
    import torch

    torch.set_num_threads(args.threads)
    net = load(args.folder, width=args.width).to(memory_format=torch.channels_last)
    with np.load(args.batch) as file:
        pixels = torch.from_numpy(file["image"][:1])

    @torch.inference_mode()
    def call():
        # uint8 (1, H, W, 3) is channels-last already once its axes are named.
        return net(pixels.permute(0, 3, 1, 2).float())[1].argmax(1)

    facts = {"before_bytes": resident_bytes(), "torch": torch.__version__}
    np.save(args.folder / "labels_torch.npy", call().numpy().astype(np.uint8))
    return call, facts


def prepare_writing(args):
    net, path, facts = load(args.folder, width=args.width), args.folder / "torch.onnx", {}

    def call():
        write_onnx(net, path)
        facts["file_bytes"] = path.stat().st_size

    return call, facts


def main() -> None:
    parser = inference_parser(__doc__)
    parser.add_argument("--write-onnx", action="store_true")
    parser.add_argument("--time-onnx", action="store_true", help="a call writes the ONNX file")
    args = parser.parse_args()
    limit_threads(args.threads)
    if args.write_onnx:
        write_onnx(load(args.folder, width=args.width), args.folder / "torch.onnx")
        print(json.dumps({"written": "torch.onnx"}))
    elif args.time_onnx:
        serve(lambda: prepare_writing(args), warmup=0)
    else:
        serve(lambda: prepare(args), warmup=1)


if __name__ == "__main__":
    main()
