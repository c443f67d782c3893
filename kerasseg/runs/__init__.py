"""What a run directory holds, and what of it an export takes along."""

# What the confidence of a model may mean: see ServingGraph.
CONFIDENCES = ("softmax", "expected")
