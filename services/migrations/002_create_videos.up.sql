CREATE TABLE videos (
    id                UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id           INT          NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title             VARCHAR(255) NOT NULL,
    original_filename VARCHAR(255) NOT NULL,
    original_url      VARCHAR(500) NOT NULL,
    processed_url     VARCHAR(500),
    poster_url        VARCHAR(500),
    status            VARCHAR(20)  NOT NULL DEFAULT 'uploaded'
                      CHECK (status IN ('uploaded', 'processing', 'processed', 'failed')),
    failure_reason    VARCHAR(50),
    uploaded_at       TIMESTAMPTZ  NOT NULL DEFAULT now(),
    processed_at      TIMESTAMPTZ,
    votes_count       INT          NOT NULL DEFAULT 0,
    is_public         BOOLEAN      NOT NULL DEFAULT false,
    -- The fence: only the holder of the latest attempt may finish, fail or release the video.
    attempt           INT          NOT NULL DEFAULT 0,
    lease_until       TIMESTAMPTZ,
    progress          SMALLINT     NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    created_at        TIMESTAMPTZ  NOT NULL DEFAULT now(),
    updated_at        TIMESTAMPTZ  NOT NULL DEFAULT now(),
    CHECK (status <> 'processed' OR processed_url IS NOT NULL)
);

CREATE INDEX videos_owner_idx ON videos (user_id, uploaded_at DESC);
CREATE INDEX videos_ranking_idx ON videos (votes_count DESC, uploaded_at, id) WHERE is_public AND status = 'processed';

-- What a deleted video leaves behind, so that its owner's vote is still told from a stranger's.
CREATE TABLE deleted_videos (
    video_id   UUID PRIMARY KEY,
    user_id    INT         NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    deleted_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
