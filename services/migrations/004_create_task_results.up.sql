-- One row for each video's work; written in the transaction of the upload, so it is the outbox too:
-- a pending row without sent_at has not reached the queue yet.
CREATE TABLE task_results (
    id            SERIAL PRIMARY KEY,
    task_id       VARCHAR(255) NOT NULL UNIQUE,
    video_id      UUID         NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    status        VARCHAR(20)  NOT NULL DEFAULT 'pending'
                  CHECK (status IN ('pending', 'running', 'completed', 'failed')),
    error_message TEXT,
    created_at    TIMESTAMPTZ  NOT NULL DEFAULT now(),
    sent_at       TIMESTAMPTZ,
    completed_at  TIMESTAMPTZ
);

CREATE INDEX task_results_video_idx ON task_results (video_id);
CREATE INDEX task_results_unsent_idx ON task_results (id) WHERE sent_at IS NULL;
