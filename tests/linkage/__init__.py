"""Linkage measured on people of whom the truth is known: training the weights, quality, latency."""
