"""The encoders by the name of `model.encoder`; what each of them offers: `contract.Encoder`."""

from kerasseg.models.encoders.unet import UNetEncoder

ENCODERS = {
    "unet": UNetEncoder,
}
