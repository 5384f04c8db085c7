"""One package a lab: its tasks, and the drivers and readings of its probes."""
