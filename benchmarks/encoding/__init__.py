"""Benchmark of the worker's pipeline: `./anb bench worker`."""
