"""One seed, the same numbers: in TensorFlow's own op, and under XLA."""

import numpy as np
import pytest
import tensorflow as tf

from kerasseg.data.random_keys import sample_key, uniform


@pytest.mark.parametrize("seed", [(0, 0), (-5, 77), (2**31 - 1, 3)])
def test_uniform_is_tensorflows_own_under_xla_as_well(seed):
    seed = tf.constant(seed)
    plain = tf.random.stateless_uniform([7, 1001], seed=seed, alg="philox")
    np.testing.assert_array_equal(uniform([7, 1001], seed=seed), plain)
    compiled = tf.function(lambda: uniform([7, 1001], seed=seed), jit_compile=True)
    np.testing.assert_array_equal(compiled(), plain)


def test_xla_makes_the_same_keys():
    keys = [
        tf.function(lambda e, i: sample_key(seed=5, epoch=e, index=i, purpose=1), jit_compile=jit)(
            tf.constant(3), tf.constant(70_000)
        )
        for jit in (False, True)
    ]
    np.testing.assert_array_equal(*keys)
