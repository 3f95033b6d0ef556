"""Running the user's tests: interpreters, processes, zygotes, and the jobs handed to them."""
