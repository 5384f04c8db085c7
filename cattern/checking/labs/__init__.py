"""One package a lab: its tasks, and the drivers and readings of its probes. Modules with an underscore serve several labs."""
