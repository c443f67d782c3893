"""The same U-Net and the same objective in PyTorch: what a user would write instead.

Written for speed as far as eager PyTorch goes on a CPU: channels-last, in-place ReLU, a fused
optimizer, no copy that is not needed. Parameters are created in the order in which Keras lists
the trainable weights of `kerasseg.models.build.build_net`, so they can be handed over one by one.
"""

import torch
import torch.nn.functional as F
from torch import nn

VOID = 255


class DoubleConvolution(nn.Sequential):
    """Twice 3x3 convolution (edges mirrored), BatchNorm, ReLU."""

    def __init__(self, inputs: int, outputs: int):
        layers = []
        for channels in (inputs, outputs):
            layers += [
                nn.Conv2d(channels, outputs, 3, padding=1, padding_mode="reflect"),
                nn.BatchNorm2d(outputs, eps=1e-5, momentum=0.1),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class UNet(nn.Module):
    """Image (B, 3, H, W), 0…255, to penultimate features (B, width, H, W) and direct logits.

    H and W: multiples of 2**depth.
    """

    def __init__(self, *, width: int, depth: int, outputs: int):
        super().__init__()
        sizes = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(
            DoubleConvolution(before, after)
            for before, after in zip([3, *sizes[:-1]], sizes, strict=True)
        )
        self.up = nn.ModuleList()
        self.join = nn.ModuleList()
        for level in reversed(range(depth)):
            self.up.append(nn.ConvTranspose2d(sizes[level + 1], sizes[level], 2, stride=2))
            self.join.append(DoubleConvolution(2 * sizes[level], sizes[level]))
        self.head = nn.Conv2d(width, outputs, 1)

    def forward(self, image):
        x = image / 127.5 - 1.0
        skips = []
        for number, block in enumerate(self.down):
            if number:
                x = F.max_pool2d(x, 2)
            x = block(x)
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, reversed(skips[:-1]), strict=True):
            x = join(torch.cat([skip, up(x)], dim=1))
        return x, self.head(x)

    def parameters_in_order(self) -> list[nn.Parameter]:
        """As Keras lists them: down, bottom, then each level up, then the head."""
        found = [p for block in self.down for p in block.parameters()]
        for up, join in zip(self.up, self.join, strict=True):
            found += [*up.parameters(), *join.parameters()]
        return [*found, *self.head.parameters()]

    def norms_in_order(self) -> list[nn.BatchNorm2d]:
        """As Keras lists them."""
        return [
            m
            for part in (self.down, self.join)
            for m in part.modules()
            if isinstance(m, nn.BatchNorm2d)
        ]

    @torch.no_grad()
    def take_weights(self, weights) -> None:
        """Keras' trainable weights, arrays in Keras' order and layout."""
        own = self.parameters_in_order()
        if len(own) != len(weights):
            raise ValueError(f"{len(weights)} weights for {len(own)} parameters")
        for mine, theirs in zip(own, weights, strict=True):
            value = torch.from_numpy(theirs)
            if value.ndim == 4:
                # (h, w, in, out) and, transposed, (h, w, out, in): both end as PyTorch has it.
                value = value.permute(3, 2, 0, 1)
            if mine.shape != value.shape:
                raise ValueError(f"a weight of {tuple(value.shape)} for {tuple(mine.shape)}")
            mine.copy_(value)


def boundary_outer(label: torch.Tensor) -> torch.Tensor:
    """uint8 (B, H, W) -> bool: `skimage.segmentation.find_boundaries(mode="outer")`."""
    x = label[:, None].to(torch.float32)
    plus = [(3, 1), (1, 3)]

    def highest(values, window):
        pad = (window[1] // 2, window[1] // 2, window[0] // 2, window[0] // 2)
        return F.max_pool2d(F.pad(values, pad, mode="replicate"), window, stride=1)

    high = torch.maximum(*(highest(x, window) for window in plus))
    low = -torch.maximum(*(highest(-x, window) for window in plus))
    ground = x == 0
    objects = torch.where(ground, 255.0, x)
    meet = highest(x, (3, 3)) != -highest(-objects, (3, 3))
    return ((high != low) & (ground | meet))[:, 0]


def cross_entropy(logits, label, *, k: float):
    """Mean over pixels of the boundary weight times cross entropy; void trains the last output."""
    target = torch.where(label == VOID, logits.shape[1] - 1, label.to(torch.int64))
    entropy = F.cross_entropy(logits.float(), target, reduction="none")
    if k == 1.0:
        return entropy.mean()
    return (torch.where(boundary_outer(label), k, 1.0) * entropy).mean()


def gated_variance(logits, branches):
    """Mean over pixels of the branches' variance (K, B, C, H, W) times 1 - p(background)."""
    variance = branches.float().var(dim=0, unbiased=True).mean(dim=1)
    return (variance * (1.0 - logits.float().softmax(dim=1)[:, -1])).mean()


def objective(net: UNet, image, label, *, k: float, uncertainty_weight: float, rate: float = 0.3):
    """image float (B, 3, H, W), label uint8 (B, H, W) -> (cross entropy, variance), scalars."""
    features, logits = net(image)
    entropy = cross_entropy(logits, label, k=k)
    if not uncertainty_weight:
        return entropy, torch.zeros(())
    branches = torch.stack([net.head(F.dropout(features, rate)) for _ in range(3)])
    return entropy, gated_variance(logits, branches)
