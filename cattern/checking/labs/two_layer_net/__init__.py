"""The lab `two_layer_net`: its rubric, and the drivers and readings of its probes."""
