DROP TABLE rate_limits;
DROP TABLE revoked_tokens;
DROP INDEX users_disabled_idx;
DROP INDEX users_revoked_idx;
ALTER TABLE users DROP COLUMN tokens_revoked_at;
ALTER TABLE users DROP COLUMN token_generation;
