"""The worker: takes uploads from the queue and makes the videos that people watch and vote for."""
