"""ONNX Runtime's execution providers by name: what is asked for is there, or it is an error.

ONNX Runtime itself goes on with the CPU, and says so in its log at most, if a provider is not part
of the installed package, cannot load its libraries, or takes no node of the graph.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerasseg.errors import UserError

if TYPE_CHECKING:
    import onnxruntime

CPU = "CPUExecutionProvider"


@dataclass(frozen=True)
class Provider:
    """full: its name in ONNX Runtime. source: what brings it. beside: providers that take the nodes
    that it leaves, before the CPU does, if they are installed."""

    full: str
    source: str
    beside: tuple[str, ...] = ()


PROVIDERS = {
    "cpu": Provider(CPU, "onnxruntime"),
    "cuda": Provider("CUDAExecutionProvider", "onnxruntime-gpu"),
    "tensorrt": Provider(
        "TensorrtExecutionProvider", "onnxruntime-gpu", beside=("CUDAExecutionProvider",)
    ),
    "openvino": Provider("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    "coreml": Provider("CoreMLExecutionProvider", "onnxruntime (on macOS)"),
}
_SHORT = {provider.full: name for name, provider in PROVIDERS.items()}


def as_names(providers: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several as a tuple, at least one. Raises UserError if there is none."""
    names = (providers,) if isinstance(providers, str) else tuple(providers)
    if not names or not all(isinstance(name, str) for name in names):
        raise UserError(f"providers: found {providers!r}, allowed: names such as cuda")
    return names


def find_providers(names: Sequence[str]) -> list[str]:
    """The full names for a session, in order of preference.

    names: keys of PROVIDERS, or names as ONNX Runtime has them, the preferred first.
    Raises UserError for a name that nobody knows, and for a provider that is not installed.
    """
    import onnxruntime

    known, installed = onnxruntime.get_all_providers(), onnxruntime.get_available_providers()
    found: list[str] = []
    for name in names:
        row = PROVIDERS.get(_SHORT.get(name, name))
        if row is None and name not in known:
            raise UserError(
                f"provider {name}: unknown, allowed: {', '.join(PROVIDERS)}, or a provider's name "
                "in ONNX Runtime"
            )
        full = row.full if row else name
        if full not in installed:
            have = ", ".join(_SHORT.get(other, other) for other in installed)
            source = f"; {row.source}, in place of that package, has it" if row else ""
            raise UserError(
                f"provider {name}: not part of the ONNX Runtime that is installed, which has {have}"
                f"{source}"
            )
        beside = [other for other in (row.beside if row else ()) if other in installed]
        found += [other for other in (full, *beside) if other not in found]
    return found


def check_providers(session: "onnxruntime.InferenceSession", names: Sequence[str]) -> None:
    """Raises UserError if one of `names` has no part in what the session computes."""
    nodes = node_counts(session)
    for name in names:
        full = PROVIDERS[name].full if name in PROVIDERS else name
        if full not in session.get_providers():
            raise UserError(
                f"provider {name}: installed, but it does not start here: there is no such device, "
                "or its driver or libraries are missing (ONNX Runtime logs which on stderr)"
            )
        # The CPU may well be left with nothing to do.
        if nodes and full != CPU and full not in nodes:
            raise UserError(f"provider {name}: it can compute no part of this model")


def node_counts(session: "onnxruntime.InferenceSession") -> dict[str, int]:
    """{full name of a provider: nodes of the graph that it was given}.

    Empty where ONNX Runtime does not tell: before 1.24, and of a session that was made without
    the entry RECORD_NODES.
    """
    counts: dict[str, int] = {}
    if hasattr(session, "get_provider_graph_assignment_info"):
        for part in session.get_provider_graph_assignment_info():
            counts[part.ep_name] = counts.get(part.ep_name, 0) + len(part.get_nodes())
    return counts


RECORD_NODES = ("session.record_ep_graph_assignment_info", "1")
