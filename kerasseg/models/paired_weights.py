"""Weights of two nets, layer by layer."""

import keras


def paired_weights(
    source: keras.Model, target: keras.Model
) -> list[tuple[keras.Variable, keras.Variable]]:
    """(weight of `source`, weight of `target`) for each of `target`, in its order.

    Layers are paired by name; `source` may have more of them, such as an auxiliary head. The state
    of random generators is no weight. Raises ValueError if `source` lacks a layer or a weight.
    """
    layers = {layer.name: layer for layer in source.layers}
    pairs = []
    for layer in target.layers:
        given = layers[layer.name].weights if layer.name in layers else []
        if [tuple(w.shape) for w in given] != [tuple(w.shape) for w in layer.weights]:
            raise ValueError(f"{layer.name}: its weights are not those of the other net's layer")
        pairs += zip(given, layer.weights, strict=True)
    return pairs


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Into every weight of `target` the one of `source`; see `paired_weights`."""
    for given, held in paired_weights(source, target):
        held.assign(given)
