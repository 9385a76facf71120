"""The worker: receives uploads from the queue and encodes the videos that people watch and vote for."""
