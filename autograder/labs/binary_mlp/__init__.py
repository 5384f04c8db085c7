"""Lab 4, one and two hidden layers: the inputs of its probes and the mistakes that students make."""
