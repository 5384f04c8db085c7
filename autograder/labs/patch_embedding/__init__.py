"""Lab 2, layers and a patch embedding: the inputs of its probes and the mistakes that students make."""
