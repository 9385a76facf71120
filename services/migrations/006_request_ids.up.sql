-- The id of the request that uploaded a video goes with its work, so that both have it in their log lines.
ALTER TABLE task_results ADD COLUMN request_id VARCHAR(128);
