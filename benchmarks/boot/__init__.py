"""The stacks deployed on the emulator, with their instances booted: for benchmarks and end-to-end tests."""
