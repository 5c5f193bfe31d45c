"""Models: a network with names and scales; its files, traces and pictures."""
