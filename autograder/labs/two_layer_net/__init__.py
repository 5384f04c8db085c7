"""Lab 1, a two-layer network on MNIST: the inputs of its probes and the mistakes that students make."""
