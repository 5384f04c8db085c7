"""Lab 3, a small library of layers: the inputs of its probes and the mistakes that students make."""
