"""Mutated inputs: whatever arrives is read, or refused with a reason, and soon. `make fuzz` runs it at length."""
