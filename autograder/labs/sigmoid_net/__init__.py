"""Lab 5, a sigmoid network from scalars to MNIST: the inputs of its probes and the mistakes that students make."""
