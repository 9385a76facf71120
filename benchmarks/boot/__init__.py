"""Deploys the stacks on the emulator and boots their instances, for benchmarks and end-to-end tests."""
