"""CSV text to named arrays."""
