DROP TABLE task_results;
