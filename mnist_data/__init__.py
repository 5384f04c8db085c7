"""MNIST: the loader, and the folder its files land in."""
