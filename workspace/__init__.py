"""The checkout and the programs it runs; shared by operations, emulator, benchmarks and tools."""
