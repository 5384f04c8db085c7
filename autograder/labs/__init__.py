"""What the instructors know of each lab: the inputs of its probes and the catalogue of its mistakes."""
