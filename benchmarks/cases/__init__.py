"""One module a family of rows; each case runs in a process of its own."""
