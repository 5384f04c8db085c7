"""The lab `binary_mlp`: its rubric, and the drivers and readings of its probes."""
