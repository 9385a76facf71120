-- When votes are taken and when their counts stop being told; by the database's clock alone. One row, for ever.
CREATE TABLE voting_period (
    is_the_only_one BOOLEAN PRIMARY KEY DEFAULT true CHECK (is_the_only_one),
    opens_at        TIMESTAMPTZ,
    freezes_at      TIMESTAMPTZ,
    closes_at       TIMESTAMPTZ,
    CHECK (opens_at < closes_at),
    CHECK (opens_at <= freezes_at),
    CHECK (freezes_at <= closes_at)
);
INSERT INTO voting_period DEFAULT VALUES;

-- A vote set aside counts nowhere and can be given back. The network, never the whole address, shows votes in bulk.
ALTER TABLE votes ADD COLUMN quarantined_at TIMESTAMPTZ;
ALTER TABLE votes ADD COLUMN network CIDR;

-- From the freeze on deltas wait, so those that may be rolled are found by their time.
ALTER TABLE vote_deltas ADD COLUMN cast_at TIMESTAMPTZ NOT NULL DEFAULT now();
ALTER TABLE vote_deltas DROP CONSTRAINT vote_deltas_pkey;
ALTER TABLE vote_deltas ADD PRIMARY KEY (cast_at, id);
DROP INDEX vote_deltas_video_idx;
CREATE INDEX vote_deltas_video_idx ON vote_deltas (video_id, cast_at);

-- The places at the beginning of each day, which the day's changes are told against.
CREATE TABLE standings (
    taken_on      DATE NOT NULL,
    video_id      UUID NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    position      INT  NOT NULL,
    city_position INT  NOT NULL,
    PRIMARY KEY (video_id, taken_on)
);
CREATE INDEX standings_day_idx ON standings (taken_on);

-- What the last count of each sixteenth of the videos found: votes that count, beside the tally people are shown.
CREATE TABLE tally_checks (
    slice      SMALLINT    PRIMARY KEY CHECK (slice BETWEEN 0 AND 15),
    checked_at TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
    videos     INT         NOT NULL DEFAULT 0,
    votes      BIGINT      NOT NULL DEFAULT 0,
    tally      BIGINT      NOT NULL DEFAULT 0,
    differing  INT         NOT NULL DEFAULT 0
);
INSERT INTO tally_checks (slice) SELECT generate_series(0, 15);

-- What moderators did, and why. Nothing here is ever changed.
CREATE TABLE moderation_log (
    id           BIGSERIAL PRIMARY KEY,
    moderator_id INT          NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    action       VARCHAR(40)  NOT NULL,
    video_id     UUID,
    user_id      INT,
    network      CIDR,
    votes        INT,
    reason       VARCHAR(500) NOT NULL,
    happened_at  TIMESTAMPTZ  NOT NULL DEFAULT now()
);
CREATE INDEX moderation_log_video_idx ON moderation_log (video_id);
