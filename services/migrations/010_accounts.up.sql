-- Bearer tokens carry their account's generation; a new password begins the next, and those of the last hold no more.
ALTER TABLE users ADD COLUMN token_generation INT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN tokens_revoked_at TIMESTAMPTZ;
CREATE INDEX users_revoked_idx ON users (tokens_revoked_at) WHERE tokens_revoked_at IS NOT NULL;
CREATE INDEX users_disabled_idx ON users (disabled_at) WHERE disabled_at IS NOT NULL;

-- Bearer tokens that were signed out one by one; by the hash of their ids, until they would have expired.
CREATE TABLE revoked_tokens (
    token_id   CHAR(64)    PRIMARY KEY,
    expires_at TIMESTAMPTZ NOT NULL
);

-- How much of a limit is used: the moment from which all of it is free again. Not logged ahead, so that counting
-- waits for no disk; a crash of the database gives everybody a fresh start.
CREATE UNLOGGED TABLE rate_limits (
    key     VARCHAR(120) PRIMARY KEY,
    free_at TIMESTAMPTZ  NOT NULL
) WITH (fillfactor = 50);
