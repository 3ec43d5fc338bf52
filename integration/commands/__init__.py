"""What the command line does. Each function is one command: it opens what it needs, does it, and closes it."""
