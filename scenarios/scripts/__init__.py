"""One failure a file, named by what happens; `catalogue` finds them."""
