ALTER TABLE task_results DROP COLUMN request_id;
