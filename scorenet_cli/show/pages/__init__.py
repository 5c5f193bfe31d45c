"""One file for each command's page."""
