-- Files on their way: each row is bytes in the bucket, or soon there, that no video owns yet. Recording the video
-- removes the row in the same transaction; what is left past its time is cleared away with its bytes.
CREATE TABLE uploads (
    id           UUID PRIMARY KEY, -- of the video that it will become
    user_id      INT          NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title        VARCHAR(255) NOT NULL,
    filename     VARCHAR(255) NOT NULL,
    size         BIGINT       NOT NULL CHECK (size >= 0),
    is_public    BOOLEAN      NOT NULL,
    -- What the browser told of the content, to know the file again.
    fingerprint  VARCHAR(64)  NOT NULL DEFAULT '',
    part_size    INT          NOT NULL CHECK (part_size > 0),
    -- None where the portal itself sends the file, as it does for the contract's form.
    s3_upload_id VARCHAR(1024),
    created_at   TIMESTAMPTZ  NOT NULL DEFAULT now(),
    expires_at   TIMESTAMPTZ  NOT NULL
);

CREATE INDEX uploads_owner_idx ON uploads (user_id, created_at);
CREATE INDEX uploads_expiry_idx ON uploads (expires_at);
