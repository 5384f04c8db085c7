"""The lab `patch_embedding`: its rubric, and the drivers and readings of its probes."""
