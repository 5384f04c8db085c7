"""The lab `sigmoid_net`: its rubric, and the drivers and readings of its probes."""
