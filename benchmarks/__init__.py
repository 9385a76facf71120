"""What measures: synthesis, API, pages, worker and boot, and the tables last measured."""
