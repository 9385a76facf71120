"""This checkout and the programs it runs; operations, emulator, benchmarks and tools share it."""
