-- What was done with a player's file: when the attempt that ended the work began, and what it found, ran and made.
ALTER TABLE task_results ADD COLUMN started_at TIMESTAMPTZ;
ALTER TABLE task_results ADD COLUMN receipt JSONB;
