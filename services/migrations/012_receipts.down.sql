ALTER TABLE task_results DROP COLUMN receipt;
ALTER TABLE task_results DROP COLUMN started_at;
