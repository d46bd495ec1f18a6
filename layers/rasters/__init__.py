"""Map tiles as pure functions: prepared arrays in, PNG bytes out."""
