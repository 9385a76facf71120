CREATE TABLE votes (
    video_id   UUID        NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    user_id    INT         NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (video_id, user_id)
);

CREATE INDEX votes_user_idx ON votes (user_id);

-- Votes not yet rolled into videos.votes_count. A vote inserts here instead of updating the
-- video's row, so that voters of one video never wait for each other.
CREATE TABLE vote_deltas (
    id       BIGSERIAL PRIMARY KEY,
    video_id UUID     NOT NULL,
    delta    SMALLINT NOT NULL
);

CREATE INDEX vote_deltas_video_idx ON vote_deltas (video_id);
