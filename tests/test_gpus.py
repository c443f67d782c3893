"""Which GPUs TensorFlow is told to use, on a list of devices that is made up."""

import sys

import pytest
import tensorflow as tf

import kerasseg
from kerasseg.errors import UserError
from kerasseg.gpus import (
    compute_capabilities,
    grow_memory,
    missing_gpu_notice,
    nvidia_card,
    reason_in,
    use_gpus,
)


class Machine:
    """What `tf.config` says and is told about GPUs; running: after the first op."""

    def __init__(self, monkeypatch, gpus, *, running=False, capabilities=()):
        self.there = [f"gpu{i}" for i in range(gpus)]
        self.visible, self.growing, self.limits = list(self.there), [], {}
        self.decided = {}  # by somebody else: whether memory grows
        self.running = running
        details = dict(zip(self.there, capabilities, strict=False))
        config, more = tf.config, tf.config.experimental
        monkeypatch.setattr(config, "list_physical_devices", lambda kind: self.there)
        monkeypatch.setattr(config, "get_visible_devices", lambda kind: self.visible)
        monkeypatch.setattr(config, "set_visible_devices", self.see)
        monkeypatch.setattr(config, "get_logical_device_configuration", self.limits.get)
        monkeypatch.setattr(config, "set_logical_device_configuration", self.limit)
        monkeypatch.setattr(more, "set_memory_growth", self.grow)
        monkeypatch.setattr(more, "get_memory_growth", self.decided.get)
        monkeypatch.setattr(more, "get_device_details", lambda gpu: details.get(gpu, {}))

    def see(self, gpus, kind):
        self.told()
        self.visible = gpus

    def grow(self, gpu, flag):
        self.told()
        assert flag
        assert gpu in self.visible
        self.growing.append(gpu)

    def limit(self, gpu, parts):
        self.told()
        (part,) = parts
        self.limits[gpu] = part.memory_limit

    def told(self):
        if self.running:
            raise RuntimeError("devices cannot be modified after being initialized")


def test_the_others_are_left_alone_and_memory_grows(monkeypatch):
    machine = Machine(monkeypatch, 8)
    use_gpus(range(2), memory=None)
    assert (machine.visible, machine.growing) == (["gpu0", "gpu1"], ["gpu0", "gpu1"])
    assert machine.limits == {}


def test_a_fixed_part_of_the_memory(monkeypatch):
    machine = Machine(monkeypatch, 2)
    use_gpus(range(1), memory=4096)
    assert (machine.visible, machine.growing) == (["gpu0"], [])
    assert machine.limits == {"gpu0": 4096}


def test_without_gpus_nothing_is_told(monkeypatch):
    machine = Machine(monkeypatch, 0, running=True)
    use_gpus(range(0), memory=None)
    use_gpus(range(0), memory=4096)
    assert machine.visible == []


def test_where_tensorflow_runs_already_only_a_limit_is_refused(monkeypatch):
    machine = Machine(monkeypatch, 2, running=True)
    use_gpus(range(1), memory=None)
    assert machine.visible == machine.there
    with pytest.raises(UserError, match=r"train\.gpu_memory: found 512, but TensorFlow already"):
        use_gpus(range(1), memory=512)


def test_memory_grows_in_a_process_of_somebody_elses_where_nothing_is_decided(monkeypatch):
    machine = Machine(monkeypatch, 2)
    grow_memory()
    assert machine.growing == ["gpu0", "gpu1"]


@pytest.mark.parametrize(
    ("decided", "limits"), [({"gpu1": False}, {}), ({"gpu0": True}, {}), ({}, {"gpu1": 512})]
)
def test_what_somebody_else_has_decided_stands_for_all_gpus(monkeypatch, decided, limits):
    machine = Machine(monkeypatch, 2)
    machine.decided |= decided
    machine.limits |= limits
    grow_memory()
    assert machine.growing == []


def test_memory_of_gpus_that_run_already_is_left_as_it_is(monkeypatch):
    machine = Machine(monkeypatch, 2, running=True)
    grow_memory()
    assert machine.growing == []


def test_a_model_is_opened_once_memory_grows(monkeypatch, tmp_path):
    machine = Machine(monkeypatch, 1)
    (tmp_path / "config.yaml").touch()
    with pytest.raises(UserError):  # no weights there
        kerasseg.load(tmp_path)
    assert machine.growing == ["gpu0"]


def test_capabilities_are_those_of_the_gpus_in_use(monkeypatch):
    known = [{"compute_capability": (8, 6)}, {}]
    machine = Machine(monkeypatch, 3, capabilities=known)
    machine.visible = machine.there[:2]
    assert compute_capabilities() == [(8, 6), (0, 0)]


@pytest.fixture
def machine_with(tmp_path):
    """A root directory with one PCI device; vendor and class as Linux writes them."""

    def make(vendor, kind):
        device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "class").write_text(f"{kind}\n")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("vendor", "kind", "there"),
    [
        ("0x10de", "0x030000", True),  # draws
        ("0x10de", "0x030200", True),  # computes alone
        ("0x10de", "0x0c0330", False),  # the USB port of such a card
        ("0x8086", "0x030000", False),
    ],
)
def test_a_card_is_found_on_the_bus(machine_with, vendor, kind, there):
    assert nvidia_card(machine_with(vendor, kind)) == there


def test_a_card_is_found_by_its_driver(tmp_path):
    assert not nvidia_card(tmp_path)
    (tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0").mkdir(parents=True)
    assert nvidia_card(tmp_path)


def test_a_card_without_tensorflow_is_explained(machine_with, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")  # as a job scheduler does
    root = machine_with("0x10de", "0x030000")
    program = tmp_path / "python"
    program.write_text(
        "#!/bin/sh\n"
        '[ "$TF_CPP_MIN_LOG_LEVEL" = 0 ] || exit 1\n'
        "echo 'W0000 00:00:1.2 1 gpu_device.cc:2341] Cannot dlopen some GPU libraries.' >&2\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    notice = missing_gpu_notice(seen=0, root=root)
    assert "(Cannot dlopen some GPU libraries)" in notice
    assert 'pip install "tensorflow[and-cuda]"' in notice
    assert "\n" not in notice
    program.write_text("#!/bin/sh\nexit 1\n")
    assert "it gives no reason" in missing_gpu_notice(seen=0, root=root)


def test_nothing_is_said_where_all_is_as_it_should_be(machine_with, monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert missing_gpu_notice(seen=0, root=tmp_path) is None
    root = machine_with("0x10de", "0x030000")
    assert missing_gpu_notice(seen=1, root=root) is None
    for hidden in ("-1", ""):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert missing_gpu_notice(seen=0, root=root) is None


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (
            "I0000 00:00:1795730410.39 16283 cudart_stub.cc:31] Could not find cuda drivers on "
            "your machine, GPU will not be used.\nE0000 cuda_platform.cc:51] failed call to "
            "cuInit: INTERNAL: UNKNOWN ERROR (303)\n",
            "failed call to cuInit: INTERNAL: UNKNOWN ERROR (303)",
        ),
        ("I0000 port.cc:153] oneDNN custom operations are on.\n", None),
        ("", None),
    ],
)
def test_the_most_telling_line_is_the_reason(log, reason):
    assert reason_in(log) == reason
