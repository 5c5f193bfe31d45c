"""A small network as a tree: below each neuron the weights that lead into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rich.text import Text
from rich.tree import Tree

from scorenet_cli.core.network import Layer
from scorenet_cli.model.model import Model, neuron_names
from scorenet_cli.show.tables import name
from scorenet_cli.text import number, without_noise

# Maximum lines of a tree, about one screen.
MAX_LINES = 30


def network_tree(model: Model) -> Tree | None:
    """Return a tree with a branch for each output; None if it has more lines than a screen.

    A shared hidden neuron is expanded once.
    """
    layers, names = tuple(map(_without_rounding, model.network.layers)), neuron_names(model)
    if len(model.output_names) + model.network.parameters > MAX_LINES:
        return None
    numbers = (n for each in layers for n in (each.weights, each.bias) if n is not None)
    width = max(len(number(value)) for array in numbers for value in array.ravel().tolist())
    expanded: set[tuple[int, int]] = set()

    def labelled(weight: float, source: str) -> Text:
        label = name(f"{number(weight).rjust(width)}  {source}")
        # Colour repeats the sign, for readers at a distance.
        label.stylize("cyan" if weight > 0 else "red" if weight < 0 else "", 0, width)
        return label

    def grow(parent: Tree, label: Text, layer: int, neuron: int) -> None:
        """Add a neuron and what leads into it (layer 0: an input, which nothing leads into)."""
        branch = parent.add(label)
        if layer == 0 or (layer, neuron) in expanded:
            return
        expanded.add((layer, neuron))
        into = layers[layer - 1]
        label.append(f" ({into.activation})", "dim")
        for source, weight in enumerate(into.weights[:, neuron].tolist()):
            grow(branch, labelled(weight, names[layer - 1][source]), layer - 1, source)
        if into.bias is not None:
            branch.add(labelled(float(into.bias[neuron]), "bias"))

    root = Tree("", hide_root=True, guide_style="dim")
    for position, target in enumerate(model.output_names):
        grow(root, name(target, "bold"), len(layers), position)
    return root


def _without_rounding(layer: Layer) -> Layer:
    """Return a layer with 0 for a bias that is only rounding beside its neuron's weights."""
    if layer.bias is None:
        return layer
    pairs = zip(layer.bias.tolist(), layer.weights.T.tolist(), strict=True)
    bias = np.array([without_noise(bias, *weights) for bias, weights in pairs])
    return replace(layer, bias=bias)
