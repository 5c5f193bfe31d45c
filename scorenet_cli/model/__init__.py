"""A network with names and scales around it: saved, loaded, traced."""
