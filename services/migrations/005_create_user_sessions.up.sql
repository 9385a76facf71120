CREATE TABLE user_sessions (
    id               SERIAL PRIMARY KEY,
    user_id          INT          NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_token    VARCHAR(255) NOT NULL UNIQUE,
    expires_at       TIMESTAMPTZ  NOT NULL,
    created_at       TIMESTAMPTZ  NOT NULL DEFAULT now(),
    last_accessed_at TIMESTAMPTZ  NOT NULL DEFAULT now(),
    ip_address       INET,
    user_agent       TEXT
);

CREATE INDEX user_sessions_user_idx ON user_sessions (user_id);
CREATE INDEX user_sessions_expiry_idx ON user_sessions (expires_at);
