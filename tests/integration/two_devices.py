"""Runs train.py on a CPU that is split into two devices: `two_devices.py ARGUMENTS…`."""

import runpy
import sys
from pathlib import Path

from kerasseg.backend import load_tensorflow

load_tensorflow()

import tensorflow as tf  # noqa: E402

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
program = Path(__file__).resolve().parents[2] / "train.py"
sys.argv = [str(program), *sys.argv[1:]]
runpy.run_path(str(program), run_name="__main__")
