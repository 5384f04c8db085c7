"""Lab 6, nearest neighbours: the inputs of its probes and the mistakes that students make."""
