"""The lab `nearest_neighbour`: its rubric, and the drivers and readings of its probes."""
