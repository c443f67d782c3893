"""Nets as Keras models."""

from kerasseg.models.build import unet

__all__ = ["unet"]
