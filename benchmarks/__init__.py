"""Benchmarks of synthesis, API, pages, worker and boot, and their latest results."""
