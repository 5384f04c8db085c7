"""The lab `nn_library`: its rubric, and the drivers and readings of its probes."""
