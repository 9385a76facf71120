DROP TABLE redrives;
DROP INDEX task_results_begun_idx;
DROP INDEX videos_unfinished_idx;
ALTER TABLE task_results DROP COLUMN swept_at;
ALTER TABLE task_results DROP COLUMN sweeps;
