-- How often, and when last, a video that nobody worked on was put into the outbox again.
ALTER TABLE task_results ADD COLUMN sweeps SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE task_results ADD COLUMN swept_at TIMESTAMPTZ;

-- The few videos that are not done yet, and the latest that workers have begun.
CREATE INDEX videos_unfinished_idx ON videos (updated_at) WHERE status IN ('uploaded', 'processing');
CREATE INDEX task_results_begun_idx ON task_results (sent_at) WHERE status <> 'pending';

-- Who moved which dead message back into the queue, and why. Nothing here is ever changed.
CREATE TABLE redrives (
    id          BIGSERIAL PRIMARY KEY,
    message_id  VARCHAR(100) NOT NULL,
    video_id    UUID,
    operator    VARCHAR(100) NOT NULL,
    reason      VARCHAR(500) NOT NULL,
    happened_at TIMESTAMPTZ  NOT NULL DEFAULT now()
);
CREATE INDEX redrives_video_idx ON redrives (video_id);
