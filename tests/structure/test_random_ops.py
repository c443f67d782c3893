"""Random ops of TensorFlow: stateless, of one algorithm, bits where XLA may compile them."""

import ast

from tests.structure.source import modules

# What runs in `tf.data` alone, on the host, where XLA never is.
HOST = {"kerasseg.data.pipeline", "kerasseg.data.balanced_order"}


def random_calls(tree):
    """(call, what is called) wherever TensorFlow draws numbers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.startswith("tf.") and any(w in name.lower() for w in ("random", "dropout")):
                yield node, name


def test_each_is_stateless_names_its_algorithm_and_draws_no_float_that_xla_draws_otherwise():
    wrong, drawing = [], 0
    for module, tree in modules().items():
        for node, name in random_calls(tree):
            if name == "tf.raw_ops.StatelessRandomGetKeyCounter":  # for Philox alone
                continue
            drawing += 1
            algorithm = {ast.unparse(k.value) for k in node.keywords if k.arg in ("alg", "rng_alg")}
            whole = "fold_in" in name or "tf.int32" in ast.unparse(node) or module in HOST
            if "stateless" not in name.lower() or not algorithm <= {"ALG", "1"} or not algorithm:
                wrong.append(f"{module}:{node.lineno} {name}: no algorithm, or a state")
            elif not whole:
                wrong.append(f"{module}:{node.lineno} {name}: use random_keys.uniform")
    assert wrong == []
    assert drawing >= 5
